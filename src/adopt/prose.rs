//! What people wrote beside a setup: its README, runbooks, a list of the metrics of applications, comments.

use serde_json::{Map, Value as Json, json};

use super::reading::{Reading, name_of};
use crate::facts::prometheus::ScrapeJob;
use crate::setup::Document;

/// The text of a file that is no document of the setup, by its path there; `None` where it cannot be read.
pub type Prose<'p> = dyn Fn(&str) -> Option<String> + 'p;

/// Description and runbooks.
pub(super) fn adopt(reading: &mut Reading<'_>, prose: &Prose<'_>) {
    let directory = directory(reading);
    let path = |name: &str| match directory.as_str() {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    };
    let readme = reading.readme();
    said_by_readme(reading, &readme);
    let known = reading.facts.catalogue.alerting();
    let mut files: Vec<String> = reading
        .facts
        .setup
        .listing()
        .below(&path("runbooks"))
        .map(str::to_owned)
        .collect();
    // In the order in which the README names them.
    files.sort_by_key(|file| {
        let name = file.rsplit('/').next().unwrap_or(file);
        readme
            .find(&format!("runbooks/{name}"))
            .unwrap_or(usize::MAX)
    });
    for file in files {
        let Some(slug) = file
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".md"))
        else {
            continue;
        };
        if known.alert(slug).is_some() || name_of(slug, 63).as_deref() != Some(slug) {
            continue;
        }
        let Some(text) = prose(&file) else { continue };
        let Some((title, rest)) = text
            .strip_prefix("# ")
            .and_then(|text| text.split_once('\n'))
        else {
            continue;
        };
        let runbook = json!({"title": title.trim(), "text": rest.trim_start_matches('\n')});
        reading.draft.set(&["runbooks", slug], runbook);
    }
}

impl Reading<'_> {
    /// The README beside the setup; empty where there is none.
    pub(super) fn readme(&self) -> String {
        let directory = directory(self);
        let path = match directory.as_str() {
            "" => "README.md".to_owned(),
            directory => format!("{directory}/README.md"),
        };
        (self.prose)(&path).unwrap_or_default()
    }
}

/// What the README of a stack says of it in its first sentence, and what it may cost.
fn said_by_readme(reading: &mut Reading<'_>, readme: &str) {
    let name = reading.draft.get(&["name"]).and_then(Json::as_str);
    // The README of a repository says something else than what is watched.
    let wanted = format!(
        "# {}, environment {}",
        name.unwrap_or_default(),
        reading.environment
    );
    let mut lines = readme.lines();
    if lines.next() != Some(&wanted) {
        return;
    }
    let first = lines
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    if !first.starts_with("This directory") && !first.starts_with('#') {
        reading.draft.set(&["description"], first);
    }
    let budget = readme.split_once("budget is ").and_then(|(_, rest)| {
        let (number, _) = rest.split_once(" series")?;
        number.replace(',', "").parse::<u64>().ok()
    });
    reading.draft.set_some(&["budget", "series"], budget);
}

/// The directory of the Compose project, or of Prometheus' own.
fn directory(reading: &Reading<'_>) -> String {
    if let Some(project) = reading.project {
        return project.directory.clone();
    }
    let document = reading
        .server
        .map(|server| reading.facts.setup.document(server.document));
    let path = document.map_or("", |document| &*document.path);
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    directory
        .strip_suffix("prometheus")
        .unwrap_or(directory)
        .trim_end_matches('/')
        .to_owned()
}

/// The comment that stands directly above a line, its lines joined.
pub(super) fn comment_above(document: &Document, start: usize) -> Option<String> {
    let text = document.text.text();
    let mut lines = text.get(..start)?.lines().rev();
    // The line of the thing itself, up to where it begins.
    let own = lines.next()?;
    if !own.chars().all(|char| char.is_whitespace() || char == '-') {
        return None;
    }
    let mut said: Vec<&str> = lines
        .map_while(|line| line.trim().strip_prefix('#'))
        .map(str::trim)
        .collect();
    said.reverse();
    (!said.is_empty()).then(|| said.join(" "))
}

/// What a comment says a job is for; what we say of our own accord is no description.
pub(super) fn description(reading: &Reading<'_>, job: &ScrapeJob, ours: &[&str]) -> Option<String> {
    let document = reading.facts.setup.document(job.document);
    let said = comment_above(document, job.node.span.start())?;
    let is_ours = ours.iter().any(|start| said.starts_with(start));
    // A divider or a heading of the file is no sentence about the job.
    let is_sentence = said.ends_with('.') && !said.contains("===") && !said.contains("---");
    (!is_ours && is_sentence).then_some(said)
}

/// What a list of metrics in Markdown says of an application.
#[derive(Debug, Default, Clone)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) job: String,
    pub(super) metrics: Map<String, Json>,
}

/// The applications in `application-metrics.md`: their names, jobs, and the metrics in their tables.
pub(super) fn listed(reading: &Reading<'_>, prose: &Prose<'_>) -> Vec<Listed> {
    let directory = directory(reading);
    let path = match directory.as_str() {
        "" => "application-metrics.md".to_owned(),
        directory => format!("{directory}/application-metrics.md"),
    };
    let Some(text) = prose(&path) else {
        return Vec::new();
    };
    let mut found: Vec<Listed> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            found.push(Listed {
                name: name.trim().to_owned(),
                ..Listed::default()
            });
        }
        let Some(last) = found.last_mut() else {
            continue;
        };
        if let Some((_, rest)) = line.split_once("as job `")
            && let Some((job, _)) = rest.split_once('`')
        {
            job.clone_into(&mut last.job);
        }
        let cells: Vec<&str> = line
            .trim()
            .trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        let [name, kind, labels, unit, help] = cells.as_slice() else {
            continue;
        };
        let Some(name) = name
            .strip_prefix('`')
            .and_then(|name| name.strip_suffix('`'))
        else {
            continue;
        };
        if !["counter", "gauge", "histogram", "summary"].contains(kind) {
            continue;
        }
        let mut metric = json!({"type": kind});
        if !unit.is_empty() {
            metric["unit"] = json!(unit);
        }
        let labels: Vec<&str> = labels
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        if !labels.is_empty() {
            metric["labels"] = json!(labels);
        }
        if !help.is_empty() {
            metric["help"] = json!(help);
        }
        last.metrics.insert(name.to_owned(), metric);
    }
    for application in &mut found {
        pair_hits(&mut application.metrics);
    }
    found
}

/// A counter of hits has its counter of misses beside it.
fn pair_hits(metrics: &mut Map<String, Json>) {
    let names: Vec<String> = metrics.keys().cloned().collect();
    for name in &names {
        let misses = name.replace("hits", "misses");
        if misses != *name
            && names.contains(&misses)
            && let Some(metric) = metrics.get_mut(name)
        {
            metric["misses"] = json!(misses);
        }
    }
}
