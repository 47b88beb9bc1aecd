use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/unknown-condition",
    level: Level::Error,
    summary: "an alert of Grafana whose condition, or an input of it, is no query of the rule",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in &facts.grafana_rules {
        let ids: Vec<&str> = rule
            .queries
            .iter()
            .filter_map(|query| Some(query.ref_id.as_ref()?.as_str()))
            .collect();
        let known = || {
            let known: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
            known.join(", ")
        };
        if let Some(condition) = &rule.condition
            && !ids.contains(&condition.as_str())
            && !ids.is_empty()
        {
            findings
                .report(
                    condition.place,
                    format!(
                        "the condition of `{}` is `{}`, which none of its queries is called",
                        rule.title.as_str(),
                        condition.as_str()
                    ),
                )
                .label("no such refId")
                .help(format!("name one of {}", known()));
        }
        let document = facts.setup.document(rule.document);
        for query in &rule.queries {
            let model = query.node.get("model");
            let kind = model
                .and_then(|model| model.get("type"))
                .map(|node| node.scalar_text());
            if !matches!(kind, Some("threshold" | "reduce" | "resample")) {
                continue;
            }
            let Some(input) = model.and_then(|model| model.get("expression")) else {
                continue;
            };
            let name = input.scalar_text().trim_start_matches('$');
            let name = name.trim_start_matches('{').trim_end_matches('}');
            if name.is_empty() || ids.contains(&name) {
                continue;
            }
            findings
                .report(
                    document.place(input.span),
                    format!(
                        "an expression of `{}` reads `{name}`, which none of its queries is called",
                        rule.title.as_str()
                    ),
                )
                .label("no such refId")
                .help(format!("name one of {}", known()));
        }
    }
}
