//! Every expression of a setup, read once.

use std::sync::Arc;

use arcstr::ArcStr;
use indexmap::IndexSet;
use rayon::prelude::*;

use super::knowledge::Metrics;
use super::text::Text;
use crate::catalogue;
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
    /// The expression as a tree; may have errors. Shared by all that say the same.
    pub parsed: Arc<Parsed>,
    /// What it does; of what could not be read, nothing.
    pub analysis: Arc<Analysis>,
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
    pub version: Option<catalogue::Version>,
}

/// All that decides what an expression means.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Query {
    text: ArcStr,
    version: Option<catalogue::Version>,
    is_grafana: bool,
}

impl Unread {
    fn query(&self) -> Query {
        Query {
            text: ArcStr::clone(&self.text.value),
            version: self.version,
            is_grafana: self.origin.is_grafana(),
        }
    }
}

impl Query {
    fn options(&self) -> Options {
        let version = self.version.map_or(Version::NEWEST, |version| {
            let part = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
            Version::new(part(version.major), part(version.minor))
        });
        Options {
            target: Target::version(version),
            grafana: self.is_grafana,
        }
    }
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

    /// Reads all of them, in parallel. What many places ask, such as the dashboards of several environments, is read once.
    pub(super) fn read(self, metrics: &Metrics<'_>) -> Vec<Expression> {
        let mut distinct = IndexSet::new();
        let places: Vec<usize> = self
            .0
            .iter()
            .map(|unread| distinct.insert_full(unread.query()).0)
            .collect();
        let distinct: Vec<Query> = distinct.into_iter().collect();
        let read: Vec<(Arc<Parsed>, Arc<Analysis>)> = distinct
            .into_par_iter()
            .map(|query| {
                let parsed = promql::parse_with(&query.text, &query.options());
                let analysis = Analysis::of(&parsed, metrics);
                (Arc::new(parsed), Arc::new(analysis))
            })
            .collect();
        let expressions = self.0.into_iter().zip(places);
        expressions
            .filter_map(|(unread, place)| {
                let (parsed, analysis) = read.get(place)?;
                Some(Expression {
                    text: unread.text,
                    origin: unread.origin,
                    parsed: Arc::clone(parsed),
                    analysis: Arc::clone(analysis),
                })
            })
            .collect()
    }
}
