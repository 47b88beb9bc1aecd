use clap::ValueEnum;
use serde_json::{Value, json};

use super::generate::Generator;
use super::init::profile_names;
use super::{Console, Exit, Format};
use crate::catalogue::explain::{explain_metric, metric_rows};
use crate::catalogue::{Catalogue, Direction, IndicatorName, Indicators, ThresholdDefinition};
use crate::check::{EMBEDDED_CHECKS, EXTERNAL_CHECKS};
use crate::lint::{lint, lints, page};
use crate::profile::suggestion;
use crate::template;

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// Starter profiles for `init --like`
    Profiles,
    /// Alerts of the catalogue
    Alerts,
    /// Thresholds that a profile can set
    Thresholds,
    /// Metrics of every known exporter
    Metrics,
    /// Dashboards of the library
    Dashboards,
    /// Panels of the library
    Panels,
    /// Flags of redis_exporter
    Flags,
    /// Instrumentations of applications
    Flavours,
    /// Tools of the stack and their pinned versions
    Versions,
    /// Templates that `--templates` can override
    Templates,
    /// Checks of a bundle
    Checks,
    /// Lints of an existing setup
    Lints,
}

/// List what is in the catalogue.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright list alerts
  stackwright list metrics --format json
  stackwright list panels")]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum)]
    pub what: Listing,
    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// Explain one entry of the catalogue: a metric, alert, threshold, panel, dashboard, flag, check or lint.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright explain RedisMemoryHigh
  stackwright explain redis_memory_max_bytes
  stackwright explain memory                 the threshold
  stackwright explain promql/unknown-metric  the lint")]
pub struct ExplainArgs {
    /// Name of the entry
    pub name: String,
}

/// One row of a listing: its name, further columns, and what it is.
struct Row {
    name: String,
    columns: Vec<(&'static str, String)>,
    summary: String,
}

impl Row {
    fn new(name: &str, columns: Vec<(&'static str, String)>, summary: &str) -> Self {
        Self {
            name: name.into(),
            columns,
            summary: summary.into(),
        }
    }
}

/// Runs `list`.
pub fn list(args: &ListArgs, console: Console) -> Exit {
    let generator = match Generator::new(None) {
        Ok(generator) => generator,
        Err(error) => {
            console.diagnostics(&[*error]);
            return Exit::CouldNotRun;
        }
    };
    let rows = rows(args.what, &generator.catalogue);
    match args.format {
        Format::Text => console.result(&table(&rows)),
        Format::Json => {
            let entries: Vec<Value> = rows
                .iter()
                .map(|row| {
                    let mut entry = json!({"name": row.name});
                    for (key, value) in &row.columns {
                        entry[*key] = value.as_str().into();
                    }
                    entry["summary"] = row.summary.as_str().into();
                    entry
                })
                .collect();
            console.result(&format!(
                "{:#}\n",
                json!({"version": 1, "entries": entries})
            ));
        }
    }
    Exit::Clean
}

fn rows(what: Listing, catalogue: &Catalogue) -> Vec<Row> {
    match what {
        Listing::Lints => lints()
            .map(|lint| {
                let needs: Vec<&str> = lint.needs.iter().map(|need| need.as_str()).collect();
                let columns = vec![
                    ("level", lint.level.as_str().to_owned()),
                    ("needs", needs.join(", ")),
                ];
                Row::new(lint.id, columns, lint.summary)
            })
            .collect(),
        Listing::Profiles => profile_names()
            .into_iter()
            .map(|name| Row::new(name, Vec::new(), &description(name)))
            .collect(),
        Listing::Alerts => catalogue
            .alerting()
            .alerts()
            .map(|(group, alert)| {
                let severity = match (alert.severity, &alert.threshold) {
                    (Some(severity), _) => severity.as_str().to_owned(),
                    (None, Some(threshold)) => format!("threshold {threshold}"),
                    (None, None) => String::new(),
                };
                let columns = vec![("group", group.to_owned()), ("severity", severity)];
                Row::new(&alert.name, columns, &alert.why)
            })
            .collect(),
        Listing::Thresholds => catalogue
            .alerting()
            .thresholds
            .values()
            .map(|threshold| Row::new(&threshold.name, values(threshold), &threshold.summary))
            .collect(),
        Listing::Metrics => metric_rows(catalogue, None, None)
            .into_iter()
            .map(|row| {
                let columns = vec![
                    ("type", row.kind.to_owned()),
                    ("unit", row.unit.to_owned()),
                    ("exporter", row.exporter),
                    ("since", row.since),
                ];
                Row::new(&row.name, columns, &row.help)
            })
            .collect(),
        Listing::Dashboards => catalogue
            .dashboards()
            .dashboards()
            .values()
            .map(|dashboard| {
                let panels = dashboard.panels().count();
                let columns = vec![("panels", panels.to_string())];
                Row::new(&dashboard.slug, columns, &dashboard.description)
            })
            .collect(),
        Listing::Panels => catalogue
            .dashboards()
            .panels()
            .iter()
            .map(|(name, panel)| {
                let columns = vec![("title", panel.title.clone())];
                Row::new(name, columns, &panel.description)
            })
            .collect(),
        Listing::Flags => catalogue
            .exporter("redis_exporter")
            .into_iter()
            .flat_map(|exporter| &exporter.flags)
            .map(|flag| {
                let columns = vec![
                    ("default", flag.default.clone()),
                    ("since", flag.since.to_string()),
                ];
                Row::new(&flag.name, columns, &flag.summary)
            })
            .collect(),
        Listing::Flavours => catalogue
            .exporters()
            .filter(|exporter| exporter.indicators.is_some())
            .map(|exporter| {
                let indicators = exporter.indicators.iter().flat_map(Indicators::iter);
                let mut columns: Vec<(&'static str, String)> = IndicatorName::ALL
                    .into_iter()
                    .filter(|name| *name != IndicatorName::Health)
                    .map(|name| (name.as_str(), String::new()))
                    .collect();
                for (name, indicator) in indicators {
                    let place = columns.iter_mut().find(|(key, _)| *key == name.as_str());
                    if let Some((_, metric)) = place {
                        metric.clone_from(&indicator.metric);
                    }
                }
                let dropped = exporter.unbounded_labels.iter();
                let dropped: Vec<&str> = dropped.map(|label| label.label.as_str()).collect();
                columns.push(("dropped", dropped.join(", ")));
                Row::new(&exporter.name, columns, &exporter.title)
            })
            .collect(),
        Listing::Versions => catalogue
            .tools()
            .map(|tool| {
                let columns = vec![("image", tool.image_reference())];
                Row::new(&tool.tool, columns, &tool.source)
            })
            .collect(),
        Listing::Templates => template::files()
            .map(|(path, _)| path)
            .filter(|path| template::is_template(path))
            .map(|path| Row::new(path, Vec::new(), ""))
            .collect(),
        Listing::Checks => EMBEDDED_CHECKS
            .iter()
            .map(|check| (check.name, "embedded", check.summary))
            .chain(
                EXTERNAL_CHECKS
                    .iter()
                    .map(|check| (check.name, check.tool.name(), check.summary)),
            )
            .map(|(name, by, summary)| Row::new(name, vec![("by", by.to_owned())], summary))
            .collect(),
    }
}

/// What a starter profile says about itself.
fn description(name: &str) -> String {
    super::input::PROFILES
        .get_file(format!("{name}.yaml"))
        .and_then(|file| file.contents_utf8())
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("description: "))
        })
        .unwrap_or_default()
        .to_owned()
}

