//! Files and directories that nobody rendered: what each file is, and whether its program accepts it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::catalogue::{Catalogue, Evaluator, Evaluators, Version};
use crate::check::comparison::{Judged, compare, judge};
use crate::check::formats::{
    ComposeOptions, Format, NEWEST_COMPOSE, Product, Readers, Reading, check_compose, short,
};
use crate::check::pattern::fits;
use crate::check::tool::{Tool, Toolbox};
use crate::check::{CheckOutcome, Verdict};
use crate::commands::Console;
use crate::commands::outcome::{outcome_json, outcome_lines};
use crate::diagnostic::{Diagnostic, Level};
use crate::document;
use crate::facts::compose::{extended, pinned_versions};
use crate::setup::{Document, Kind, Setup};
use crate::source::SourceFile;

/// Versions that were asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) prometheus: Option<Version>,
    pub(super) alertmanager: Option<Version>,
    pub(super) grafana: Option<Version>,
}

/// How files are judged.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) wanted: Wanted,
    pub(super) catalogue: &'a Catalogue,
    pub(super) toolbox: &'a Toolbox,
    /// Tools whose absence is a failure.
    pub(super) required: &'a [Tool],
}

/// Everything below a directory, or one file.
pub(super) struct Files {
    path: PathBuf,
    setup: Setup,
    /// The one file, where its content does not tell what it is, or somebody said what it is.
    single: Option<(Format, Arc<SourceFile>, Reading)>,
}

/// What was found out about one path.
#[derive(Debug)]
pub(super) struct Validated {
    shown: PathBuf,
    /// For which versions, and why for these.
    versions: String,
    pub(super) files: Vec<FileOutcome>,
    /// Tools that could not be asked.
    tools: Vec<CheckOutcome>,
    /// Files that were not checked, and why.
    unchecked: Vec<(String, String)>,
}

/// One file.
#[derive(Debug)]
pub(super) struct FileOutcome {
    path: String,
    /// What it was taken for.
    kind: &'static str,
    /// Our own verdict first, then that of a tool.
    outcomes: Vec<CheckOutcome>,
    /// What its program accepts, and nobody means.
    pub(super) warnings: Vec<Diagnostic>,
}

/// A file to check.
struct Candidate<'s> {
    path: String,
    kind: &'static str,
    format: Format,
    file: &'s Arc<SourceFile>,
    reading: std::borrow::Cow<'s, Reading>,
    /// Where it lies; `None` for what is inside another file.
    on_disk: Option<PathBuf>,
    /// For messages about a text within another.
    document: Option<&'s Document>,
}

impl Files {
    /// What was found below `path`. `format` says what a file is whose content does not tell.
    pub(super) fn new(path: &Path, setup: Setup, format: Option<Format>) -> Self {
        let is_single = path.is_file() && (format.is_some() || setup.documents().is_empty());
        Self {
            path: path.to_owned(),
            single: if is_single {
                read_single(path, format)
            } else {
                None
            },
            setup,
        }
    }

    /// Whether there is anything that we know.
    pub(super) fn is_recognised(&self) -> bool {
        self.single.is_some() || !self.setup.documents().is_empty()
    }

