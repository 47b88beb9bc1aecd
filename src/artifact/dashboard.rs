use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::dashboard::{Dashboard, LOKI_UID, PROMETHEUS_UID, Panel};
use crate::quantity::Duration;
use crate::source::{SourceFile, Span};
use crate::template::{TemplateError, Templates, file, promql_string};

const TEMPLATE: &str = "stack/grafana/dashboards/dashboard.json.j2";
const PANEL_TEMPLATE: &str = "stack/grafana/dashboards/panels/panel.json.j2";

#[derive(Serialize)]
struct PanelContext<'a> {
    panel: &'a Panel,
    /// Uid of the Prometheus datasource.
    datasource: &'static str,
    /// Uid of the Loki datasource.
    loki: &'static str,
}

#[derive(Serialize)]
struct DashboardContext<'a> {
    dashboard: &'a Dashboard,
    /// Uid of the Prometheus datasource.
    datasource: &'static str,
    /// Uid of the Loki datasource.
    loki: &'static str,
    /// How often an open dashboard asks again.
    refresh: Duration,
    variables: Vec<Variable>,
    annotations: Annotations,
}

/// A variable at the top of a dashboard, filled by a query.
#[derive(Serialize)]
struct Variable {
    name: &'static str,
    label: &'static str,
    query: String,
    /// What "All" stands for; unset: every value by name.
    all_value: Option<&'static str>,
}

#[derive(Serialize)]
struct Annotations {
    expr: &'static str,
}

/// Nobody sees more by asking more often than this.
const REFRESH_AT_LEAST: Duration = Duration::from_secs(30);

/// `grafana/dashboards/<folder>/<slug>.json` for every dashboard.
///
/// # Errors
///
/// A template that does not render, or renders something that is not JSON.
pub fn dashboards(
    dashboards: &[Dashboard],
    scrape_interval: Duration,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    // The largest files of a bundle; each is rendered, read back and printed on its own.
    dashboards
        .par_iter()
        .map(|dashboard| {
            let context = DashboardContext {
                dashboard,
                datasource: PROMETHEUS_UID,
                loki: LOKI_UID,
                refresh: scrape_interval.max(REFRESH_AT_LEAST),
                variables: variables(dashboard),
                annotations: Annotations {
                    expr: annotations(dashboard),
                },
            };
            let rendered = templates.render(TEMPLATE, &context)?;
            let path = format!(
                "grafana/dashboards/{}/{}.json",
                dashboard.folder.slug, dashboard.slug
            );
            Ok(Artifact::new(
                &path,
                Kind::GrafanaDashboard,
                printed(&rendered)?,
            )?)
        })
        .collect()
}

/// A single panel, as the dashboards of a bundle have it.
///
/// # Errors
///
/// A template that does not render, or renders something that is not JSON.
pub fn panel(panel: &Panel, templates: &Templates) -> Result<Value, TemplateError> {
    let context = PanelContext {
        panel,
        datasource: PROMETHEUS_UID,
        loki: LOKI_UID,
    };
    parsed(&templates.render(PANEL_TEMPLATE, &context)?)
}

/// The same JSON, indented.
fn printed(rendered: &str) -> Result<String, TemplateError> {
    Ok(format!("{:#}\n", parsed(rendered)?))
}

fn parsed(rendered: &str) -> Result<Value, TemplateError> {
    let mut json: Value = serde_json::from_str(rendered).map_err(|error| {
        // The place is in what came out, which nobody has; the template is what can be mended.
        let text = file(TEMPLATE).unwrap_or_default();
        TemplateError {
            message: format!("what this template renders is not JSON: {error}"),
            file: std::sync::Arc::new(SourceFile::new(format!("templates/{TEMPLATE}"), text)),
            span: Span::new(0, 0),
        }
    })?;
    whole_numbers(&mut json);
    Ok(json)
}

/// `1.0` as `1`, as Grafana itself writes it.
fn whole_numbers(json: &mut Value) {
    match json {
        Value::Array(values) => values.iter_mut().for_each(whole_numbers),
        Value::Object(entries) => entries.values_mut().for_each(whole_numbers),
        Value::Number(number) => {
            // Up to here, every whole number has a float of its own.
            const EXACT: f64 = 9_007_199_254_740_992.0;
            let whole = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT);
            if let Some(whole) = whole {
                *number = (whole as i64).into();
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Targets come from `up`, which Prometheus writes for each of them: a server whose exporter has
/// died can still be chosen.
fn variables(dashboard: &Dashboard) -> Vec<Variable> {
    let Some(jobs) = &dashboard.redis_jobs else {
        return Vec::new();
    };
    // Grafana takes `$` for the beginning of a variable even inside a string.
    let jobs = promql_string(jobs).replace('$', r"\x24");
    vec![
        Variable {
            name: "job",
            label: "Job",
            query: format!("label_values(up{{job=~{jobs}}},job)"),
            all_value: None,
        },
        Variable {
            name: "instance",
            label: "Instance",
            query: r#"label_values(up{job=~"$job"},instance)"#.into(),
            // Thousands of names would not fit into a request; the jobs are restricted by name.
            all_value: Some(".*"),
        },
    ]
}

/// Alerts without a job or an instance concern everybody.
const fn annotations(dashboard: &Dashboard) -> &'static str {
    if dashboard.redis_jobs.is_some() {
        r#"ALERTS{alertstate="firing",job=~"$job|",instance=~"$instance|"}"#
    } else {
        r#"ALERTS{alertstate="firing"}"#
    }
}
