use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::rules::RuleKind;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "rule/for-too-short",
    level: Level::Warning,
    summary: "`for` is shorter than the interval at which the alert is evaluated",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for file in &facts.rule_files {
        let document = facts.setup.document(file.document);
        // The fastest of the servers that load it.
        let evaluation = file
            .loaded_by
            .iter()
            .filter_map(|index| facts.prometheus.get(*index))
            .min_by_key(|server| server.evaluation_interval.as_millis());
        for group in &file.groups {
            let Some(interval) = group
                .interval
                .or(evaluation.map(|server| server.evaluation_interval))
            else {
                continue;
            };
            for rule in group
                .rules
                .iter()
                .filter(|rule| rule.kind == RuleKind::Alerting)
            {
                let Some(pending) = rule.pending.filter(|pending| {
                    pending.as_millis() > 0 && pending.as_millis() < interval.as_millis()
                }) else {
                    continue;
                };
                let Some(node) = rule.node.get("for") else {
                    continue;
                };
                let message = format!(
                    "alert `{}` waits for {pending}, but is evaluated every {interval}: it waits a whole interval",
                    rule.name.as_str()
                );
                let finding = findings
                    .report(document.place(node.span), message)
                    .label("less than an interval")
                    .help(format!(
                        "write `for: {interval}` or more, or evaluate the group more often"
                    ))
                    .fix(
                        Safety::Unsafe,
                        format!("write `for: {interval}`"),
                        vec![(document.place(node.span), interval.to_string())],
                    );
                match (&group.interval, evaluation) {
                    (Some(_), _) => {
                        finding.related("the group has its own interval", group.name.place)
                    }
                    (None, Some(server)) => finding.related(
                        "the interval is set here",
                        facts.setup.document(server.document).head(),
                    ),
                    _ => finding,
                };
            }
        }
    }
}