    /// Judges every file.
    ///
    /// # Errors
    ///
    /// There is nothing to judge.
    pub(super) fn validate(&self, question: &Question<'_>) -> Result<Validated, Box<Diagnostic>> {
        let (candidates, mut unchecked) = self.candidates(question.catalogue.evaluators());
        let products: BTreeSet<Product> = candidates
            .iter()
            .map(|candidate| candidate.format.validator().product)
            .collect();
        let (readers, versions) = readers(&self.setup, &products, question);
        let mut files: Vec<FileOutcome> = candidates
            .par_iter()
            .map(|candidate| judge_file(candidate, &readers, question.toolbox))
            .collect();
        if self.single.is_none() {
            files.extend(compose_files(&self.setup, &mut unchecked));
            let skipped = self.setup.skipped().iter();
            unchecked.extend(skipped.map(|skipped| (skipped.path.clone(), skipped.why.clone())));
        }
        if files.is_empty() {
            return Err(Box::new(
                Diagnostic::error(
                    "validate/nothing",
                    format!(
                        "`{}` holds nothing that can be checked",
                        self.path.display()
                    ),
                )
                .help("name files of Prometheus, Alertmanager, Grafana or Compose, a profile, or a bundle"),
            ));
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        unchecked.sort();
        let asked = candidates
            .iter()
            .filter_map(|candidate| judge(candidate.format));
        Ok(Validated {
            shown: self.path.clone(),
            versions,
            files,
            tools: absent(asked, question),
            unchecked,
        })
    }

    /// Every document of a format that we know, and every file that is of none.
    fn candidates(&self, evaluators: &Evaluators) -> (Vec<Candidate<'_>>, Vec<(String, String)>) {
        if let Some((format, file, reading)) = &self.single {
            let single = Candidate {
                path: self.path.display().to_string(),
                kind: format.validator().what,
                format: *format,
                file,
                reading: std::borrow::Cow::Borrowed(reading),
                on_disk: Some(self.path.clone()),
                document: None,
            };
            return (vec![single], Vec::new());
        }
        let root = if self.path.is_dir() {
            &*self.path
        } else {
            self.path.parent().unwrap_or(Path::new(""))
        };
        let mut candidates: Vec<Candidate<'_>> = Vec::new();
        let mut unchecked = Vec::new();
        let mut first: BTreeSet<&str> = BTreeSet::new();
        for document in self.setup.documents() {
            let is_alone = document.wrapper.is_none();
            let is_first = !is_alone || first.insert(&document.path);
            let Some(format) = document.kind.format() else {
                // Compose files are checked together, and of an export or a mixin what is in it.
                let is_elsewhere = matches!(
                    document.kind,
                    Kind::Compose | Kind::DashboardExport | Kind::Mixin
                );
                if !document.kind.is_background() && !is_elsewhere {
                    unchecked.push((document.path.to_string(), document.kind.as_str().to_owned()));
                }
                continue;
            };
            if !is_first {
                let why = "only the first document of a file is read".to_owned();
                unchecked.push((document.path.to_string(), why));
                continue;
            }
            // Prometheus would refuse what is not written for it, and promtool with it.
            let reader = match document.kind {
                Kind::Rules => evaluators.of_rules(&document.root),
                Kind::Prometheus => evaluators.of_scrape_configuration(&document.root),
                _ => Evaluator::Prometheus,
            };
            if let Some(other) = reader.other_than_prometheus() {
                let why = format!("{} for {other}", document.kind.as_str());
                unchecked.push((document.path.to_string(), why));
                continue;
            }
            let whole = self.whole(document);
            let reading = match &document.syntax_error {
                Some(error) => Err(error.clone()),
                None => Ok(document::Document {
                    problems: document.problems.clone(),
                    ..whole.root.clone().into()
                }),
            };
            candidates.push(Candidate {
                path: document.path.to_string(),
                kind: document.kind.as_str(),
                format,
                file: &document.text,
                reading: std::borrow::Cow::Owned(reading),
                on_disk: is_alone.then(|| root.join(&*document.path)),
                document: Some(document),
            });
        }
        (candidates, unchecked)
    }

    /// What is read to judge a document: of a dashboard within a resource or an export, all of that, since it says how Grafana
    /// takes what it holds.
    fn whole<'s>(&'s self, document: &'s Document) -> &'s Document {
        let holder = document
            .wrapper
            .filter(|_| document.kind == Kind::Dashboard && document.is_part())
            .map(|wrapper| self.setup.document(wrapper));
        let holds = |holder: &&Document| {
            let held = holder.root.get("spec").or(holder.root.get("dashboard"));
            held.is_some_and(|held| held.span == document.root.span)
        };
        holder.filter(holds).unwrap_or(document)
    }
}

impl Validated {
    /// Every outcome, in the order of the files.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &CheckOutcome> {
        let own = self.files.iter().flat_map(|file| &file.outcomes);
        own.chain(&self.tools)
    }

    /// What people read.
    pub(super) fn lines(&self, console: Console) -> String {
        let mut lines = match &*self.versions {
            "" => format!("{}:\n", self.shown.display()),
            versions => format!("{}: for {versions}\n", self.shown.display()),
        };
        let outcomes: Vec<CheckOutcome> = self
            .files
            .iter()
            .flat_map(|file| {
                file.outcomes.iter().map(|outcome| CheckOutcome {
                    // Of our own verdict, what the file was taken for says more than the name of the check.
                    check: match outcome.tool {
                        None => file.kind,
                        Some(_) => outcome.check,
                    },
                    ..outcome.clone()
                })
            })
            .chain(self.tools.iter().cloned())
            .collect();
        lines.push_str(&outcome_lines(&outcomes, console));
        for (path, why) in &self.unchecked {
            lines.push_str(&format!("  not checked: {path}: {why}\n"));
        }
        lines
    }

