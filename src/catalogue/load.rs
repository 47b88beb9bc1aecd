//! Reading the data files and checking that they agree with each other.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rayon::prelude::*;
use serde::de::DeserializeOwned;

use super::Catalogue;
use super::alert::{AlertGroup, GROUPS, RecordingRule};
use super::availability::{Needs, ServerKind};
use super::directive::Directives;
use super::evaluator::Evaluators;
use super::exporter::{Exporter, Part};
use super::flag::ProgramFlag;
use super::grafana::GrafanaTypes;
use super::image::{Image, Images};
use super::instrumentation;
use super::metric::{Metric, MetricType, Topic};
use super::permission::Permission;
use super::prefix::{MetricPrefix, MetricPrefixes};
use super::threshold::ThresholdDefinition;
use super::title::TitleWords;
use super::version::Tool;

/// A mistake in the data. `path` is relative to `templates/`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not YAML, or not of the expected shape.
    #[error("{path}: {message}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the reader says, with line and column where it knows them.
        message: String,
    },
    /// A file that must be there is not.
    #[error("{path} is missing")]
    Missing {
        /// The file.
        path: String,
    },
    /// The name inside does not agree with the name of file or directory.
    #[error("{path}: `{name}` does not agree with the path")]
    Misplaced {
        /// The file.
        path: String,
        /// The name inside, or the topic that does not exist.
        name: String,
    },
    /// Two entries of one name.
    #[error("{path}: `{name}` is there twice")]
    Duplicate {
        /// The file with the second one.
        path: String,
        /// The name.
        name: String,
    },
    /// An entry refers to something that does not exist.
    #[error("{path}: `{entry}` refers to the {kind} `{name}`, which does not exist")]
    Dangling {
        /// The file.
        path: String,
        /// The entry.
        entry: String,
        /// What is referred to: flag, label, metric ….
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// An entry contradicts itself.
    #[error("{path}: `{entry}`: {message}")]
    Contradiction {
        /// The file.
        path: String,
        /// The entry.
        entry: String,
        /// What does not fit.
        message: String,
    },
}

/// How much of the data is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scrutiny {
    /// That it can be read.
    Shape,
    /// Also that entries agree with themselves and with each other.
    Full,
}

