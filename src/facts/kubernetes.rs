//! What objects of Kubernetes say of each other: Services and pods, and the resources of the Prometheus operator that select
//! them.

use super::text::{Text, placeholder};
use crate::document::Node;
use crate::setup::{Document, Kind, Setup, helm_values};

/// Everything that is said.
#[derive(Debug, Default)]
pub struct Kubernetes {
    /// Services and pods, by what selects them.
    pub selectable: Vec<Selectable>,
    /// ServiceMonitors and PodMonitors.
    pub monitors: Vec<Monitor>,
    /// What a Prometheus takes of the operator's resources.
    pub selectors: Vec<ResourceSelector>,
    /// Resources that a Prometheus has to select.
    pub resources: Vec<Object>,
    /// AlertmanagerConfigs, and what stands for one.
    pub alertmanager_configs: Vec<AlertmanagerConfig>,
    /// Labels that kustomize puts on everything below a directory.
    common_labels: Vec<(String, Labels)>,
}

/// Labels, or what a selector wants of them.
pub type Labels = Vec<(Text, Text)>;

/// Name, namespace and labels of an object.
#[derive(Debug, Clone)]
pub struct Object {
    /// `kind`.
    pub kind: String,
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`; `None` where whoever applies it decides.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: Labels,
    /// Directory of its file.
    pub directory: String,
}

/// Whether a pair of key and value is among labels.
pub fn has_label(labels: &Labels, (key, value): &(Text, Text)) -> bool {
    labels
        .iter()
        .any(|(other, its)| other.value == key.value && its.value == value.value)
}

/// A Service, or the pods of a workload.
#[derive(Debug)]
pub struct Selectable {
    /// The Service or workload itself.
    pub object: Object,
    /// What monitors select by: the Service's own labels, or those of the pods.
    pub labels: Labels,
    /// `spec.selector` of a Service.
    pub selector: Labels,
    /// Names of its ports.
    pub ports: Vec<Text>,
}

/// A ServiceMonitor or PodMonitor.
#[derive(Debug)]
pub struct Monitor {
    /// The resource.
    pub object: Object,
    /// `spec.selector.matchLabels`.
    pub selector: Labels,
    /// Whether `matchExpressions` want more, so that it is not known what is selected.
    pub has_expressions: bool,
    /// Namespaces that are looked into; `None` for all of them.
    pub namespaces: Option<Vec<String>>,
    /// `port` of each endpoint.
    pub ports: Vec<Text>,
}

/// `ruleSelector` and the like of a Prometheus.
#[derive(Debug)]
pub struct ResourceSelector {
    /// The kind of resource that it selects.
    pub kind: &'static str,
    /// `matchLabels`.
    pub labels: Labels,
}

/// An AlertmanagerConfig, or the configuration in the values of a chart.
#[derive(Debug)]
pub struct AlertmanagerConfig {
    /// The receivers that its routes name.
    pub named: Vec<Text>,
    /// The receivers that it defines.
    pub receivers: Vec<Text>,
}

/// Keys under which a Prometheus selects resources.
const SELECTORS: [(&str, &str); 4] = [
    ("ruleSelector", "PrometheusRule"),
    ("serviceMonitorSelector", "ServiceMonitor"),
    ("podMonitorSelector", "PodMonitor"),
    ("probeSelector", "Probe"),
];

impl Kubernetes {
    /// Everything that the objects of a setup say.
    pub(super) fn of(setup: &Setup) -> Self {
        let mut all = Self::default();
        for document in setup.of_kind(Kind::Kubernetes) {
            let kind = document.root.get("kind").map(|kind| kind.scalar_text());
            match (kind, document.root.get("items")) {
                (Some("List"), Some(items)) => {
                    for item in items.items() {
                        all.read(document, item);
                    }
                }
                _ => all.read(document, &document.root),
            }
        }
        for document in setup.of_kind(Kind::HelmValues) {
            let Some(values) = helm_values(&document.root) else {
                continue;
            };
            let at = |path: [&str; 2]| values.get(path[0])?.get(path[1]);
            if let Some(spec) = at(["prometheus", "prometheusSpec"]) {
                all.read_selectors(document, spec);
            }
            // Without receivers of its own, the chart's stay.
            if let Some(config) = at(["alertmanager", "config"])
                && config.get("receivers").is_some()
            {
                all.read_routes(document, config);
            }
        }
        all
    }

    fn read(&mut self, document: &Document, root: &Node) {
        let directory = super::compose::directory_of(&document.path).to_owned();
        let kind = root.get("kind").map_or("", |kind| kind.scalar_text());
        let spec = root.get("spec");
        if matches!(&*document.name, "kustomization.yaml" | "kustomization.yml") {
            let mut labels = labels_at(document, root, &["commonLabels"]);
            for item in root.get("labels").map_or(&[][..], |node| node.items()) {
                labels.extend(labels_at(document, item, &["pairs"]));
            }
            self.common_labels.push((directory, labels));
            return;
        }
        let Some(name) = root.get("metadata").and_then(|node| node.get("name")) else {
            return;
        };
        let object = Object {
            kind: kind.to_owned(),
            name: Text::of(document, name),
            namespace: root
                .get("metadata")
                .and_then(|node| node.get("namespace"))
                .map(|node| node.scalar_text().to_owned()),
            labels: labels_at(document, root, &["metadata", "labels"]),
            directory,
        };
        match kind {
            "Service" => {
                let ports = spec.and_then(|spec| spec.get("ports"));
                self.selectable.push(Selectable {
                    labels: object.labels.clone(),
                    selector: labels_at(document, root, &["spec", "selector"]),
                    ports: names(document, ports),
                    object,
                });
            }
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Pod" => {
                let template = match kind {
                    "Pod" => Some(root),
                    _ => spec.and_then(|spec| spec.get("template")),
                };
                let Some(template) = template else { return };
                let pod = template.get("spec");
                let containers = ["containers", "initContainers"]
                    .iter()
                    .filter_map(|key| pod?.get(key))
                    .flat_map(|list| list.items());
                self.selectable.push(Selectable {
                    labels: labels_at(document, template, &["metadata", "labels"]),
                    selector: Vec::new(),
                    ports: containers
                        .flat_map(|container| names(document, container.get("ports")))
                        .collect(),
                    object,
                });
            }
            "ServiceMonitor" | "PodMonitor" => {
                self.resources.push(object.clone());
                self.monitors.extend(monitor(document, spec, object));
            }
            "PrometheusRule" | "Probe" => self.resources.push(object),
            "Prometheus" => {
                if let Some(spec) = spec {
                    self.read_selectors(document, spec);
                }
            }
            "AlertmanagerConfig" => {
                if let Some(spec) = spec {
                    self.read_routes(document, spec);
                }
            }
            _ => {}
        }
    }

    fn read_routes(&mut self, document: &Document, config: &Node) {
        let mut named = Vec::new();
        if let Some(route) = config.get("route") {
            receivers_of(document, route, &mut named);
        }
        self.alertmanager_configs.push(AlertmanagerConfig {
            named,
            receivers: names(document, config.get("receivers")),
        });
    }

    fn read_selectors(&mut self, document: &Document, spec: &Node) {
        for (key, kind) in SELECTORS {
            let Some(selector) = spec.get(key) else {
                continue;
            };
            // Expressions can ask for anything, so that only labels tell for certain.
            let labels = labels_at(document, selector, &["matchLabels"]);
            if !labels.is_empty() && selector.get("matchExpressions").is_none() {
                self.selectors.push(ResourceSelector { kind, labels });
            }
        }
    }

    /// Whether labels are what a selector wants. What kustomize adds below `directory`, or anywhere above or below it, counts.
    pub fn fits(&self, wanted: &Labels, labels: &Labels, directory: &str) -> bool {
        let is_near = |other: &str| {
            super::container::inside(other, directory).is_some()
                || super::container::inside(directory, other).is_some()
                || other.contains("overlays")
                || other.is_empty()
        };
        wanted.iter().all(|pair| {
            has_label(labels, pair)
                || self
                    .common_labels
                    .iter()
                    .any(|(other, common)| is_near(other) && has_label(common, pair))
        })
    }

    /// What a monitor may look at, whatever its labels: Services or pods in its namespaces.
    pub fn in_reach<'k>(&'k self, monitor: &'k Monitor) -> impl Iterator<Item = &'k Selectable> {
        let of_services = monitor.object.kind == "ServiceMonitor";
        self.selectable.iter().filter(move |it| {
            let namespace = it.object.namespace.as_deref();
            (it.object.kind == "Service") == of_services
                && monitor.namespaces.as_ref().is_none_or(|namespaces| {
                    namespace.is_none_or(|namespace| {
                        namespaces.is_empty() || namespaces.iter().any(|name| name == namespace)
                    })
                })
        })
    }

    /// What a monitor selects.
    pub fn selected<'k>(&'k self, monitor: &'k Monitor) -> impl Iterator<Item = &'k Selectable> {
        self.in_reach(monitor)
            .filter(move |it| self.fits(&monitor.selector, &it.labels, &it.object.directory))
    }
}

fn monitor(document: &Document, spec: Option<&Node>, object: Object) -> Option<Monitor> {
    let spec = spec?;
    let selector = spec.get("selector")?;
    let namespaces = spec.get("namespaceSelector");
    let is_any = namespaces
        .and_then(|node| node.get("any"))
        .is_some_and(|node| node.scalar_text() == "true");
    let named: Vec<String> = namespaces
        .and_then(|node| node.get("matchNames"))
        .map_or(&[][..], |node| node.items())
        .iter()
        .map(|name| name.scalar_text().to_owned())
        .collect();
    let own = || object.namespace.iter().cloned().collect();
    let endpoints = spec
        .get("endpoints")
        .or_else(|| spec.get("podMetricsEndpoints"));
    Some(Monitor {
        selector: labels_at(document, selector, &["matchLabels"]),
        has_expressions: selector
            .get("matchExpressions")
            .is_some_and(|node| !node.items().is_empty()),
        namespaces: match (is_any, named.is_empty()) {
            (true, _) => None,
            (false, true) => Some(own()),
            (false, false) => Some(named),
        },
        ports: endpoints
            .map_or(&[][..], |node| node.items())
            .iter()
            .filter_map(|endpoint| endpoint.get("port"))
            .map(|port| Text::of(document, port))
            .filter(|port| placeholder(port.as_str()).is_none())
            .collect(),
        object,
    })
}

fn labels_at(document: &Document, node: &Node, path: &[&str]) -> Labels {
    let node = path.iter().try_fold(node, |node, key| node.get(key));
    super::prometheus::pairs(document, node)
}

/// `name` of each item of a list.
fn names(document: &Document, list: Option<&Node>) -> Vec<Text> {
    list.map_or(&[][..], |list| list.items())
        .iter()
        .filter_map(|item| Some(Text::of(document, item.get("name")?)))
        .collect()
}

fn receivers_of(document: &Document, route: &Node, named: &mut Vec<Text>) {
    named.extend(
        route
            .get("receiver")
            .map(|receiver| Text::of(document, receiver)),
    );
    for child in route.get("routes").map_or(&[][..], |node| node.items()) {
        receivers_of(document, child, named);
    }
}