fn values(threshold: &ThresholdDefinition) -> Vec<(&'static str, String)> {
    let shown = |value: Option<f64>| {
        value.map_or_else(|| "off".to_owned(), |value| threshold.unit.in_words(value))
    };
    if threshold.direction == Direction::Guard {
        let value = threshold
            .warning
            .map_or_else(String::new, |value| threshold.unit.in_words(value));
        return vec![("warning", value), ("critical", String::new())];
    }
    vec![
        ("warning", shown(threshold.warning)),
        ("critical", shown(threshold.critical)),
    ]
}

/// Columns as wide as their widest cell; the summary last, not wrapped, for `grep` and `cut`.
fn table(rows: &[Row]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    let cells: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| {
            std::iter::once(row.name.as_str())
                .chain(row.columns.iter().map(|(_, cell)| cell.as_str()))
                .collect()
        })
        .collect();
    for row in &cells {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for (row, cells) in rows.iter().zip(&cells) {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        line.push_str(&row.summary);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The page of a lint.
fn explain_lint(id: &str) -> Option<String> {
    let page = lint(id).and_then(|lint| page(lint.id))?;
    Some(page.text.to_owned())
}

/// Runs `explain`.
pub fn explain(args: &ExplainArgs, console: Console) -> Exit {
    let generator = match Generator::new(None) {
        Ok(generator) => generator,
        Err(error) => {
            console.diagnostics(&[*error]);
            return Exit::CouldNotRun;
        }
    };
    let catalogue = &generator.catalogue;
    let texts: Vec<String> = [
        explain_metric(catalogue, &args.name),
        explain_alert(catalogue, &args.name),
        explain_threshold(catalogue, &args.name),
        explain_panel(catalogue, &args.name),
        explain_row(Listing::Dashboards, catalogue, &args.name),
        explain_row(Listing::Flags, catalogue, args.name.trim_start_matches('-')),
        explain_row(Listing::Checks, catalogue, &args.name),
        explain_lint(&args.name),
    ]
    .into_iter()
    .flatten()
    .collect();
    if texts.is_empty() {
        let everything: Vec<String> = [
            Listing::Alerts,
            Listing::Metrics,
            Listing::Thresholds,
            Listing::Panels,
            Listing::Dashboards,
            Listing::Flags,
            Listing::Checks,
            Listing::Lints,
        ]
        .into_iter()
        .flat_map(|what| rows(what, catalogue))
        .map(|row| row.name)
        .collect();
        let alike = catalogue.closest(&args.name);
        let near = match alike.as_slice() {
            [] => suggestion(&args.name, everything.iter().map(String::as_str), ""),
            alike => {
                let names: Vec<String> =
                    alike.iter().map(|one| format!("`{}`", one.name)).collect();
                Some(format!("did you mean {}?", names.join(" or ")))
            }
        };
        console.error(
            "explain/unknown-name",
            format!("the catalogue has no entry `{}`", args.name),
            near.or_else(|| {
                Some("`stackwright list alerts|metrics|thresholds|panels` names them".into())
            }),
        );
        return Exit::CouldNotRun;
    }
    console.result(&texts.join("\n"));
    Exit::Clean
}

fn explain_row(what: Listing, catalogue: &Catalogue, name: &str) -> Option<String> {
    let row = rows(what, catalogue)
        .into_iter()
        .find(|row| row.name == name)?;
    let kind = match what {
        Listing::Dashboards => "dashboard",
        Listing::Flags => "flag of redis_exporter",
        _ => "check",
    };
    let mut text = format!("{} ({kind})\n  {}\n", row.name, row.summary);
    for (key, value) in row.columns {
        text.push_str(&format!("  {key}: {value}\n"));
    }
    Some(text)
}

/// An expression of the catalogue without its template's syntax: `redis_up == 0`, `… > THRESHOLD`, `[WINDOW]`.
fn readable(expr: &str) -> String {
    let mut out = String::new();
    // Which series of the profile are meant is no part of what the alert says.
    let expr = expr
        .replace("{<{ redis }>}", "")
        .replace("<{ redis }>, ", "");
    for part in expr.split("<{ ") {
        match part.split_once(" }>") {
            Some((name, rest)) => out.extend([&name.to_uppercase(), rest]),
            None => out.push_str(part),
        }
    }
    out
}

fn explain_alert(catalogue: &Catalogue, name: &str) -> Option<String> {
    let (group, alert) = catalogue.alerting().alert(name)?;
    let mut text = format!("{name} (alert, group {group})\n  {}\n\n", alert.why.trim());
    text.push_str(&format!(
        "  expr      {}\n",
        readable(alert.expr.trim()).replace('\n', "\n            ")
    ));
    if let Some(severity) = alert.severity {
        text.push_str(&format!("  severity  {}\n", severity.as_str()));
    }
    if let Some(pending) = alert.pending {
        text.push_str(&format!("  for       {pending}\n"));
    }
    if let Some(threshold) = alert
        .threshold
        .as_ref()
        .and_then(|threshold| catalogue.alerting().thresholds.get(threshold))
    {
        let shown: Vec<String> = values(threshold)
            .into_iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        text.push_str(&format!(
            "  threshold {}: {}\n",
            threshold.name,
            shown.join(", ")
        ));
    }
    text.push_str(&format!("  source    {}\n", alert.source));
    if let Some(runbook) = crate::artifact::runbook_text(name, catalogue.alerting()) {
        text.push_str(&format!("\n{runbook}"));
    }
    Some(text)
}

fn explain_threshold(catalogue: &Catalogue, name: &str) -> Option<String> {
    let threshold = catalogue.alerting().thresholds.get(name)?;
    let mut text = format!("{name} (threshold)\n  {}\n", threshold.summary);
    for (key, value) in values(threshold) {
        if !value.is_empty() {
            text.push_str(&format!("  {key}: {value}\n"));
        }
    }
    text.push_str(&format!("  written as {}\n", threshold.unit.expectation()));
    let alerts: Vec<&str> = catalogue
        .alerting()
        .alerts()
        .filter(|(_, alert)| alert.threshold.as_deref() == Some(name))
        .map(|(_, alert)| alert.name.as_str())
        .collect();
    if !alerts.is_empty() {
        text.push_str(&format!("  alerts: {}\n", alerts.join(", ")));
    }
    text.push_str(&format!("  source: {}\n", threshold.source));
    Some(text)
}

fn explain_panel(catalogue: &Catalogue, name: &str) -> Option<String> {
    let library = catalogue.dashboards();
    let panel = library.panels().get(name)?;
    let mut text = format!(
        "{name} (panel `{}`)\n  {}\n",
        panel.title, panel.description
    );
    for query in &panel.queries {
        text.push_str(&format!(
            "  query: {}\n",
            query.expr.trim().replace('\n', "\n         ")
        ));
    }
    if let Some(note) = &panel.note {
        text.push_str(&format!("  note: {note}\n"));
    }
    let shown: Vec<&str> = library.shown_on(name).collect();
    text.push_str(&format!("  dashboards: {}\n", shown.join(", ")));
    Some(text)
}