/// What a file under `templates/` is to the catalogue.
enum DataFile<'p> {
    /// `versions.yaml`
    Tools,
    /// `metric_prefixes.yaml`
    Prefixes,
    /// `images.yaml`
    Images,
    /// `flags.yaml`
    Flags,
    /// `grafana.yaml`
    Grafana,
    /// `evaluators.yaml`
    Evaluators,
    /// `titles.yaml`
    Titles,
    /// `redis/directives.yaml`
    Directives,
    /// `exporters/<name>/exporter.yaml`
    Exporter(&'p str),
    /// `exporters/<name>/metrics/<topic>.yaml`
    Metrics { exporter: &'p str, topic: &'p str },
    /// `exporters/<name>/thresholds.yaml`
    Thresholds,
    /// `exporters/<name>/permissions.yaml`
    Permissions(&'p str),
    /// `exporters/<name>/recording_rules.yaml`
    RecordingRules,
    /// `exporters/<name>/alerts/<group>.yaml`
    Alerts(&'p str),
}

impl<'p> DataFile<'p> {
    /// `None` for files that are none of the catalogue's.
    fn of(path: &'p str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').collect();
        match *parts.as_slice() {
            ["versions.yaml"] => Some(Self::Tools),
            ["metric_prefixes.yaml"] => Some(Self::Prefixes),
            ["images.yaml"] => Some(Self::Images),
            ["flags.yaml"] => Some(Self::Flags),
            ["grafana.yaml"] => Some(Self::Grafana),
            ["evaluators.yaml"] => Some(Self::Evaluators),
            ["titles.yaml"] => Some(Self::Titles),
            ["redis", "directives.yaml"] => Some(Self::Directives),
            ["exporters", exporter, "exporter.yaml"] => Some(Self::Exporter(exporter)),
            ["exporters", exporter, "metrics", file] => Some(Self::Metrics {
                exporter,
                topic: file.strip_suffix(".yaml")?,
            }),
            ["exporters", _, "thresholds.yaml"] => Some(Self::Thresholds),
            ["exporters", exporter, "permissions.yaml"] => Some(Self::Permissions(exporter)),
            ["exporters", _, "recording_rules.yaml"] => Some(Self::RecordingRules),
            ["exporters", _, "alerts", file] => Some(Self::Alerts(file.strip_suffix(".yaml")?)),
            _ => None,
        }
    }
}

/// Content of one data file.
enum Parsed {
    Tools(Vec<Tool>),
    Prefixes(Vec<MetricPrefix>),
    Images(Vec<Image>),
    Flags(Vec<ProgramFlag>),
    Grafana(Box<GrafanaTypes>),
    Evaluators(Evaluators),
    Titles(TitleWords),
    Directives(Box<Directives>),
    Exporter(Box<Exporter>),
    Metrics(String, Vec<Metric>),
    Thresholds(Vec<ThresholdDefinition>),
    Permissions(String, Vec<Permission>),
    RecordingRules(Vec<RecordingRule>),
    Alerts(String, AlertGroup),
}

/// What [`Catalogue::load`] does.
pub(super) fn load<'t>(
    files: impl IntoIterator<Item = (&'t str, &'t str)>,
    scrutiny: Scrutiny,
) -> Result<Catalogue, Vec<CatalogueError>> {
    let mut files: Vec<_> = files
        .into_iter()
        .filter_map(|(path, text)| Some((path, text, DataFile::of(path)?)))
        .collect();
    // Whatever the order of the directory, the catalogue is the same.
    files.sort_by_key(|(path, ..)| *path);
    // Reading YAML is nearly all the time it takes to load; the files do not depend on each other.
    let parsed: Vec<_> = files
        .par_iter()
        .with_max_len(1)
        .map(|(path, text, kind)| (*path, parse(path, text, kind)))
        .collect();

    let mut errors = Vec::new();
    let mut catalogue = Catalogue::default();
    let mut metrics: BTreeMap<String, Vec<(&str, Vec<Metric>)>> = BTreeMap::new();
    let mut permissions = Vec::new();
    let (mut has_tools, mut has_prefixes) = (false, false);
    for (path, parsed) in parsed {
        match parsed {
            Ok(Parsed::Tools(tools)) => {
                has_tools = true;
                catalogue.tools = by_name(path, tools, |tool| &tool.tool, &mut errors);
            }
            Ok(Parsed::Prefixes(prefixes)) => {
                has_prefixes = true;
                let unique = by_name(path, prefixes, |prefix| &prefix.prefix, &mut errors);
                catalogue.prefixes = MetricPrefixes::new(unique.into_values().collect());
            }
            Ok(Parsed::Images(images)) => {
                let unique = by_name(path, images, |image| &image.program, &mut errors);
                catalogue.images = Images::new(unique.into_values().collect());
            }
            Ok(Parsed::Flags(flags)) => catalogue.flags = flags,
            Ok(Parsed::Grafana(types)) => catalogue.grafana = *types,
            Ok(Parsed::Evaluators(evaluators)) => catalogue.evaluators = evaluators,
            Ok(Parsed::Titles(titles)) => catalogue.titles = titles,
            Ok(Parsed::Directives(directives)) => {
                catalogue.directives = *directives;
            }
            Ok(Parsed::Exporter(exporter)) => {
                catalogue.exporters.insert(exporter.name.clone(), *exporter);
            }
            Ok(Parsed::Metrics(exporter, entries)) => {
                metrics.entry(exporter).or_default().push((path, entries));
            }
            Ok(Parsed::Permissions(exporter, entries)) => {
                permissions.push((exporter, path, entries));
            }
            Ok(Parsed::Thresholds(entries)) => {
                catalogue.alerting.thresholds =
                    by_name(path, entries, |entry| &entry.name, &mut errors);
            }
            Ok(Parsed::RecordingRules(entries)) => {
                catalogue.alerting.recording_rules =
                    by_name(path, entries, |entry| &entry.name, &mut errors);
            }
            Ok(Parsed::Alerts(group, alerts)) => {
                catalogue.alerting.groups.insert(group, alerts);
            }
            Err(error) => errors.push(error),
        }
    }
    for (found, path) in [
        (has_tools, "versions.yaml"),
        (has_prefixes, "metric_prefixes.yaml"),
    ] {
        if !found && !errors.iter().any(|error| error.path() == path) {
            errors.push(CatalogueError::Missing {
                path: path.to_owned(),
            });
        }
    }
    for (name, files) in metrics {
        match catalogue.exporters.get_mut(&name) {
            Some(exporter) => adopt(exporter, files, scrutiny, &mut errors),
            None => errors.push(CatalogueError::Missing {
                path: exporter_path(&name),
            }),
        }
    }
    for (name, path, entries) in permissions {
        match catalogue.exporters.get_mut(&name) {
            Some(exporter) => {
                if scrutiny == Scrutiny::Full {
                    check_permissions(path, exporter, &entries, &mut errors);
                }
                exporter.permissions = entries;
            }
            None => errors.push(CatalogueError::Missing {
                path: exporter_path(&name),
            }),
        }
    }
    catalogue.alerting.sort();
    if scrutiny == Scrutiny::Full {
        check(&catalogue, &mut errors);
        catalogue.directives.check(&mut errors);
        catalogue.alerting.check(&mut errors);
    }
    if errors.is_empty() {
        Ok(catalogue)
    } else {
        Err(errors)
    }
}

