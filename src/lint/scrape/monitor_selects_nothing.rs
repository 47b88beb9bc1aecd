use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::kubernetes::{Labels, Monitor, Selectable, has_label};
use crate::facts::text::placeholder;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "scrape/monitor-selects-nothing",
    level: Level::Error,
    summary: "a ServiceMonitor or PodMonitor wants labels that what it is meant for does not have",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let kubernetes = &facts.kubernetes;
    for monitor in &kubernetes.monitors {
        let is_filled_in = monitor
            .selector
            .iter()
            .any(|(_, value)| placeholder(value.as_str()).is_some());
        if monitor.has_expressions || is_filled_in || kubernetes.selected(monitor).next().is_some()
        {
            continue;
        }
        let Some((key, value)) = monitor.selector.first() else {
            continue;
        };
        // What is not in the setup may well be selected: only where it is plain what is meant, there is something to say.
        let meant = kubernetes
            .in_reach(monitor)
            .find(|it| is_meant(monitor, it));
        let Some(meant) = meant else { continue };
        let what = match &*monitor.object.kind {
            "ServiceMonitor" => "Service",
            _ => "pod",
        };
        let name = meant.object.name.as_str();
        let finding = findings
            .report(
                Place {
                    document: key.place.document,
                    span: key.place.span.join(value.place.span),
                },
                format!(
                    "the {} `{}` selects no {what}: {}",
                    monitor.object.kind,
                    monitor.object.name.as_str(),
                    wanted(&monitor.selector)
                ),
            )
            .label("nothing has this label");
        let finding = match wants_selector_of(monitor, meant) {
            true => finding
                .related(
                    "its selector wants that of pods, it has no such label itself",
                    meant.object.name.place,
                )
                .help(format!(
                    "add the labels to `metadata.labels` of the Service `{name}`"
                )),
            false => finding
                .related("this will be meant", meant.object.name.place)
                .help(match meant.labels.is_empty() {
                    true => format!("give `{name}` labels, and select by them"),
                    false => format!("`{name}` has {}", written(&meant.labels)),
                }),
        };
        finding.assuming(&format!("no {what} with these labels is made elsewhere"));
    }
}

/// Whether a monitor is plainly for this: its selector is that of the Service, or it has the same name, and the port.
fn is_meant(monitor: &Monitor, it: &Selectable) -> bool {
    let has_port = monitor
        .ports
        .iter()
        .any(|port| it.ports.iter().any(|known| known.value == port.value));
    let values = || it.labels.iter().chain(&it.selector).map(|(_, value)| value);
    let shares_value = monitor
        .selector
        .iter()
        .any(|(_, value)| values().any(|other| other.value == value.value));
    let is_namesake = it.object.name.value == monitor.object.name.value;
    wants_selector_of(monitor, it) || (has_port && (is_namesake || shares_value))
}

/// Whether a monitor wants the labels that a Service wants of its pods.
fn wants_selector_of(monitor: &Monitor, it: &Selectable) -> bool {
    let mut wanted = monitor.selector.iter();
    wanted.all(|pair| has_label(&it.selector, pair))
}

fn wanted(labels: &Labels) -> String {
    let noun = if labels.len() == 1 { "label" } else { "labels" };
    format!("none here has the {noun} {}", written(labels))
}

fn written(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("`{}: {}`", key.as_str(), value.as_str()))
        .collect();
    pairs.join(", ")
}
