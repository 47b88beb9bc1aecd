//! What the tools say, as diagnostics with places where they name one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// The files of a bundle that messages point into, each read at most once.
pub(super) struct Texts {
    root: PathBuf,
    shown: PathBuf,
    read: BTreeMap<String, Option<Arc<SourceFile>>>,
}

impl Texts {
    /// Messages show a file of `root` below `shown`.
    pub(super) fn new(root: &Path, shown: &Path) -> Self {
        Self {
            root: root.to_owned(),
            shown: shown.to_owned(),
            read: BTreeMap::new(),
        }
    }

    /// The file at `path`, relative to the bundle.
    fn get(&mut self, path: &str) -> Option<Arc<SourceFile>> {
        if let Some(read) = self.read.get(path) {
            return read.clone();
        }
        let file = fs::read(self.root.join(path)).ok().map(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Arc::new(SourceFile::new(self.shown.join(path), text))
        });
        self.read.insert(path.to_owned(), file.clone());
        file
    }
}

/// A diagnostic about `subject` as a whole.
pub(super) fn about(
    id: &'static str,
    message: impl Into<String>,
    subject: &str,
    texts: &mut Texts,
) -> Diagnostic {
    place(Diagnostic::error(id, message), texts.get(subject), None)
}

fn place(diagnostic: Diagnostic, file: Option<Arc<SourceFile>>, span: Option<Span>) -> Diagnostic {
    match file {
        Some(file) => diagnostic.at(&file, span.unwrap_or_default()),
        None => diagnostic,
    }
}

/// One finding while its lines are being collected.
struct Finding {
    message: String,
    file: Option<Arc<SourceFile>>,
    span: Option<Span>,
}

/// Reads findings about `subject` out of what a tool said. `speaker` opens every message: `promtool check rules`.
pub(super) fn read(
    id: &'static str,
    speaker: &str,
    said: &str,
    subject: &str,
    texts: &mut Texts,
) -> Vec<Diagnostic> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut current = texts.get(subject);
    // Whether the next line may continue the last finding.
    let mut open = false;
    for line in said.lines() {
        let line = match line.split_once("FAILED:") {
            Some((_, rest)) => {
                open = false;
                rest.trim()
            }
            None => line.trim(),
        };
        if line.is_empty() || is_noise(line) {
            open = false;
            current = texts.get(subject);
            continue;
        }
        let line = line.strip_prefix("amtool: error: ").unwrap_or(line);
        let (line, position, named) = if let Some((file, rest)) = in_file(line, texts) {
            current = Some(file);
            let (position, rest) = leading_position(rest);
            (rest, position, true)
        } else if let Some((file, line, rest)) = in_template(line, subject, texts) {
            current = Some(file);
            (rest, Some((line, 1)), true)
        } else {
            (line, None, false)
        };
        let line = line.strip_prefix("yaml: ").unwrap_or(line);
        if line == "unmarshal errors:" {
            open = false;
            continue;
        }
        let numbered = leading_line(line);
        let (span, message) = match (position, numbered, current.as_deref()) {
            (Some((line, column)), _, Some(file)) => (Some(rest_of_line(file, line, column)), None),
            (_, Some((line, message)), Some(file)) => {
                (Some(rest_of_line(file, line, 1)), Some(message))
            }
            _ => (None, None),
        };
        let first = named || span.is_some() || opens_finding(line) || !open;
        let message = collapse(message.unwrap_or(line));
        if first {
            findings.push(Finding {
                message,
                file: current.clone(),
                span,
            });
            open = true;
        } else if let Some(finding) = findings.last_mut() {
            finding.message.push(' ');
            finding.message.push_str(&message);
        }
    }
    findings
        .into_iter()
        .map(|finding| {
            let span = finding.span.or_else(|| {
                finding
                    .file
                    .as_deref()
                    .and_then(|file| test_case(file, &finding.message))
            });
            let message = format!("{speaker}: {}", finding.message);
            place(Diagnostic::error(id, message), finding.file, span)
        })
        .collect()
}

/// Lines that report progress or repeat what the exit status says.
fn is_noise(line: &str) -> bool {
    let starts = [
        "Checking ",
        "SUCCESS",
        "Found:",
        "- ",
        "Unit Testing:",
        "WARNING:",
        "Warning:",
        "amtool: error: failed to validate",
        "time=",
        // The name of a group of unit tests; the case that follows says more.
        "name: ",
    ];
    starts.iter().any(|start| line.starts_with(start)) || line.ends_with("SUCCESS")
}