impl CatalogueError {
    /// The file at fault, relative to `templates/`.
    pub fn path(&self) -> &str {
        match self {
            Self::Unreadable { path, .. }
            | Self::Missing { path }
            | Self::Misplaced { path, .. }
            | Self::Duplicate { path, .. }
            | Self::Dangling { path, .. }
            | Self::Contradiction { path, .. } => path,
        }
    }
}

/// Where the directives of redis.conf are.
pub(super) const DIRECTIVES: &str = "redis/directives.yaml";

fn exporter_path(name: &str) -> String {
    format!("exporters/{name}/exporter.yaml")
}

fn parse(path: &str, text: &str, kind: &DataFile<'_>) -> Result<Parsed, CatalogueError> {
    let misplaced = |name: &str| CatalogueError::Misplaced {
        path: path.to_owned(),
        name: name.to_owned(),
    };
    match kind {
        DataFile::Tools => Ok(Parsed::Tools(read(path, text)?)),
        DataFile::Prefixes => Ok(Parsed::Prefixes(read(path, text)?)),
        DataFile::Images => Ok(Parsed::Images(read(path, text)?)),
        DataFile::Flags => Ok(Parsed::Flags(read(path, text)?)),
        DataFile::Grafana => Ok(Parsed::Grafana(Box::new(read(path, text)?))),
        DataFile::Evaluators => Ok(Parsed::Evaluators(read(path, text)?)),
        DataFile::Titles => Ok(Parsed::Titles(read(path, text)?)),
        DataFile::Directives => Ok(Parsed::Directives(Box::new(read(path, text)?))),
        DataFile::Exporter(directory) => {
            let exporter: Exporter = read(path, text)?;
            if exporter.name != *directory {
                return Err(misplaced(&exporter.name));
            }
            Ok(Parsed::Exporter(Box::new(exporter)))
        }
        DataFile::Metrics { exporter, topic } => {
            let topic = Topic::named(topic).ok_or_else(|| misplaced(topic))?;
            let mut metrics: Vec<Metric> = read(path, text)?;
            for metric in &mut metrics {
                metric.topic = topic;
            }
            Ok(Parsed::Metrics((*exporter).to_owned(), metrics))
        }
        DataFile::Permissions(exporter) => Ok(Parsed::Permissions(
            (*exporter).to_owned(),
            read(path, text)?,
        )),
        DataFile::Thresholds => Ok(Parsed::Thresholds(read(path, text)?)),
        DataFile::RecordingRules => Ok(Parsed::RecordingRules(read(path, text)?)),
        DataFile::Alerts(group) => {
            if !GROUPS.contains(group) {
                return Err(misplaced(group));
            }
            Ok(Parsed::Alerts((*group).to_owned(), read(path, text)?))
        }
    }
}

