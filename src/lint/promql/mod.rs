//! PromQL, wherever it stands: rules, panels, variables, annotations, alerts of Grafana.

mod syntax;
mod unknown_metric;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&syntax::LINT, &unknown_metric::LINT];