/// Lines that begin a finding even directly after another one.
fn opens_finding(line: &str) -> bool {
    ["alertname: ", "expr: ", "lint error "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// `rules/a.yml: rest`, where that file exists.
fn in_file<'a>(line: &'a str, texts: &mut Texts) -> Option<(Arc<SourceFile>, &'a str)> {
    let line = ["parsing YAML file ", "validating "]
        .iter()
        .find_map(|start| line.strip_prefix(start))
        .unwrap_or(line);
    let (path, rest) = line.split_once(": ")?;
    // Words that are no path must not be looked up: `yaml: …` in a directory that holds a file `yaml`.
    if !path.ends_with(".yml") && !path.ends_with(".yaml") {
        return None;
    }
    Some((texts.get(path)?, rest))
}

/// `template: title.tmpl:2: rest`: Go's template reader knows files by their bare name. Ours lie beside the configuration.
fn in_template<'a>(
    line: &'a str,
    subject: &str,
    texts: &mut Texts,
) -> Option<(Arc<SourceFile>, usize, &'a str)> {
    let (name, rest) = line.strip_prefix("template: ")?.split_once(':')?;
    let (line, rest) = rest.split_once(": ")?;
    // Execution errors carry a column as well.
    let line = line.split(':').next()?.parse().ok()?;
    let (directory, _) = subject.rsplit_once('/')?;
    let file = texts.get(&format!("{directory}/templates/{name}"))?;
    Some((file, line, rest))
}

/// `5:15: rest`: line and column, both from one.
fn leading_position(text: &str) -> (Option<(usize, usize)>, &str) {
    let parse = || {
        let (line, rest) = text.split_once(':')?;
        let (column, rest) = rest.split_once(": ")?;
        Some(((line.parse().ok()?, column.parse().ok()?), rest))
    };
    match parse() {
        Some((position, rest)) => (Some(position), rest),
        None => (None, text),
    }
}

/// `line 8: rest`.
fn leading_line(text: &str) -> Option<(usize, &str)> {
    let (line, rest) = text.strip_prefix("line ")?.split_once(": ")?;
    Some((line.parse().ok()?, rest))
}

/// From `column` to the end of the line, both counted from one; without the indentation.
fn rest_of_line(file: &SourceFile, line: usize, column: usize) -> Span {
    let span = file.line_span(line);
    let text = &file.text()[span.start()..span.end()];
    let start = text
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(text.len(), |(offset, _)| offset);
    let indentation = text[start..].len() - text[start..].trim_start().len();
    Span::new(
        span.start() + start + indentation,
        span.end().max(span.start() + start + indentation),
    )
}

/// The line of a test file that a failed case stands on: promtool names the alert or expression and the time, not the
/// line. `None` unless exactly one place fits.
fn test_case(file: &SourceFile, message: &str) -> Option<Span> {
    let (key, rest) = ["alertname", "expr"]
        .iter()
        .find_map(|key| Some((*key, message.strip_prefix(key)?.strip_prefix(": ")?)))?;
    let (subject, rest) = rest.split_once(", time: ")?;
    let (time, _) = rest.split_once(',')?;
    let subject = unquote(subject);
    let lines: Vec<&str> = file.text().lines().collect();
    let says = |line: &str, key: &str, value: &str| {
        line.trim_start()
            .trim_start_matches("- ")
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|rest| unquote(rest.trim()) == value)
    };
    let starts_case = |index: &usize| lines[*index].trim_start().starts_with("- ");
    // The two keys of one case are neighbours, in either order.
    let mut fitting = (0..lines.len()).filter(|&index| {
        let above = index.checked_sub(1).filter(|_| !starts_case(&index));
        let below = Some(index + 1).filter(|below| *below < lines.len() && !starts_case(below));
        says(lines[index], key, subject)
            && [above, below]
                .into_iter()
                .flatten()
                .any(|index| says(lines[index], "eval_time", time))
    });
    let index = fitting.next()?;
    fitting
        .next()
        .is_none()
        .then(|| rest_of_line(file, index + 1, 1))
}

fn unquote(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
