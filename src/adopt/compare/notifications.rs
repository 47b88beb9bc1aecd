//! Who is told, and which alerts mute others.

use std::collections::BTreeSet;

use super::{Change, Comparison};
use crate::facts::matcher::LabelMatcher;
use crate::facts::text::Text;
use crate::model::routing::{Demand, Matcher};

impl Comparison<'_> {
    pub(super) fn receivers(&mut self) {
        let facts = self.facts;
        let rendered = &self.stack.notification.receivers;
        for receiver in facts.alertmanagers.iter().flat_map(|it| &it.receivers) {
            let name = receiver.name.as_str();
            let count = receiver.integrations.len();
            let found = rendered.iter().find(|it| it.name == name);
            let subject = format!("receiver `{name}`");
            match found {
                None => {
                    let detail = match rendered.iter().any(|it| it.integrations.len() == count) {
                        true => "it has another name, after its channels".to_owned(),
                        false => "no route of the profile leads to it".to_owned(),
                    };
                    self.say(Change::Dropped, receiver.name.place, subject, detail);
                }
                Some(found) if found.integrations.len() != count => {
                    let detail = format!("{count} integrations → {}", found.integrations.len());
                    self.say(Change::Changed, receiver.name.place, subject, detail);
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<&str> = facts
            .alertmanagers
            .iter()
            .flat_map(|it| &it.receivers)
            .map(|it| it.name.as_str())
            .collect();
        for receiver in rendered {
            if !known.contains(receiver.name.as_str()) {
                let detail = match receiver.integrations.is_empty() {
                    true => "it tells nobody".to_owned(),
                    false => "named after its channels".to_owned(),
                };
                self.say(
                    Change::Added,
                    None,
                    format!("receiver `{}`", receiver.name),
                    detail,
                );
            }
        }
    }

    /// Rules are the same that ask for the same alerts on both sides.
    pub(super) fn inhibit_rules(&mut self) {
        let facts = self.facts;
        let rendered = &self.stack.notification.inhibit_rules;
        let mut matched = BTreeSet::new();
        for rule in facts.alertmanagers.iter().flat_map(|it| &it.inhibit_rules) {
            let sides = (
                wanted(rule.source.iter().map(Wanted::of_setup)),
                wanted(rule.target.iter().map(Wanted::of_setup)),
            );
            let written = |side: &[LabelMatcher]| {
                let matchers: Vec<String> = side.iter().map(LabelMatcher::written).collect();
                matchers.join(", ")
            };
            let (source, target) = (written(&rule.source), written(&rule.target));
            let subject = format!("inhibit rule `{source}` → `{target}`");
            let found = rendered.iter().position(|it| {
                let of_stack = |side: &[Matcher]| wanted(side.iter().map(Wanted::of_stack));
                sides == (of_stack(&it.source_matchers), of_stack(&it.target_matchers))
            });
            let Some(index) = found else {
                let detail = "which alert mutes which is the catalogue's to say";
                self.say(Change::Dropped, rule.place, subject, detail);
                continue;
            };
            matched.insert(index);
            let before: BTreeSet<&str> = rule.equal.iter().map(Text::as_str).collect();
            let after: BTreeSet<&str> = rendered[index].equal.iter().map(String::as_str).collect();
            if before != after {
                let list = |labels: BTreeSet<&str>| match labels.is_empty() {
                    true => "nothing".to_owned(),
                    false => labels.into_iter().collect::<Vec<_>>().join(", "),
                };
                let detail = format!("equal in {} → {}", list(before), list(after));
                self.say(Change::Changed, rule.place, subject, detail);
            }
        }
        for (index, rule) in rendered.iter().enumerate() {
            if !matched.contains(&index) {
                let written = |side: &[Matcher]| {
                    let matchers: Vec<String> = side.iter().map(Matcher::to_text).collect();
                    matchers.join(", ")
                };
                let source = written(&rule.source_matchers);
                let target = written(&rule.target_matchers);
                let subject = format!("inhibit rule `{source}` → `{target}`");
                let why = rule.reason.trim_end_matches('.');
                self.say(Change::Added, None, subject, why);
            }
        }
    }
}

/// What a matcher asks for, however it is written.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    label: String,
    is_negative: bool,
    /// The values, or the one regular expression that is no list of them.
    values: BTreeSet<String>,
    is_open: bool,
}

impl Wanted {
    fn of_setup(matcher: &LabelMatcher) -> Self {
        let values = matcher.values();
        Self {
            label: matcher.label.clone(),
            is_negative: matcher.is_negative(),
            values: values
                .cloned()
                .unwrap_or_else(|| BTreeSet::from([matcher.value.clone()])),
            is_open: values.is_none(),
        }
    }

    fn of_stack(matcher: &Matcher) -> Self {
        let (is_negative, values) = match &matcher.demand {
            Demand::Is(value) => (false, BTreeSet::from([value.clone()])),
            Demand::IsNot(value) => (true, BTreeSet::from([value.clone()])),
            Demand::IsOneOf(values) => (false, values.iter().cloned().collect()),
        };
        Self {
            label: matcher.label.clone(),
            is_negative,
            values,
            is_open: false,
        }
    }
}

fn wanted(matchers: impl Iterator<Item = Wanted>) -> BTreeSet<Wanted> {
    matchers.collect()
}
