//! Alerts: their expressions, numbers, labels and annotations.

use std::collections::BTreeSet;

use super::{Change, Comparison, Difference};
use crate::adopt::Recognised;
use crate::adopt::quantity::guards;
use crate::catalogue::ThresholdUnit;
use crate::facts::rules::RuleFile;
use crate::model::alert::AlertingRule;
use crate::promql;

impl Comparison<'_> {
    fn rendered(&self, found: &Recognised) -> Option<&AlertingRule<'_>> {
        let alerting = std::iter::once(&self.stack.alerting).chain(&self.stack.counting);
        let rules = alerting.flat_map(|it| it.rules());
        let mut fitting =
            rules.filter(|it| it.alert.name == found.alert && it.severity == found.severity);
        let first = fitting.next()?;
        Some(match first.expr == found.expr {
            true => first,
            false => fitting.find(|it| it.expr == found.expr).unwrap_or(first),
        })
    }

    pub(super) fn alerts(&mut self) {
        let mut differences = Vec::new();
        for found in &self.adopted.recognised {
            let subject = format!("alert `{}`", found.name);
            match self.rendered(found) {
                None => differences.push(Difference {
                    change: Change::Dropped,
                    place: Some(found.place),
                    subject,
                    detail: self
                        .stack
                        .alerting
                        .omitted
                        .get(&found.alert)
                        .cloned()
                        .unwrap_or_else(|| {
                            format!("`{}` of the catalogue is not rendered", found.alert)
                        }),
                }),
                Some(rendered) => {
                    let detail = self.changed_alert(found, rendered);
                    if !detail.is_empty() {
                        differences.push(Difference {
                            change: Change::Changed,
                            place: Some(found.place),
                            subject,
                            detail: detail.join(", "),
                        });
                    }
                }
            }
        }
        for remainder in &self.adopted.remainders {
            let is_rule = remainder.subject.starts_with("alert `")
                || remainder.subject.starts_with("recording rule `");
            if is_rule {
                differences.push(Difference {
                    change: Change::Dropped,
                    place: remainder.place,
                    subject: remainder.subject.clone(),
                    detail: remainder.reason.clone(),
                });
            }
        }
        differences.sort_by_key(|it| it.place);
        self.differences.extend(differences);
        let known: BTreeSet<&str> = self
            .adopted
            .recognised
            .iter()
            .map(|it| it.alert.as_str())
            .collect();
        let mut added: BTreeSet<(String, String)> = BTreeSet::new();
        for rule in self.stack.alerting.rules() {
            if !known.contains(rule.alert.name.as_str()) {
                let why = rule
                    .alert
                    .why
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                let first = why
                    .split(". ")
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('.');
                added.insert((rule.name.clone(), first.to_owned()));
            }
        }
        for (name, why) in added {
            self.say(Change::Added, None, format!("alert `{name}`"), why);
        }
    }

    fn changed_alert(&self, found: &Recognised, rendered: &AlertingRule<'_>) -> Vec<String> {
        let mut detail = Vec::new();
        if rendered.name != found.name {
            detail.push(format!("called `{}`", rendered.name));
        }
        if found.expr.trim() != rendered.expr.trim() && !found.is_same {
            let unit = rendered
                .threshold
                .as_ref()
                .map(|(_, threshold)| threshold.unit);
            let before = found.value.map(|value| words(unit, value));
            let after = rendered
                .threshold
                .as_ref()
                .map(|(value, _)| words(unit, *value));
            let numbers = match (before, after) {
                (Some(before), Some(after)) if before != after => {
                    Some(format!("threshold {before} → {after}"))
                }
                _ => None,
            };
            let parsed = promql::parse(&found.expr);
            let own = guards(&parsed);
            let new: Vec<String> = self
                .expressions(&rendered.expr)
                .iter()
                .flat_map(|expr| guards(&promql::parse(expr)))
                .filter(|guard| !own.contains(guard))
                .collect();
            let guarded = (!new.is_empty()).then(|| format!("guarded by {}", new.join(" and ")));
            let said: Vec<String> = numbers.into_iter().chain(guarded).collect();
            detail.push(match said.is_empty() {
                true => format!("asks as `{}` of the catalogue", found.alert),
                false => said.join(", "),
            });
        }
        if found.pending != rendered.pending {
            detail.push(format!("for {} → {}", found.pending, rendered.pending));
        }
        detail.extend(self.lost(found, rendered));
        detail
    }

    /// Labels, which routes ask for, and annotations, which messages print. That texts are others says nothing.
    fn lost(&self, found: &Recognised, rendered: &AlertingRule<'_>) -> Vec<String> {
        let mut rules = self.facts.rule_files.iter().flat_map(RuleFile::rules);
        let Some((_, rule)) = rules.find(|(_, rule)| rule.place() == found.place) else {
            return Vec::new();
        };
        // Of a severity that no profile has, the remainders tell.
        let labels = rule.labels.iter().map(|(label, _)| label.as_str());
        let labels: Vec<&str> = labels
            .filter(|label| *label != "severity" && !rendered.labels.contains_key(*label))
            .collect();
        let changed = rule.labels.iter().filter_map(|(label, before)| {
            let after = rendered.labels.get(label.as_str())?;
            // `shard` only tells rules of several servers apart.
            let is_ours = matches!(label.as_str(), "severity" | "shard");
            let is_other = !is_ours && after != before.as_str();
            is_other.then(|| format!("label `{}` {} → {after}", label.as_str(), before.as_str()))
        });
        let annotations = rule.annotations.iter().map(|(name, _)| name.as_str());
        let annotations: Vec<&str> = annotations
            .filter(|name| !rendered.annotations.contains_key(*name))
            .collect();
        let dropped = [("label", labels), ("annotation", annotations)];
        let dropped = dropped
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| match names.as_slice() {
                [name] => format!("{what} `{name}` dropped"),
                _ => format!("{what}s `{}` dropped", names.join("`, `")),
            });
        changed.chain(dropped).collect()
    }

    /// An expression, and those of the recording rules that it reads.
    fn expressions(&self, expr: &str) -> Vec<String> {
        let recording = self.stack.alerting.recording.iter();
        let read = recording.filter(|it| expr.contains(&it.rule.name));
        std::iter::once(expr.to_owned())
            .chain(read.map(|it| it.expr.clone()))
            .collect()
    }
}

fn words(unit: Option<ThresholdUnit>, value: f64) -> String {
    unit.map_or_else(|| value.to_string(), |unit| unit.in_words(value))
}
