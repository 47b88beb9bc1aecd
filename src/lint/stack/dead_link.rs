use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::document::{Node, Value};
use crate::facts::Facts;
use crate::facts::prometheus::host_and_port;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Kind};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/dead-link",
    level: Level::Warning,
    summary: "a link to a dashboard that the setup does not have",
    needs: &[Need::Files],
    check,
};

/// Dashboards that are nobody's own.
const FOREIGN: [&str; 3] = ["play.grafana.org", "grafana.com", "www.grafana.com"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let known = Known::of(facts);
    let rules = facts
        .rule_files
        .iter()
        .flat_map(|file| file.rules())
        .flat_map(|(_, rule)| rule.annotations.iter().chain(&rule.labels));
    let grafana = facts
        .grafana_rules
        .iter()
        .flat_map(|rule| rule.annotations.iter().chain(&rule.labels));
    for (key, text) in rules.chain(grafana) {
        // Grafana's own link from an alert to its panel.
        if key.as_str() == "__dashboardUid__" {
            known.check_uid(facts, findings, text, text.as_str(), 0);
        } else {
            known.check_text(facts, findings, text);
        }
    }
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        walk(&dashboard.node, &mut |node| {
            known.check_text(facts, findings, &Text::of(document, node));
        });
    }
}

/// Every text under a key `url`.
fn walk(node: &Node, visit: &mut impl FnMut(&Node)) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries.iter() {
                match (&*entry.key.text, entry.value.as_str()) {
                    ("url", Some(_)) => visit(&entry.value),
                    _ => walk(&entry.value, visit),
                }
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

/// Dashboards that a link can lead to.
struct Known<'f> {
    uids: BTreeSet<&'f str>,
    /// Dashboards that could not be read, and sources that dashboards are made of: they may hold any uid.
    unread: Vec<&'f Document>,
    is_generated: bool,
}

impl<'f> Known<'f> {
    fn of(facts: &'f Facts<'_>) -> Self {
        Self {
            uids: facts
                .dashboards
                .iter()
                .filter_map(|dashboard| Some(dashboard.uid.as_ref()?.as_str()))
                .collect(),
            unread: facts
                .setup
                .documents()
                .iter()
                .filter(|document| {
                    document.syntax_error.is_some()
                        && matches!(document.kind, Kind::Dashboard | Kind::DashboardExport)
                })
                .collect(),
            is_generated: facts
                .setup
                .listing()
                .files()
                .any(|file| file.ends_with(".jsonnet") || file.ends_with(".libsonnet")),
        }
    }

    /// Reports the first link of `text` that leads nowhere.
    fn check_text(&self, facts: &Facts<'_>, findings: &mut Findings<'_>, text: &Text) {
        let value = text.as_str();
        let mut from = 0;
        while let Some(at) = value[from..].find("/d/") {
            let start = from + at + "/d/".len();
            let length = value[start..]
                .find(|character: char| {
                    !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
                })
                .unwrap_or(value.len() - start);
            let is_variable = value[start + length..].starts_with(['$', '{', '[', '<']);
            let uid = &value[start..start + length];
            let before = &value[..start];
            let url = before
                .rfind(|character: char| character.is_whitespace() || character == '(')
                .map_or(before, |space| &before[space + 1..]);
            let is_foreign = host_and_port(url).is_some_and(|(host, _)| FOREIGN.contains(&host));
            if !uid.is_empty()
                && !is_variable
                && !is_foreign
                && self.check_uid(facts, findings, text, uid, start)
            {
                return;
            }
            from = start;
        }
    }

    fn check_uid(
        &self,
        facts: &Facts<'_>,
        findings: &mut Findings<'_>,
        text: &Text,
        uid: &str,
        start: usize,
    ) -> bool {
        let is_elsewhere = self
            .unread
            .iter()
            .any(|document| document.text.text().contains(uid));
        let is_listed = findings
            .options()
            .dashboards
            .iter()
            .any(|known| known == uid);
        if uid.is_empty()
            || self.uids.contains(uid)
            || is_elsewhere
            || is_listed
            || self.is_generated
        {
            return false;
        }
        let place = text.part(facts.setup, Span::new(start, start + uid.len()));
        let finding = findings
            .report(
                place,
                format!("a link leads to the dashboard `{uid}`, which does not exist"),
            )
            .label("no dashboard has this uid");
        match (self.nearest(uid), self.uids.is_empty()) {
            (Some(near), _) => {
                finding.help(format!("did you mean `{near}`?"));
            }
            (None, false) => {
                finding.help("link to a dashboard of the setup, by its `uid`");
            }
            (None, true) => {
                finding
                    .help("link to a dashboard that the setup provisions")
                    .assuming("Grafana's dashboards are part of this setup");
            }
        }
        true
    }

    /// The uid that has a word of `uid` in common and is most like it.
    fn nearest(&self, uid: &str) -> Option<&str> {
        let words: BTreeSet<&str> = uid.split(['-', '_']).collect();
        self.uids
            .iter()
            .map(|known| {
                let common = known
                    .split(['-', '_'])
                    .filter(|word| word.len() > 2 && words.contains(word))
                    .count();
                (common, *known)
            })
            .filter(|(common, _)| *common * 2 > words.len())
            .max()
            .map(|(_, known)| known)
    }
}
