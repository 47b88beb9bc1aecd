use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};
use crate::setup::{Document, Place};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/disordered-thresholds",
    level: Level::Warning,
    summary: "thresholds of a panel do not ascend, so some of them never apply",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        for panel in &dashboard.panels {
            check_steps(facts, document, panel, findings);
            check_old(document, panel, findings);
        }
    }
}

/// Steps of the field options and of overrides.
fn check_steps(facts: &Facts<'_>, document: &Document, panel: &Panel, findings: &mut Findings<'_>) {
    let Some(field) = panel.node.get("fieldConfig") else {
        return;
    };
    let of_all = field
        .get("defaults")
        .and_then(|node| node.get("thresholds"));
    let overrides = field
        .get("overrides")
        .map_or(&[][..], |node| node.items())
        .iter();
    let of_some = overrides
        .flat_map(|entry| entry.get("properties").map_or(&[][..], |node| node.items()))
        .filter(|property| {
            property
                .get("id")
                .is_some_and(|id| id.scalar_text() == "thresholds")
        })
        .filter_map(|property| property.get("value"));
    for steps in of_all
        .into_iter()
        .chain(of_some)
        .filter_map(|node| node.get("steps"))
    {
        let values: Vec<(Text, f64, Place)> = steps
            .items()
            .iter()
            .filter_map(|step| {
                let text = Text::of(document, step.get("value")?);
                let value = text.as_str().parse().ok()?;
                Some((text, value, document.place(step.span)))
            })
            .collect();
        let Some((before, after)) = values
            .iter()
            .zip(values.iter().skip(1))
            .find(|(before, after)| before.1 > after.1)
        else {
            continue;
        };
        let message = format!(
            "{} has the threshold {} behind {}: values from {} on never get the colour of {}",
            panel.named(),
            after.0.as_str(),
            before.0.as_str(),
            after.0.as_str(),
            before.0.as_str(),
        );
        // Whole steps change places, so that every colour stays with its number.
        let mut sorted: Vec<&(Text, f64, Place)> = values.iter().collect();
        sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
        let edits = values
            .iter()
            .zip(sorted)
            .filter(|(old, new)| old.2 != new.2)
            .map(|(old, new)| (old.2, facts.setup.slice(new.2).to_owned()))
            .collect();
        findings
            .report(after.0.place, message)
            .label("smaller than the one before")
            .related("the one before", before.0.place)
            .help("write thresholds in ascending order: Grafana takes the last one that a value reaches")
            .fix(Safety::Unsafe, "sort the thresholds", edits);
    }
}

/// `"thresholds": "90,70"` of the old types.
fn check_old(document: &Document, panel: &Panel, findings: &mut Findings<'_>) {
    let Some(node) = panel
        .node
        .get("thresholds")
        .filter(|node| node.as_str().is_some())
    else {
        return;
    };
    let text = Text::of(document, node);
    let values: Vec<f64> = text
        .as_str()
        .split(',')
        .filter_map(|value| value.trim().parse().ok())
        .collect();
    if values.is_sorted() {
        return;
    }
    let message = format!(
        "{} has the thresholds `{}`, which do not ascend",
        panel.named(),
        text.as_str()
    );
    findings
        .report(text.place, message)
        .label("not ascending")
        .help("write thresholds in ascending order, and exchange the colours instead");
}
