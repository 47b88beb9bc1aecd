use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::grafana_alerting::GrafanaRuleQuery;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/incomplete-rule-query",
    level: Level::Error,
    summary: "a query of a Grafana alert without `datasourceUid` or `relativeTimeRange`: Grafana refuses to start",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in &facts.grafana_rules {
        for query in &rule.queries {
            let missing = missing(query);
            if missing.is_empty() {
                continue;
            }
            let missing: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
            let message = format!(
                "a query of `{}` has no {}",
                rule.title.as_str(),
                missing.join(" and no ")
            );
            let help = match is_expression(query) {
                true => "set `datasourceUid: __expr__`: that is how Grafana knows an expression",
                false => {
                    "set `datasourceUid` to the uid of a datasource, and `relativeTimeRange: {from: 600, to: 0}`"
                }
            };
            findings
                .report(query.place, message)
                .label("incomplete")
                .related("in this rule", rule.title.place)
                .help(help);
        }
    }
}

/// Expressions read no datasource, so no time range is asked of them.
fn missing(query: &GrafanaRuleQuery) -> Vec<&'static str> {
    let is_given = |key: &str| {
        query
            .node
            .get(key)
            .is_some_and(|node| !node.scalar_text().is_empty() || !node.entries().is_empty())
    };
    let mut missing = Vec::new();
    if !is_given("datasourceUid") {
        missing.push("datasourceUid");
    }
    if !is_expression(query) && !has_range(query) {
        missing.push("relativeTimeRange");
    }
    missing
}

/// From before its end: Grafana refuses a range of no length.
fn has_range(query: &GrafanaRuleQuery) -> bool {
    query
        .node
        .get("relativeTimeRange")
        .and_then(|range| range.get("from"))
        .is_some_and(|from| !matches!(from.scalar_text(), "" | "0"))
}

fn is_expression(query: &GrafanaRuleQuery) -> bool {
    let uid = query.datasource.as_ref().map(|uid| uid.as_str());
    let kind = query
        .node
        .get("model")
        .and_then(|model| model.get("type"))
        .map(|node| node.scalar_text());
    matches!(uid, Some("__expr__" | "-100"))
        || (query.text.is_none()
            && matches!(
                kind,
                Some("threshold" | "reduce" | "math" | "resample" | "classic_conditions" | "sql")
            ))
}