    /// What programs read.
    pub(super) fn json(&self) -> Value {
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|file| {
                json!({
                    "file": file.path,
                    "kind": file.kind,
                    "checks": file.outcomes.iter().map(outcome_json).collect::<Vec<Value>>(),
                })
            })
            .collect();
        let unchecked: Vec<Value> = self
            .unchecked
            .iter()
            .map(|(path, why)| json!({"file": path, "why": why}))
            .collect();
        json!({
            "path": self.shown.to_string_lossy(),
            "versions": self.versions,
            "files": files,
            "tools": self.tools.iter().map(outcome_json).collect::<Vec<Value>>(),
            "unchecked": unchecked,
        })
    }
}

/// Who is to read the files: as asked for, else as pinned, else the newest. Of `products`, that is told.
fn readers(
    setup: &Setup,
    products: &BTreeSet<Product>,
    question: &Question<'_>,
) -> (Readers<'static>, String) {
    let pinned = pinned_versions(setup, question.catalogue);
    let mut readers = Readers::default();
    let mut told = Vec::new();
    for (product, wanted, program) in [
        (
            Product::Prometheus,
            question.wanted.prometheus,
            "prometheus",
        ),
        (
            Product::Alertmanager,
            question.wanted.alertmanager,
            "alertmanager",
        ),
        (Product::Grafana, question.wanted.grafana, "grafana"),
    ] {
        let (version, why) = match (wanted, pinned.get(program)) {
            (Some(version), _) => (version, "as asked".to_owned()),
            (None, Some(version)) => (*version, "its image".to_owned()),
            (None, None) => (
                product.newest(),
                format!("the newest known; `--{program}` asks for another"),
            ),
        };
        readers = readers.with(product, version);
        if products.contains(&product) {
            let number = short(version);
            told.push(format!("{} {number} ({why})", product.as_str()));
        }
    }
    (readers, told.join(", "))
}

/// A file whose content may not tell what it is. `None` where nothing does.
fn read_single(path: &Path, format: Option<Format>) -> Option<(Format, Arc<SourceFile>, Reading)> {
    let bytes = std::fs::read(path).ok()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (file, not_text) = match SourceFile::decode(path, &bytes) {
        Ok(file) => (file, None),
        Err(undecodable) => (undecodable.file, Some(undecodable.span)),
    };
    let (format, reading) = match format {
        Some(format) => (format, format.validator().read(&file)),
        None => Format::guess(file.text(), &name)?,
    };
    let reading = match not_text {
        Some(span) => Err(document::SyntaxError {
            problem: document::Problem::Syntax,
            message: "these bytes are not UTF-8".into(),
            span,
            first: None,
            help: Some("save the file as UTF-8".into()),
        }),
        None => reading,
    };
    Some((format, Arc::new(file), reading))
}

fn judge_file(candidate: &Candidate<'_>, readers: &Readers<'_>, toolbox: &Toolbox) -> FileOutcome {
    let validator = candidate.format.validator();
    let directory = candidate.on_disk.as_deref().and_then(Path::parent);
    let included =
        |pattern: &str| directory.map_or_else(Vec::new, |directory| matching(directory, pattern));
    let readers = Readers {
        included: directory.is_some().then_some(&included),
        ..*readers
    };
    let found = validator.check(candidate.file, &candidate.reading, &readers);
    let placed = found.into_iter().map(|found| match candidate.document {
        Some(document) => document.relocated(found),
        None => found,
    });
    let (errors, warnings): (Vec<Diagnostic>, Vec<Diagnostic>) =
        placed.partition(|found| found.level == Level::Error);
    let is_accepted = errors.is_empty();
    let own = CheckOutcome {
        check: validator.name,
        subject: candidate.path.clone(),
        tool: None,
        verdict: if is_accepted {
            Verdict::Passed
        } else {
            Verdict::Failed(errors)
        },
    };
    let theirs = candidate.on_disk.as_deref().and_then(|path| {
        let judged = Judged {
            path,
            format: candidate.format,
            file: candidate.file,
            reading: &candidate.reading,
            readers: &readers,
            is_accepted,
        };
        let outcome = compare(&judged, toolbox)?;
        Some(CheckOutcome {
            subject: candidate.path.clone(),
            ..outcome
        })
    });
    FileOutcome {
        path: candidate.path.clone(),
        kind: candidate.kind,
        outcomes: std::iter::once(own).chain(theirs).collect(),
        warnings,
    }
}

