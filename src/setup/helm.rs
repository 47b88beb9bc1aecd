//! Documents inside the values of Helm charts that bring a monitoring stack.

use super::classify::is_scrape_configs;
use super::kind::Kind;
use super::kubernetes::append;
use super::read::{Found, part, unpacked};
use crate::document::{Node, Value};

/// The chart whose values may stand under its name, in those of a chart that depends on it.
const CHART: &str = "kube-prometheus-stack";

/// The values themselves; `None` where they are not those of a chart that we know.
pub fn values(root: &Node) -> Option<&Node> {
    [Some(root), root.get(CHART)]
        .into_iter()
        .flatten()
        .find(|values| {
            let within = |outer: &str, inner: &str| {
                values
                    .get(outer)
                    .and_then(|outer| outer.get(inner))
                    .is_some_and(|node| matches!(node.value, Value::Mapping(_)))
            };
            within("prometheus", "prometheusSpec")
                || within("alertmanager", "alertmanagerSpec")
                || within("alertmanager", "config")
                || rules(values).next().is_some()
        })
}

/// Specs of PrometheusRules that the chart is to make.
fn rules(values: &Node) -> impl Iterator<Item = &Node> {
    let named = values.get("additionalPrometheusRulesMap");
    let listed = values.get("additionalPrometheusRules");
    let named = named.map_or(&[][..], |node| node.entries()).iter();
    let listed = listed.map_or(&[][..], |node| node.items()).iter();
    named
        .map(|entry| &entry.value)
        .chain(listed)
        .filter(|spec| spec.get("groups").is_some())
}

/// Rules, scrape jobs and dashboards in the values.
pub(super) fn inner(found: &Found) -> Vec<Found> {
    let Some(values) = values(&found.root) else {
        return Vec::new();
    };
    let mut documents: Vec<Found> = rules(values)
        .map(|spec| part(found, Kind::Rules, spec))
        .collect();
    let jobs = values
        .get("prometheus")
        .and_then(|node| node.get("prometheusSpec")?.get("additionalScrapeConfigs"));
    match jobs {
        Some(list) if is_scrape_configs(list) => {
            documents.push(part(found, Kind::ScrapeConfigs, list));
        }
        // The chart takes a text, too, with templates in it.
        Some(text) if text.as_str().is_some() => {
            let found = unpacked(found, "additional-scrape-configs.yaml", text);
            append(&mut documents, found);
        }
        _ => {}
    }
    let providers = values
        .get("grafana")
        .and_then(|grafana| grafana.get("dashboards"))
        .map_or(&[][..], |node| node.entries());
    for dashboard in providers
        .iter()
        .flat_map(|provider| provider.value.entries())
    {
        if let Some(json) = dashboard
            .value
            .get("json")
            .filter(|it| it.as_str().is_some())
        {
            let name = format!("{}.json", dashboard.key.text);
            append(&mut documents, unpacked(found, &name, json));
        }
    }
    documents
}
