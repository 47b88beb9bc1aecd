//! Documents inside Kubernetes objects.

use super::classify::is_dashboard;
use super::helm;
use super::kind::Kind;
use super::read::{Found, part, unpacked};
use crate::check::formats::is_dashboard_resource;
use crate::document::Node;

/// What an object holds: files in a ConfigMap, the spec of a PrometheusRule, a dashboard in its resource.
pub(super) fn inner(object: &Found) -> Vec<Found> {
    let root = &object.root;
    let kind = root
        .get("kind")
        .and_then(|node| node.as_str())
        .unwrap_or_default();
    let spec = root.get("spec");
    match kind {
        "ConfigMap" => files(object, root.get("data")),
        "Secret" => files(object, root.get("stringData")),
        // The operator of VictoriaMetrics has a resource of its own, with the same spec.
        "PrometheusRule" | "VMRule" => spec
            .map(|spec| part(object, Kind::Rules, spec))
            .into_iter()
            .collect(),
        "GrafanaDashboard" => spec
            .and_then(|spec| spec.get("json"))
            .filter(|json| json.as_str().is_some())
            .map_or_else(Vec::new, |json| unpacked(object, "dashboard.json", json)),
        "Dashboard" => spec
            .filter(|spec| is_dashboard_resource(root) || is_dashboard(spec))
            .map(|spec| part(object, Kind::Dashboard, spec))
            .into_iter()
            .collect(),
        "HelmRelease" => spec
            .and_then(|spec| spec.get("values"))
            .filter(|values| helm::values(values).is_some())
            .map_or_else(Vec::new, |values| {
                let outer = part(object, Kind::HelmValues, values);
                let inner = helm::inner(&outer);
                std::iter::once(outer).chain(inner).collect()
            }),
        "List" | "ConfigMapList" => root
            .get("items")
            .map_or(&[][..], |items| items.items())
            .iter()
            .flat_map(|item| {
                let outer = part(object, Kind::Kubernetes, item);
                inner(&outer)
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn files(object: &Found, data: Option<&Node>) -> Vec<Found> {
    let mut documents: Vec<Found> = Vec::new();
    for entry in data.map_or(&[][..], |data| data.entries()) {
        if entry.value.as_str().is_none() {
            continue;
        }
        append(
            &mut documents,
            unpacked(object, &entry.key.text, &entry.value),
        );
    }
    documents
}

/// More documents within the same one.
pub(super) fn append(documents: &mut Vec<Found>, mut found: Vec<Found>) {
    let offset = documents.len();
    for document in &mut found {
        // 0 is the one that holds them.
        document.wrapper = document
            .wrapper
            .map(|wrapper| if wrapper == 0 { 0 } else { wrapper + offset });
    }
    documents.extend(found);
}
