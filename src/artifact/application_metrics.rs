use indexmap::IndexMap;
use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::application::{Application, DroppedLabel, metric_type};
use crate::profile::{self, Profile};
use crate::template::{Templates, promql_string};

/// `application-metrics.md`: what each application must expose for its panels and alerts to have data, so that
/// those who write it need not read queries. `None` without applications.
///
/// # Errors
///
/// A template that does not render.
pub fn application_metrics(
    profile: &Profile,
    environment: &str,
    applications: &IndexMap<String, Application<'_>>,
    templates: &Templates,
) -> Result<Option<Artifact>, BuildError> {
    if applications.is_empty() {
        return Ok(None);
    }
    let sections = applications.iter().filter_map(|(name, application)| {
        let written = profile.applications.get(name)?;
        Some(section(name, written, application))
    });
    let view = View {
        profile: &profile.name,
        environment,
        applications: sections.collect(),
    };
    let text = templates.render("stack/application-metrics.md.j2", &view)?;
    let path = "application-metrics.md";
    Ok(Some(Artifact::new(path, Kind::Document, text)?))
}

fn section<'a>(
    name: &'a str,
    written: &'a profile::Application,
    application: &'a Application<'_>,
) -> Section<'a> {
    let figures = application.indicators.iter().map(|(figure, indicator)| {
        let selector = application.selector(indicator, "", promql_string);
        let kind = figure.metric_type().as_str();
        (figure.as_str().replace('_', " "), kind, selector)
    });
    let metrics = application.metrics.iter().map(|(name, metric)| Metric {
        name,
        kind: metric_type(metric.kind).as_str(),
        labels: metric.labels.join(", "),
        unit: metric.unit.as_deref().unwrap_or_default(),
        help: metric.help.trim(),
    });
    Section {
        name,
        url: &written.url,
        job: &application.job,
        interval: application.interval.in_words(),
        flavour: application.flavour.map(|flavour| flavour.title.as_str()),
        notes: application.flavour.map_or(&[], |flavour| &flavour.notes),
        figures: figures.collect(),
        metrics: metrics.collect(),
        dropped: &application.dropped_labels,
    }
}

#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    applications: Vec<Section<'a>>,
}

#[derive(Debug, Serialize)]
struct Section<'a> {
    name: &'a str,
    url: &'a str,
    job: &'a str,
    interval: String,
    flavour: Option<&'a str>,
    notes: &'a [String],
    /// Name, type and selector.
    figures: Vec<(String, &'static str, String)>,
    metrics: Vec<Metric<'a>>,
    dropped: &'a [DroppedLabel],
}

#[derive(Debug, Serialize)]
struct Metric<'a> {
    name: &'a str,
    kind: &'static str,
    labels: String,
    unit: &'a str,
    help: &'a str,
}
