//! The metric whose name a title is, word for word: "Connected Clients" is `redis_connected_clients`.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::lint::Findings;
use crate::lint::subject::words;

use super::measure::shown;

/// Words that say how much or how often, and not of what.
const OF_MEASURES: [&str; 21] = [
    "bytes", "count", "current", "in", "instance", "minute", "number", "of", "ops", "per", "rate",
    "ratio", "redis", "s", "sec", "second", "seconds", "the", "total", "by", "avg",
];

/// Names of the Redis exporter's metrics by the words in them, where only one has these.
pub(super) struct NamedMetrics<'c>(BTreeMap<BTreeSet<String>, Option<&'c str>>);

impl<'c> NamedMetrics<'c> {
    pub fn of(facts: &Facts<'c>) -> Self {
        let mut named = BTreeMap::new();
        let exporter = facts.catalogue.exporter("redis_exporter");
        for name in exporter.iter().flat_map(|exporter| exporter.metrics.keys()) {
            named
                .entry(subjects(name))
                .and_modify(|known| *known = None)
                .or_insert(Some(name.as_str()));
        }
        Self(named)
    }

    /// Whether the title is the name of one metric while all that the panel reads is another one of the same things.
    pub fn check(&self, facts: &Facts<'_>, panel: &Panel, findings: &mut Findings<'_>) {
        let said = subjects(panel.title.as_str());
        let Some(Some(meant)) = self.0.get(&said).filter(|_| said.len() > 1) else {
            return;
        };
        let mut read = None;
        for (query, expression) in shown(facts, panel) {
            let legend = query.legend.as_ref().map_or("", |legend| legend.as_str());
            for one in &expression.analysis.reads {
                let Some([name]) = one.metrics.as_deref() else {
                    return;
                };
                if facts.recorded.contains_key(name) || !self.is_other(&said, name, legend) {
                    return;
                }
                read = read.or(Some((expression, one.selector, name)));
            }
        }
        let Some((expression, selector, name)) = read else {
            return;
        };
        let message = format!(
            "{} is what `{meant}` measures, but it reads `{name}`",
            panel.named()
        );
        let place = expression.place(facts.setup, expression.parsed[selector].span);
        findings
            .report(panel.title.place, message)
            .label("the name of another metric")
            .related("and reads this", place)
            .help("name the panel after what it shows, or query what its title promises");
    }

    /// Whether a metric is of the same things as the words and of another kind of them, which no legend says.
    fn is_other(&self, said: &BTreeSet<String>, name: &str, legend: &str) -> bool {
        let read = subjects(name);
        let legend = subjects(legend);
        let is_known = self.0.contains_key(&read) && name.starts_with("redis_");
        let shares = read.intersection(said).next().is_some();
        let mut own = read.difference(said).peekable();
        is_known
            && shares
            && own.peek().is_some()
            && said.difference(&read).next().is_some()
            && !own.any(|word| legend.contains(word))
    }
}

/// The words of a text that say of what it is, in the singular.
fn subjects(text: &str) -> BTreeSet<String> {
    words(text)
        .into_iter()
        .filter(|word| !OF_MEASURES.contains(&word.as_str()))
        .map(|word| match word.strip_suffix('s') {
            Some(singular) if word.len() > 3 => singular.to_owned(),
            _ => word,
        })
        .collect()
}
