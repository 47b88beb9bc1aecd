//! What we can prove about a bundle by ourselves: no other program, no network, nothing written.
//!
//! Every artifact is read once ([`inspection`]); the checks share the trees and run side by side.

mod address;
mod compose;
mod container;
mod dashboards;
mod inspection;
mod matcher;
mod metrics;
mod parse;
mod redis_conf;
mod references;
mod routes;

mod rule_tests;
mod rules;
mod schema;
mod secrets;

use std::sync::Arc;

use rayon::prelude::*;

use super::{CheckOutcome, ExpectedRoute, Verdict};
use crate::bundle::{Bundle, Kind};
use crate::catalogue::{Catalogue, Circumstances, MetricType};
use crate::diagnostic::Diagnostic;
use inspection::Inspection;
pub use inspection::Readings;

/// A check that is part of this program.
#[derive(Debug)]
pub struct EmbeddedCheck {
    /// Its name: `bundle/references`.
    pub name: &'static str,
    /// The files it is about, as a path inside the bundle with `*` for any name.
    pub files: &'static str,
    /// What it proves, in one line.
    pub summary: &'static str,
    /// It is skipped where there is none of these, or one of them that cannot be read.
    about: &'static [Kind],
    /// It also reads these, where they are.
    reads: &'static [Kind],
    run: fn(&Inspection<'_>) -> Vec<Diagnostic>,
}

/// Every embedded check, in the order in which outcomes are told.
pub const EMBEDDED_CHECKS: &[EmbeddedCheck] = &[
    EmbeddedCheck {
        name: parse::NAME,
        files: "**/*.{yml,yaml,json}",
        summary: "two independent readers read every file alike",
        about: &[],
        reads: &[],
        run: parse::check,
    },
    EmbeddedCheck {
        name: schema::NAME,
        files: "**/*.{yml,yaml,json}",
        summary: "every file has the shape that the program which reads it wants",
        about: &[],
        reads: &[],
        run: schema::check,
    },
    EmbeddedCheck {
        name: references::NAME,
        files: "compose.yaml",
        summary: "files, services, networks, ports, secrets and variables that are named are there",
        about: &[
            Kind::Compose,
            Kind::PrometheusConfig,
            Kind::AlertmanagerConfig,
            Kind::GrafanaDatasources,
        ],
        reads: &[Kind::PrometheusTargets, Kind::GrafanaDashboardProviders],
        run: references::check,
    },
    EmbeddedCheck {
        name: dashboards::NAME,
        files: "grafana/dashboards/**/*.json",
        summary: "uids and panel ids are unique, panels do not overlap, datasources and variables exist",
        about: &[Kind::GrafanaDashboard],
        reads: &[
            Kind::GrafanaDatasources,
            Kind::GrafanaDashboardProviders,
            Kind::Compose,
        ],
        run: dashboards::check,
    },
    EmbeddedCheck {
        name: routes::NAME,
        files: "alertmanager/alertmanager.yml",
        summary: "every alert reaches a receiver, and every receiver, route and inhibit rule has an alert",
        about: &[Kind::AlertmanagerConfig],
        reads: &[Kind::PrometheusRules],
        run: routes::check,
    },
    EmbeddedCheck {
        name: metrics::NAME,
        files: "prometheus/rules/*.yml, grafana/dashboards/**/*.json",
        summary: "every query of a dashboard is PromQL, and every metric that is queried is exposed",
        about: &[Kind::PrometheusRules, Kind::GrafanaDashboard],
        reads: &[Kind::PrometheusRuleTests, Kind::Compose],
        run: metrics::check,
    },
    EmbeddedCheck {
        name: rule_tests::NAME,
        files: "prometheus/rules/*.yml",
        summary: "every alert is complete, and has a unit test that fires and one that stays silent",
        about: &[Kind::PrometheusRules],
        reads: &[Kind::PrometheusRuleTests, Kind::GrafanaDashboard],
        run: rule_tests::check,
    },
    EmbeddedCheck {
        name: redis_conf::NAME,
        files: "redis/*/*.conf",
        summary: "every directive is one with which that version of Redis starts",
        about: &[Kind::RedisConf],
        reads: &[Kind::Compose],
        run: redis_conf::check,
    },
    EmbeddedCheck {
        name: secrets::NAME,
        files: "**",
        summary: "no file holds a literal secret",
        about: &[],
        reads: &[],
        run: secrets::check,
    },
];

/// An exporter or instrumentation that is scraped.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapedExporter {
    /// Its name in the catalogue: `redis_exporter`, `fastapi_handmade`.
    pub name: String,
    /// Its version, flags and servers, as far as they are known.
    pub circumstances: Circumstances,
}

/// A metric that the profile declares for an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationMetric {
    /// Its name.
    pub name: String,
    /// Its type, which decides the names of its series; `None` for not known.
    pub kind: Option<MetricType>,
}

/// What a bundle itself does not say. The default knows nothing, so that a directory can be checked without its profile.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedContext {
    /// What is scraped; empty for not known, and then no metric of the catalogue is ruled out.
    pub exporters: Vec<ScrapedExporter>,
    /// Metrics of applications; `None` for not known, and then a name without a known prefix may be one.
    pub application_metrics: Option<Vec<ApplicationMetric>>,
    /// What was read when another environment was checked.
    pub readings: Arc<Readings>,
}

/// Runs every [`EMBEDDED_CHECKS`] on a bundle, one outcome each, in the order of that list.
pub fn embedded(
    bundle: &Bundle,
    catalogue: &Catalogue,
    context: &EmbeddedContext,
) -> Vec<CheckOutcome> {
    let inspection = Inspection::new(bundle, catalogue, context);
    EMBEDDED_CHECKS
        .par_iter()
        .map(|check| CheckOutcome {
            check: check.name,
            subject: check.files.to_owned(),
            tool: None,
            verdict: verdict(check, &inspection),
        })
        .collect()
}

/// Where the alerts of a bundle end up, as far as its files say: what `amtool config routes test` must find too. An
/// alert whose route depends on labels of its series is left out.
pub fn certain_routes(bundle: &Bundle, catalogue: &Catalogue) -> Vec<ExpectedRoute> {
    let context = EmbeddedContext::default();
    routes::certain(&Inspection::new(bundle, catalogue, &context))
}

fn verdict(check: &EmbeddedCheck, inspection: &Inspection<'_>) -> Verdict {
    let is_there = |kind: &Kind| inspection.bundle.of_kind(*kind).next().is_some();
    if !check.about.is_empty() && !check.about.iter().any(is_there) {
        return Verdict::Skipped(format!("there is no `{}`", check.files));
    }
    let needs = |kind: Kind| check.about.contains(&kind) || check.reads.contains(&kind);
    // What is missing from an unreadable file would be told as missing from the bundle.
    if let Some(artifact) = inspection
        .unreadable()
        .find(|artifact| needs(artifact.kind))
    {
        let reason = format!("`{}` is not readable, see `{}`", artifact.path, parse::NAME);
        return Verdict::Skipped(reason);
    }
    let findings = (check.run)(inspection);
    if findings.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Failed(findings)
    }
}

#[cfg(test)]
mod samples;
