use crate::catalogue::nearest;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::kubernetes::{Monitor, Selectable};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "scrape/unknown-monitor-port",
    level: Level::Error,
    summary: "a ServiceMonitor or PodMonitor names a port that nothing it selects has, so nothing is scraped",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let kubernetes = &facts.kubernetes;
    for monitor in &kubernetes.monitors {
        if monitor.has_expressions || monitor.selector.is_empty() {
            continue;
        }
        let selected: Vec<&Selectable> = kubernetes.selected(monitor).collect();
        for port in &monitor.ports {
            let is_known = selected
                .iter()
                .flat_map(|it| &it.ports)
                .any(|known| known.value == port.value);
            if let Some(first) = selected.first()
                && !is_known
            {
                report(facts, monitor, port, first, &selected, findings);
            }
        }
    }
}

fn report(
    facts: &Facts<'_>,
    monitor: &Monitor,
    port: &Text,
    first: &Selectable,
    selected: &[&Selectable],
    findings: &mut Findings<'_>,
) {
    let mut names: Vec<&str> = selected
        .iter()
        .flat_map(|it| &it.ports)
        .map(Text::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    let what = match &*monitor.object.kind {
        "ServiceMonitor" => "Service",
        _ => "pod",
    };
    let place = first
        .ports
        .first()
        .map_or(first.object.name.place, |port| port.place);
    let mut finding = findings
        .report(
            port.place,
            format!(
                "no {what} that the {} `{}` selects has a port called `{}`: nothing is scraped",
                monitor.object.kind,
                monitor.object.name.as_str(),
                port.as_str()
            ),
        )
        .label("no such port")
        .related("this is what it selects", place);
    let near = match names[..] {
        [only] => Some(only),
        _ => names
            .iter()
            .copied()
            .find(|name| name.split('-').any(|word| word == port.as_str()))
            .or_else(|| nearest(port.as_str(), names.iter().copied())),
    };
    finding = match near {
        Some(near) => {
            let whole = Span::new(0, port.value.len());
            let edit = port.edit(facts.setup, whole, near);
            finding.help(format!("did you mean `{near}`?")).fix(
                Safety::Unsafe,
                format!("name the port `{near}`"),
                vec![edit],
            )
        }
        None if names.is_empty() => {
            finding.help("give the port a name: a monitor does not find it by its number")
        }
        None => finding.help(format!("its ports are `{}`", names.join("`, `"))),
    };
    if what == "pod" {
        finding.assuming("no container is added to the pods when they start");
    }
}
