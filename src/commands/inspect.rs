use std::path::PathBuf;

use serde_json::{Value, json};

use super::lint::{catalogue, has_something, open};
use super::project::{ConfigArgs, Project};
use super::{Console, Exit, Format};
use crate::facts::Facts;
use crate::facts::alertmanager::Alertmanager;
use crate::facts::container::Resolved;
use crate::facts::prometheus::{PrometheusServer, ScrapeJob};
use crate::facts::rules::{RuleFile, RuleKind};

/// Print what a setup was taken for, and what is loaded by what.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright inspect .
  stackwright inspect monitoring --format json")]
pub struct InspectArgs {
    /// A directory, or a single file
    pub path: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Which configuration holds.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Runs `inspect`.
pub fn inspect(args: &InspectArgs, console: Console) -> Exit {
    let opened = catalogue().map_err(|diagnostic| vec![*diagnostic]);
    let opened = opened.and_then(|catalogue| {
        let project = Project::of(&args.path, &args.config, &catalogue)?;
        let setup = open(&args.path).map_err(|diagnostic| vec![*diagnostic])?;
        Ok((catalogue, project, setup))
    });
    let (catalogue, project, setup) = match opened {
        Ok(opened) => opened,
        Err(diagnostics) => {
            console.failure(args.format, "files", &diagnostics);
            return Exit::CouldNotRun;
        }
    };
    let facts = Facts::knowing(&setup, &catalogue, &project.given);
    let model = model(&facts);
    match args.format {
        Format::Json => console.result(&format!("{model:#}\n")),
        Format::Text => {
            let mut text = format!("{}\n", facts.overview());
            outline(&model, 0, &mut text);
            console.result(&text);
        }
    }
    match has_something(&setup) {
        false => Exit::NothingToLint,
        true => Exit::Clean,
    }
}

/// The whole model: files; services; jobs, exporters; rules; routes and receivers; datasources, dashboards, panels.
fn model(facts: &Facts<'_>) -> Value {
    let setup = facts.setup;
    let path = |document| setup.document(document).path.to_string();
    json!({
        "version": 1,
        "found": facts.overview(),
        "files": setup.documents().iter().map(|document| json!({
            "file": &*document.path,
            "name": &*document.name,
            "kind": document.kind.as_str(),
            "unreadable": document.syntax_error.as_ref().map(|error| error.message.clone()),
        })).collect::<Vec<_>>(),
        "skipped": setup.skipped().iter().map(|skipped| json!({"file": skipped.path, "why": skipped.why})).collect::<Vec<_>>(),
        "services": facts.projects.iter().flat_map(|project| &project.services).map(|(name, service)| json!({
            "service": name,
            "file": path(service.name.place.document),
            "image": service.image.as_ref().and_then(|image| image.text.value()).map(|text| text.as_str()),
            "program": service.program.as_ref().map(|image| image.program.as_str()),
            "version": service.version().map(|version| version.to_string()),
        })).collect::<Vec<_>>(),
        "prometheus": facts.prometheus.iter().map(|server| prometheus(facts, server)).collect::<Vec<_>>(),
        "jobs_elsewhere": facts.lone_jobs.iter().map(|lone| json!({
            "file": path(lone.document),
            "job": job(lone),
        })).collect::<Vec<_>>(),
        "rule_files": facts.rule_files.iter().map(|file| rule_file(facts, file)).collect::<Vec<_>>(),
        "alertmanagers": facts.alertmanagers.iter().map(|one| alertmanager(facts, one)).collect::<Vec<_>>(),
        "datasources": facts.datasources.iter().map(|datasource| json!({
            "name": datasource.name.as_str(),
            "type": datasource.kind.as_str(),
            "uid": datasource.uid,
            "uid_is_derived": datasource.written_uid.is_none(),
            "file": path(datasource.document),
        })).collect::<Vec<_>>(),
        "providers": facts.providers.iter().map(|provider| json!({
            "name": provider.name.as_str(),
            "path": provider.path.as_ref().map(|path| path.as_str()),
            "leads_to": provider.resolved.as_ref().map(|resolved| match resolved {
                Resolved::Setup(path) => path.clone(),
                Resolved::Missing(path) => format!("{path}, which does not exist"),
                Resolved::Elsewhere => "outside of the setup".into(),
                Resolved::Image => "whatever the image holds".into(),
            }),
            "dashboards": provider.files.len(),
        })).collect::<Vec<_>>(),
        "dashboards": facts.dashboards.iter().map(|dashboard| json!({
            "title": dashboard.title.as_ref().map(|title| title.as_str()),
            "uid": dashboard.uid.as_ref().map(|uid| uid.as_str()),
            "file": path(dashboard.document),
            "loaded_by": dashboard.loaded_by.iter().filter_map(|index| facts.providers.get(*index)).map(|provider| provider.name.as_str()).collect::<Vec<_>>(),
            "panels": dashboard.panels.iter().filter(|panel| !panel.is_row()).map(|panel| json!({
                "title": panel.title.as_str(),
                "type": panel.kind.as_str(),
                "queries": panel.queries.iter().filter_map(|query| query.text.as_ref()).map(|text| text.as_str()).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "grafana_rules": facts.grafana_rules.iter().map(|rule| json!({
            "title": rule.title.as_str(),
            "uid": rule.uid.as_ref().map(|uid| uid.as_str()),
            "file": path(rule.document),
        })).collect::<Vec<_>>(),
    })
}

fn prometheus(facts: &Facts<'_>, server: &PrometheusServer) -> Value {
    json!({
        "file": &*facts.setup.document(server.document).path,
        "service": server.service.as_ref().map(|id| id.service.as_str()),
        "version": server.version.map(|version| version.to_string()),
        "jobs": server.jobs.iter().map(job).collect::<Vec<_>>(),
        "rule_files": server.rule_patterns.iter().map(|pattern| json!({
            "pattern": pattern.text.as_str(),
            "finds": pattern.files,
            "is_certain": pattern.is_certain,
        })).collect::<Vec<_>>(),
    })
}

fn job(job: &ScrapeJob) -> Value {
    json!({
        "job": job.name.as_str(),
        "interval": job.tells_interval.then(|| job.scrape_interval.to_string()),
        "targets": job.targets.iter().map(|target| target.address.value().map_or("(filled in later)", |text| text.as_str())).collect::<Vec<_>>(),
        "discovers": job.discovers,
        "exporters": job.exporters.iter().map(|exposure| exposure.exporter.as_str()).collect::<Vec<_>>(),
    })
}

fn rule_file(facts: &Facts<'_>, file: &RuleFile) -> Value {
    json!({
        "file": &*facts.setup.document(file.document).path,
        "loaded_by": file.loaded_by.iter().filter_map(|index| facts.prometheus.get(*index)).map(|server| {
            facts.setup.document(server.document).path.to_string()
        }).collect::<Vec<_>>(),
        "evaluated_by": file.ruler.as_ref().map(|ruler| &ruler.service),
        "rules": file.rules().map(|(_, rule)| json!({
            "kind": match rule.kind {
                RuleKind::Alerting => "alert",
                RuleKind::Recording => "record",
            },
            "name": rule.name.as_str(),
            "reads": rule.expression.map(|id| {
                let reads = &facts.expression(id).analysis.reads;
                reads.iter().filter_map(|read| read.metrics.clone()).flatten().collect::<Vec<_>>()
            }),
        })).collect::<Vec<_>>(),
    })
}

fn alertmanager(facts: &Facts<'_>, alertmanager: &Alertmanager) -> Value {
    json!({
        "file": &*facts.setup.document(alertmanager.document).path,
        "service": alertmanager.service.as_ref().map(|id| id.service.as_str()),
        "routes": alertmanager.routes.iter().map(|route| json!({
            "matchers": route.matchers.iter().map(|matcher| matcher.written()).collect::<Vec<_>>(),
            "receiver": route.receiver.as_ref().map(|receiver| receiver.as_str()),
        })).collect::<Vec<_>>(),
        "receivers": alertmanager.receivers.iter().map(|receiver| json!({
            "name": receiver.name.as_str(),
            "integrations": receiver.integrations.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// JSON as an outline: what has a single line stands on it.
fn outline(value: &Value, depth: usize, text: &mut String) {
    let indentation = "  ".repeat(depth);
    let Some(object) = value.as_object() else {
        return;
    };
    for (key, value) in object {
        if matches!(key.as_str(), "version" | "found") && depth == 0 {
            continue;
        }
        match value {
            Value::Null => {}
            Value::Array(items) if items.is_empty() => {}
            Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
                let items: Vec<String> = items.iter().map(scalar).collect();
                text.push_str(&format!("{indentation}{key}: {}\n", items.join(", ")));
            }
            Value::Array(items) => {
                text.push_str(&format!("{indentation}{key}:\n"));
                for item in items {
                    let before = text.len();
                    outline(item, depth + 2, text);
                    // The first line of an item carries its dash.
                    let dash = before + indentation.len() + 2;
                    if text.len() > dash {
                        text.replace_range(dash..=dash, "-");
                    }
                }
            }
            Value::Object(_) => {
                text.push_str(&format!("{indentation}{key}:\n"));
                outline(value, depth + 1, text);
            }
            value => text.push_str(&format!("{indentation}{key}: {}\n", scalar(value))),
        }
    }
}

fn scalar(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
