use std::collections::HashMap;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::grafana_alerting::GrafanaRule;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/duplicate-rule-uid",
    level: Level::Error,
    summary: "two alert rules of Grafana share a uid: the later one replaces the earlier one",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut first: HashMap<&str, &GrafanaRule> = HashMap::new();
    for rule in &facts.grafana_rules {
        let Some(uid) = rule.uid.as_ref().filter(|uid| !uid.as_str().is_empty()) else {
            continue;
        };
        let Some(earlier) = first.get(uid.as_str()) else {
            first.insert(uid.as_str(), rule);
            continue;
        };
        let document = |rule: &GrafanaRule| facts.setup.document(rule.document);
        // The same file twice, for two places, is no clash within one of them.
        if document(earlier).text.text() == document(rule).text.text()
            && earlier.document != rule.document
        {
            continue;
        }
        let earlier_uid = earlier.uid.as_ref().map_or(earlier.place, |uid| uid.place);
        findings
            .report(
                uid.place,
                format!(
                    "`{}` has the uid `{}` of `{}`: Grafana keeps one of them",
                    rule.title.as_str(),
                    uid.as_str(),
                    earlier.title.as_str()
                ),
            )
            .label("taken")
            .related("first used here", earlier_uid)
            .help("give each rule a uid of its own");
    }
}