/// Reads one data file: JSON, as `build.rs` embeds it, or YAML, as it is written.
pub(super) fn read<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, CatalogueError> {
    if text.starts_with(['[', '{'])
        && let Ok(value) = serde_json::from_str(text)
    {
        return Ok(value);
    }
    serde_yaml::from_str(text).map_err(|error| CatalogueError::Unreadable {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

fn by_name<T>(
    path: &str,
    entries: Vec<T>,
    name: impl Fn(&T) -> &str,
    errors: &mut Vec<CatalogueError>,
) -> IndexMap<String, T> {
    let mut map = IndexMap::with_capacity(entries.len());
    for entry in entries {
        match map.entry(name(&entry).to_owned()) {
            Entry::Vacant(vacant) => {
                vacant.insert(entry);
            }
            Entry::Occupied(occupied) => errors.push(CatalogueError::Duplicate {
                path: path.to_owned(),
                name: occupied.key().clone(),
            }),
        }
    }
    map
}

/// Gives an exporter the metrics beside it, topics in the order in which lists show them.
fn adopt(
    exporter: &mut Exporter,
    mut files: Vec<(&str, Vec<Metric>)>,
    scrutiny: Scrutiny,
    errors: &mut Vec<CatalogueError>,
) {
    files.sort_by_key(|(_, metrics)| metrics.first().map(|metric| metric.topic));
    let count = files.iter().map(|(_, metrics)| metrics.len()).sum();
    exporter.metrics.reserve(count);
    for (path, metrics) in files {
        for metric in metrics {
            if scrutiny == Scrutiny::Full {
                check_metric(path, exporter, &metric, errors);
            }
            match exporter.metrics.entry(metric.name.clone()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(metric);
                }
                Entry::Occupied(occupied) => errors.push(CatalogueError::Duplicate {
                    path: path.to_owned(),
                    name: occupied.key().clone(),
                }),
            }
        }
    }
}

/// Checks one entry against itself and its exporter.
fn check_metric(
    path: &str,
    exporter: &Exporter,
    metric: &Metric,
    errors: &mut Vec<CatalogueError>,
) {
    let contradiction = |message: String| CatalogueError::Contradiction {
        path: path.to_owned(),
        entry: metric.name.clone(),
        message,
    };
    if let Some(namespace) = &exporter.namespace
        && !metric
            .name
            .strip_prefix(namespace.as_str())
            .is_some_and(|rest| rest.starts_with('_'))
    {
        errors.push(contradiction(format!(
            "the name does not begin with the namespace `{namespace}_`"
        )));
    }
    if metric.help.is_empty() {
        errors.push(contradiction("`help` is empty".to_owned()));
    }
    if metric.semantic.is_some() && metric.kind != MetricType::Gauge {
        errors.push(contradiction(
            "`semantic` says what a gauge really is, but the type is not gauge".to_owned(),
        ));
    }
    if !metric.quantiles.is_empty() && metric.kind != MetricType::Summary {
        errors.push(contradiction("only a summary has quantiles".to_owned()));
    }
    for label in metric.label_since.keys().chain(metric.values.keys()) {
        if !metric.all_labels().any(|known| known == label) {
            errors.push(CatalogueError::Dangling {
                path: path.to_owned(),
                entry: metric.name.clone(),
                kind: "label",
                name: label.clone(),
            });
        }
    }
    check_needs(path, &metric.name, exporter, &metric.needs, errors);
}

/// Every flag that permissions speak of must exist.
fn check_permissions(
    path: &str,
    exporter: &Exporter,
    permissions: &[Permission],
    errors: &mut Vec<CatalogueError>,
) {
    for permission in permissions {
        for flag in permission.flag.iter().chain(permission.without.keys()) {
            if exporter.flag(flag).is_none() {
                errors.push(CatalogueError::Dangling {
                    path: path.to_owned(),
                    entry: permission.commands.join(", "),
                    kind: "flag",
                    name: flag.clone(),
                });
            }
        }
    }
}

/// Every flag that is needed must exist.
fn check_needs(
    path: &str,
    entry: &str,
    exporter: &Exporter,
    needs: &Needs,
    errors: &mut Vec<CatalogueError>,
) {
    let config_command = needs.config_command.then_some("config-command");
    let flags = needs.any_flag.iter().chain(&needs.no_flag);
    for flag in flags.map(String::as_str).chain(config_command) {
        if exporter.flag(flag).is_none() {
            errors.push(CatalogueError::Dangling {
                path: path.to_owned(),
                entry: entry.to_owned(),
                kind: "flag",
                name: flag.to_owned(),
            });
        }
    }
    if needs.server == Some(ServerKind::Sentinel) && needs.module.is_some() {
        errors.push(CatalogueError::Contradiction {
            path: path.to_owned(),
            entry: entry.to_owned(),
            message: "a sentinel loads no modules".to_owned(),
        });
    }
}

/// Checks what spans files.
fn check(catalogue: &Catalogue, errors: &mut Vec<CatalogueError>) {
    for exporter in catalogue.exporters() {
        let path = exporter_path(&exporter.name);
        let mut dangling = |entry: &str, kind: &'static str, name: &str| {
            errors.push(CatalogueError::Dangling {
                path: path.clone(),
                entry: entry.to_owned(),
                kind,
                name: name.to_owned(),
            });
        };
        if let Some(tool) = &exporter.tool
            && catalogue.tool(tool).is_none()
        {
            dangling(&exporter.name, "tool", tool);
        }
        for flag in exporter
            .series
            .iter()
            .flat_map(|series| series.flags.keys())
        {
            if exporter.flag(flag).is_none() {
                dangling("series", "flag", flag);
            }
        }
        if let Some(flag) = &exporter.namespace_flag
            && exporter.flag(flag).is_none()
        {
            dangling(&exporter.name, "flag", flag);
        }
        for included in &exporter.includes {
            if catalogue.exporter(&included.exporter).is_none() {
                dangling(&included.prefix, "exporter", &included.exporter);
            }
        }
        for added in &exporter.added_labels {
            if exporter.flag(&added.flag).is_none() {
                dangling(&added.label, "flag", &added.flag);
            }
            for metric in &added.except {
                if exporter.resolve(metric).is_none() {
                    dangling(&added.label, "metric", metric);
                }
            }
        }
        let replacements = exporter
            .removed
            .iter()
            .flat_map(|removed| removed.replaced_by.iter().map(|name| (&removed.name, name)));
        let meant = exporter
            .misnomers
            .iter()
            .flat_map(|misnomer| misnomer.meant.iter().map(|name| (&misnomer.name, name)));
        for (wrong, right) in replacements.chain(meant) {
            if exporter.resolve(right).is_none() {
                dangling(wrong, "metric", right);
            }
        }
        check_names(exporter, &path, errors);
        instrumentation::check(exporter, &path, errors);
    }
}

/// A wrong name must not be a right one, and flags are unique.
fn check_names(exporter: &Exporter, path: &str, errors: &mut Vec<CatalogueError>) {
    let wrong = exporter.removed.iter().map(|removed| &removed.name);
    let wrong = wrong.chain(exporter.misnomers.iter().map(|misnomer| &misnomer.name));
    let mut seen: Vec<&str> = Vec::new();
    for name in wrong {
        let is_right = exporter
            .resolve(name)
            .is_some_and(|resolved| resolved.part == Part::Whole);
        if is_right || seen.contains(&name.as_str()) {
            errors.push(CatalogueError::Duplicate {
                path: path.to_owned(),
                name: name.clone(),
            });
        }
        seen.push(name);
    }
    let mut flags: Vec<&str> = exporter
        .flags
        .iter()
        .map(|flag| flag.name.as_str())
        .collect();
    flags.sort_unstable();
    for pair in flags.windows(2).filter(|pair| pair[0] == pair[1]) {
        errors.push(CatalogueError::Duplicate {
            path: path.to_owned(),
            name: pair[0].to_owned(),
        });
    }
    for family in &exporter.dynamic {
        check_needs(path, &family.prefix, exporter, &family.needs, errors);
    }
    for included in &exporter.includes {
        check_needs(path, &included.prefix, exporter, &included.needs, errors);
    }
}
