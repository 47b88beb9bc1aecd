use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::kubernetes::{ResourceSelector, has_label};
use crate::facts::text::placeholder;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/unselected-resource",
    level: Level::Error,
    summary: "a PrometheusRule or monitor without the label that Prometheus selects such resources by",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let kubernetes = &facts.kubernetes;
    for resource in &kubernetes.resources {
        let selectors: Vec<&ResourceSelector> = kubernetes
            .selectors
            .iter()
            .filter(|selector| selector.kind == resource.kind)
            .collect();
        let Some(selector) = selectors.first() else {
            continue;
        };
        let is_selected = selectors.iter().any(|selector| {
            kubernetes.fits(&selector.labels, &resource.labels, &resource.directory)
        });
        // Labels that something else fills in can be anything.
        let is_filled_in = selector
            .labels
            .iter()
            .chain(&resource.labels)
            .any(|(key, value)| {
                placeholder(key.as_str()).is_some() || placeholder(value.as_str()).is_some()
            });
        let mut wanted = selector.labels.iter();
        let missing = wanted.find(|pair| !has_label(&resource.labels, pair));
        let Some((key, value)) = missing.filter(|_| !is_selected && !is_filled_in) else {
            continue;
        };
        let wrong = resource
            .labels
            .iter()
            .find(|(other, _)| other.value == key.value)
            .map_or(resource.name.place, |(_, value)| value.place);
        findings
            .report(
                wrong,
                format!(
                    "no Prometheus takes the {} `{}`: it is not labelled `{}: {}`",
                    resource.kind,
                    resource.name.as_str(),
                    key.as_str(),
                    value.as_str()
                ),
            )
            .label("never loaded")
            .related("resources are selected by this", value.place)
            .help(format!(
                "add `{}: {}` to `metadata.labels`",
                key.as_str(),
                value.as_str()
            ))
            .assuming("no Prometheus of another setup selects it");
    }
}