/// The files below `directory` that a pattern with `*` and `?` names, in the order of their paths.
fn matching(directory: &Path, pattern: &str) -> Vec<Arc<SourceFile>> {
    let whole = directory.join(pattern);
    let (Some(parent), Some(wanted)) = (whole.parent(), whole.file_name()) else {
        return Vec::new();
    };
    let wanted = wanted.to_string_lossy();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| fits(&wanted, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| text_of(path)).collect()
}

fn text_of(path: &Path) -> Option<Arc<SourceFile>> {
    let bytes = std::fs::read(path).ok()?;
    SourceFile::decode(path, &bytes).ok().map(Arc::new)
}

/// Every Compose file: by itself, or where it is only part of one, laid over the file that its directory is named after. What is
/// only there to be extended from is checked with what extends it.
fn compose_files(setup: &Setup, unchecked: &mut Vec<(String, String)>) -> Vec<FileOutcome> {
    let extended = extended(setup);
    let profiles = ["*".to_owned()];
    let read = |path: &Path| text_of(path);
    let check = |files: &[Arc<SourceFile>]| {
        let options = ComposeOptions {
            profiles: &profiles,
            files: Some(&read),
            ..ComposeOptions::new(NEWEST_COMPOSE)
        };
        check_compose(files, &options)
    };
    let is_valid = |found: &[Diagnostic]| found.iter().all(|found| found.level != Level::Error);
    let mut bases: BTreeMap<&str, &Document> = BTreeMap::new();
    let directory = |document: &'_ Document| document.path.len() - document.name.len();
    for document in setup.of_kind(Kind::Compose) {
        if matches!(
            &*document.name,
            "compose.yaml" | "compose.yml" | "docker-compose.yml" | "docker-compose.yaml"
        ) {
            bases.insert(&document.path[..directory(document)], document);
        }
    }
    setup
        .of_kind(Kind::Compose)
        .filter(|document| document.wrapper.is_none())
        .filter_map(|document| {
            let mut found = check(&[Arc::clone(&document.text)]);
            let mut kind = document.kind.as_str();
            let base = bases
                .get(&document.path[..directory(document)])
                .filter(|base| base.id != document.id);
            if !is_valid(&found) && extended.contains(&document.id) {
                let why = "services for others to extend, checked with them".to_owned();
                unchecked.push((document.path.to_string(), why));
                return None;
            }
            if !is_valid(&found)
                && let Some(base) = base
            {
                kind = "compose overlay";
                found = check(&[Arc::clone(&base.text), Arc::clone(&document.text)]);
            }
            let (errors, warnings): (Vec<Diagnostic>, Vec<Diagnostic>) = found
                .into_iter()
                .partition(|found| found.level == Level::Error);
            Some(FileOutcome {
                path: document.path.to_string(),
                kind,
                outcomes: vec![CheckOutcome {
                    check: "compose/config",
                    subject: document.path.to_string(),
                    tool: None,
                    verdict: if errors.is_empty() {
                        Verdict::Passed
                    } else {
                        Verdict::Failed(errors)
                    },
                }],
                warnings,
            })
        })
        .collect()
}

/// One outcome for every tool that would have been asked and is not there.
fn absent(asked: impl Iterator<Item = Tool>, question: &Question<'_>) -> Vec<CheckOutcome> {
    let wanted: BTreeSet<Tool> = asked.chain(question.required.iter().copied()).collect();
    wanted
        .into_iter()
        .filter_map(|tool| {
            let reason = question.toolbox.find(tool).err()?;
            let verdict = if question.required.contains(&tool) {
                Verdict::Failed(vec![Diagnostic::error(
                    tool.name(),
                    format!("`{tool}` is required, but was not found: {reason}"),
                )])
            } else {
                Verdict::Skipped(reason.to_owned())
            };
            Some(CheckOutcome {
                check: tool.name(),
                subject: "not asked".to_owned(),
                tool: None,
                verdict,
            })
        })
        .collect()
}
