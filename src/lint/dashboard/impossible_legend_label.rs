use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::{Panel, PanelQuery};
use crate::facts::text::Text;
use crate::lint::known_labels::Attached;
use crate::lint::{Findings, Lint, Need};
use crate::promql::METRIC_NAME;
use crate::promql::analysis::Presence;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/impossible-legend-label",
    level: Level::Warning,
    summary: "a legend names a label that the query has removed, or that its metrics never have",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let attached = Attached::of(facts);
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            for query in &panel.queries {
                check_query(facts, &attached, panel, query, findings);
            }
        }
    }
}

fn check_query(
    facts: &Facts<'_>,
    attached: &Attached,
    panel: &Panel,
    query: &PanelQuery,
    findings: &mut Findings<'_>,
) {
    let (Some(legend), Some(id)) = (&query.legend, query.expression) else {
        return;
    };
    let expression = facts.expression(id);
    if !expression.parsed.is_valid() {
        return;
    }
    let labels = expression.analysis.labels(expression.parsed.root());
    // Without any label there is one series, and its legend can only be words.
    let is_single =
        !labels.may_have_others() && labels.possible().all(|label| label == METRIC_NAME);
    for (span, label) in names(legend.as_str()) {
        if label.contains([',', ' ']) {
            report_several(facts, panel, legend, (span, label), findings);
            continue;
        }
        // Where the query itself misses the label, the query is to be mended.
        let mut removed = expression.analysis.removed_labels.iter();
        if removed.any(|removed| removed.label == label) {
            continue;
        }
        let known = labels.get(label);
        if known.presence != Presence::Never {
            let without = attached.metric_of_result_without(facts, findings, expression, label);
            if let Some(metric) = without {
                findings
                    .report(
                        legend.part(facts.setup, span),
                        format!(
                            "the legend of {} names the label `{label}`, which `{metric}` does not have",
                            panel.named()
                        ),
                    )
                    .label("always empty")
                    .help("name a label that the metric has, or write words");
            }
            continue;
        }
        let message = format!(
            "the legend of {} names the label `{label}`, which the result of the query does not have",
            panel.named()
        );
        let place = legend.part(facts.setup, span);
        let mut finding = findings.report(place, message).label("always empty");
        if let Some(removed_by) = known.removed_by {
            let span = expression.parsed[removed_by].span;
            let span = match &expression.parsed[removed_by].kind {
                crate::promql::Kind::Aggregation(aggregation) => aggregation
                    .grouping
                    .as_ref()
                    .map_or(aggregation.op_span, |grouping| grouping.span),
                _ => span,
            };
            finding = finding.related(
                format!("this removes `{label}`"),
                expression.place(facts.setup, span),
            );
        }
        match is_single {
            true => {
                finding
                    .help(format!(
                        "write words, such as `{label}`: the result is one series without labels"
                    ))
                    .fix(
                        Safety::Safe,
                        format!("write `{label}`"),
                        vec![(place, label.to_owned())],
                    );
            }
            false => {
                finding.help(format!(
                    "group by `{label}` as well, or leave it out of the legend"
                ));
            }
        }
    }
}

/// `{{a, b}}` is one label to Grafana, and none is called so.
fn report_several(
    facts: &Facts<'_>,
    panel: &Panel,
    legend: &Text,
    (span, written): (Span, &str),
    findings: &mut Findings<'_>,
) {
    let place = legend.part(facts.setup, span);
    let message = format!(
        "the legend of {} names one label `{written}`, which no series has",
        panel.named()
    );
    let finding = findings.report(place, message).label("always empty");
    let labels: Vec<&str> = written.split(',').map(str::trim).collect();
    if !labels.iter().all(|label| is_name(label)) {
        finding.help("name one label between the braces");
        return;
    }
    let each: Vec<String> = labels
        .iter()
        .map(|label| format!("{{{{{label}}}}}"))
        .collect();
    let each = each.join(", ");
    finding.help(format!("write `{each}`")).fix(
        Safety::Safe,
        format!("write `{each}`"),
        vec![(place, each.clone())],
    );
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `{{ name }}` with its bytes; also what stands there in place of a name, but for variables.
fn names(legend: &str) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = legend.get(from..).and_then(|rest| rest.find("{{")) {
        let start = from + open;
        let Some(length) = legend.get(start + 2..).and_then(|rest| rest.find("}}")) else {
            break;
        };
        let end = start + 2 + length + 2;
        let name = legend.get(start + 2..end - 2).unwrap_or_default().trim();
        let is_list = name.contains([',', ' ']) && !name.contains(['$', '[']);
        if is_name(name) || is_list {
            found.push((Span::new(start, end), name));
        }
        from = end;
    }
    found
}
