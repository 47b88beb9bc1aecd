//! What a test expects, and when.

use indexmap::IndexMap;

use super::cases::{Expected, Script, Server};
use super::timeline::{Level, Truth, truths};
use crate::catalogue::alert_test::Fires;
use crate::model::alert::AlertingRule;
use crate::model::annotation;

impl Script<'_> {
    pub(super) fn pending(&self, rule: &AlertingRule<'_>) -> usize {
        usize::try_from(
            rule.pending
                .as_millis()
                .div_ceil(self.step.as_millis().max(1)),
        )
        .unwrap_or(usize::MAX)
    }

    /// When the condition of `rule` holds for `server`.
    pub(super) fn truths(&self, server: &Server<'_>, rule: &AlertingRule<'_>) -> Vec<Truth> {
        if self.is_too_long_to_list() {
            let end = self.stages[3].end;
            return vec![Truth {
                earliest: 0,
                certain: 0,
                end,
                over: end,
            }];
        }
        let is_beyond = |value: f64| match &rule.threshold {
            Some((limit, threshold)) => threshold.direction.is_beyond(value, *limit),
            None => true,
        };
        match &server.fires {
            Fires::Always(false) => Vec::new(),
            Fires::Between { from, until } => {
                let start = self.stages[1].start;
                let value = server.values[1];
                let measured = server
                    .shows
                    .map_or(value, |shows| self.number(shows, value));
                if !is_beyond(measured) {
                    return Vec::new();
                }
                let (from, until) = (start + self.steps_of(from), start + self.steps_of(until));
                vec![Truth {
                    earliest: from,
                    certain: from,
                    end: until,
                    over: until,
                }]
            }
            Fires::Always(true) => {
                let levels: Vec<Level> = self
                    .stages
                    .iter()
                    .zip(server.values)
                    .enumerate()
                    .map(|(position, (stage, value))| Level {
                        stage: *stage,
                        value,
                        is_beyond: if rule.threshold.is_some() {
                            is_beyond(value)
                        } else {
                            matches!(position, 1 | 2)
                                && (server.resets_while_bad() || !server.resets)
                        },
                    })
                    .collect();
                let limit = rule.threshold.as_ref().map(|(limit, _)| *limit);
                truths(&levels, self.reaction, limit)
            }
        }
    }

    /// The value that an alert shows at `step`; `None` while it is on its way to another one.
    pub(super) fn shown(&self, server: &Server<'_>, step: usize) -> Option<f64> {
        let stage = self.stage_at(step);
        let is_settled = stage == 0
            || matches!(server.fires, Fires::Between { .. })
            || server.values[stage] == server.values[stage - 1]
            || step >= self.stages[stage].start + self.reaction.settling();
        let value = server.values[stage];
        is_settled.then(|| {
            server
                .shows
                .map_or(value, |shows| self.number(shows, value))
        })
    }

    /// Steps at which something changes, and what.
    pub(super) fn times(&self, servers: &[Server<'_>]) -> Vec<(usize, &'static str)> {
        let mut times: Vec<(usize, &'static str)> = Vec::new();
        for (position, rule) in self.rules.iter().enumerate() {
            let stage = self.stages[position + 1];
            let pending = self.pending(rule);
            if position == 0 {
                times.push((stage.start.saturating_sub(1), "All is well."));
            }
            for server in servers {
                for truth in self.truths(server, rule) {
                    times.push((
                        (truth.earliest + pending).saturating_sub(1),
                        if pending > 0 {
                            "It is bad, but not yet for long enough."
                        } else {
                            "Not yet."
                        },
                    ));
                    times.push((truth.certain + pending, "It has been bad for long enough."));
                    if matches!(server.fires, Fires::Between { .. }) {
                        times.push((truth.end - 1, "The burst still counts."));
                        times.push((truth.end, "The burst is forgotten."));
                    }
                }
            }
            times.push((
                stage.start + self.reaction.settling() + pending,
                "It has been bad for long enough.",
            ));
        }
        let last = self.stages[3];
        times.push((last.start - 1, "It is as bad as it gets."));
        times.push((last.start + self.reaction.memory(), "All is well again."));

        times
    }

    /// What fires at `step`; `None` where that is not certain.
    pub(super) fn alerts_at(&self, servers: &[Server<'_>], step: usize) -> Option<Vec<Expected>> {
        let mut alerts = Vec::new();
        for server in servers {
            for rule in self.rules {
                if self.fires(server, rule, step)? {
                    alerts.push(self.expected(server, rule, step)?);
                }
            }
        }
        Some(alerts)
    }

    pub(super) fn fires(
        &self,
        server: &Server<'_>,
        rule: &AlertingRule<'_>,
        step: usize,
    ) -> Option<bool> {
        let mut fires = false;
        for truth in self.truths(server, rule) {
            fires |= truth.fires(self.pending(rule), step)?;
        }
        Some(fires)
    }

    /// `None` where the value is not certain and a text shows it.
    pub(super) fn expected(
        &self,
        server: &Server<'_>,
        rule: &AlertingRule<'_>,
        step: usize,
    ) -> Option<Expected> {
        let shown = self.shown(server, step);
        if shown.is_none()
            && rule
                .annotations
                .values()
                .any(|text| text.contains("$value"))
        {
            return None;
        }
        let mut labels: IndexMap<String, String> = self
            .base_labels(server)
            .into_iter()
            .filter(|(name, _)| self.alert.keeps.contains(name))
            .collect();
        labels.extend(self.alert.test.result.clone());
        let expand = |text: &String| {
            annotation::expand(text, &labels, shown.unwrap_or_default())
                .expect("internal error: the catalogue checks every annotation")
        };
        let annotations = rule
            .annotations
            .iter()
            .map(|(name, text)| (name.clone(), expand(text)))
            .collect();
        let own: Vec<(String, String)> = rule
            .labels
            .iter()
            .map(|(name, text)| (name.clone(), expand(text)))
            .collect();
        labels.extend(own);
        Some(Expected {
            labels,
            annotations,
        })
    }
}
