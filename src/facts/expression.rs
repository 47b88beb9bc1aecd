//! Every expression of a setup, read once.

use rayon::prelude::*;

use super::knowledge::Metrics;
use super::text::Text;
use crate::promql::analysis::Analysis;
use crate::promql::{self, Options, Parsed, Target, Version};
use crate::setup::{Place, Setup};
use crate::source::Span;

/// Number of an [`Expression`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpressionId(pub(super) u32);

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `expr` of a rule.
    Rule {
        /// Index in [`Facts::rule_files`](super::Facts::rule_files).
        file: usize,
        /// Index of the rule group.
        group: usize,
        /// Index of the rule.
        rule: usize,
    },
    /// A query of a panel.
    Panel {
        /// Index in [`Facts::dashboards`](super::Facts::dashboards).
        dashboard: usize,
        /// Index in its panels.
        panel: usize,
        /// Index in the panel's queries.
        query: usize,
    },
    /// A query that fills a dashboard's variable.
    Variable {
        /// Index in [`Facts::dashboards`](super::Facts::dashboards).
        dashboard: usize,
        /// Index in its variables.
        variable: usize,
    },
    /// A query that draws annotations.
    Annotation {
        /// Index in [`Facts::dashboards`](super::Facts::dashboards).
        dashboard: usize,
    },
    /// A query of an alert rule that Grafana evaluates.
    GrafanaRule {
        /// Index in [`Facts::grafana_rules`](super::Facts::grafana_rules).
        rule: usize,
        /// Index in its queries.
        query: usize,
    },
}

impl Origin {
    /// Whether an alert depends on it.
    pub const fn is_grafana(self) -> bool {
        !matches!(self, Self::Rule { .. })
    }
}

/// One PromQL expression.
#[derive(Debug)]
pub struct Expression {
    /// Its text, as its program reads it.
    pub text: Text,
    /// What it is for.
    pub origin: Origin,
    /// The expression as a tree; may have errors.
    pub parsed: Parsed,
    /// What it does; of what could not be read, nothing.
    pub analysis: Analysis,
}

impl Expression {
    /// Where the bytes `within` of the expression are written.
    pub fn place(&self, setup: &Setup, within: Span) -> Place {
        self.text.part(setup, within)
    }

    /// An edit that puts `new` in place of the bytes `within` of the expression.
    pub fn edit(&self, setup: &Setup, within: Span, new: &str) -> (Place, String) {
        self.text.edit(setup, within, new)
    }
}

/// An expression that waits to be read.
#[derive(Debug)]
pub(super) struct Unread {
    pub text: Text,
    pub origin: Origin,
    /// The Prometheus that reads it, where it is known.
    pub version: Option<crate::catalogue::Version>,
}

/// Collects expressions, and hands out their numbers before they are read.
#[derive(Debug, Default)]
pub(super) struct Expressions(Vec<Unread>);

impl Expressions {
    pub(super) fn add(&mut self, unread: Unread) -> ExpressionId {
        let id = ExpressionId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(unread);
        id
    }

    /// Reads all of them, in parallel.
    pub(super) fn read(self, metrics: &Metrics<'_>) -> Vec<Expression> {
        self.0
            .into_par_iter()
            .map(|unread| {
                let version = unread.version.map_or(Version::NEWEST, |version| {
                    let part = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
                    Version::new(part(version.major), part(version.minor))
                });
                let options = Options {
                    target: Target::version(version),
                    grafana: unread.origin.is_grafana(),
                };
                let parsed = promql::parse_with(&unread.text.value, &options);
                let analysis = Analysis::of(&parsed, metrics);
                Expression {
                    text: unread.text,
                    origin: unread.origin,
                    parsed,
                    analysis,
                }
            })
            .collect()
    }
}
