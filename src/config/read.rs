//! From a tree of the right shape to what it means.

use std::sync::Arc;

use super::{Config, Named};
use crate::diagnostic::{Diagnostic, Level, Location};
use crate::document::{Node, Value};
use crate::facts::suppression::{LintName, Scope, Suppression};
use crate::lint::options::{Form, OPTIONS};
use crate::lint::{PathPattern, PathRule};
use crate::quantity::{Date, Duration};
use crate::source::{SourceFile, Span};

/// What a tree of the shape of [`super::json_schema`] means.
///
/// # Errors
///
/// What no schema can tell: patterns, dates and durations that are none, suppressions of nothing.
pub(super) fn config(file: &Arc<SourceFile>, tree: &Node) -> Result<Config, Vec<Diagnostic>> {
    let mut reader = Reader {
        file,
        problems: Vec::new(),
    };
    let mut config = Config {
        select: texts(tree.get("select")),
        ignore: texts(tree.get("ignore")),
        baseline: text(tree.get("baseline")),
        ..Config::default()
    };
    for (name, setting) in entries(tree.get("lints")) {
        reader.lint(&mut config, name, setting);
    }
    for entry in tree.get("paths").map_or(&[][..], |node| node.entries()) {
        let rule = reader.path_rule(&entry.key.text, entry.key.span, &entry.value);
        config.paths.extend(rule);
    }
    for (program, version) in entries(tree.get("versions")) {
        match version.scalar_text().parse() {
            Ok(version) => {
                config.versions.insert(program.to_owned(), version);
            }
            Err(error) => reader.wrong(version.span, error),
        }
    }
    let files = tree.get("catalogue").and_then(|node| node.get("files"));
    config.metrics = items(files)
        .map(|node| Named {
            path: node.scalar_text().to_owned(),
            location: Location::new(file, node.span),
        })
        .collect();
    for item in items(tree.get("suppress")) {
        config.suppressions.extend(reader.suppression(item));
    }
    match reader.problems.is_empty() {
        true => Ok(config),
        false => Err(reader.problems),
    }
}

struct Reader<'r> {
    file: &'r Arc<SourceFile>,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: impl ToString) {
        let problem = Diagnostic::error("config/wrong-value", message.to_string());
        self.problems.push(problem.at(self.file, span));
    }

    fn lint(&mut self, config: &mut Config, name: &str, setting: &Node) {
        let level = match &setting.value {
            Value::Mapping(_) => setting.get("level").map(|node| node.scalar_text()),
            _ => Some(setting.scalar_text()),
        };
        if let Some(level) = level {
            config.levels.insert(name.to_owned(), level_named(level));
        }
        for option in OPTIONS.iter().filter(|option| option.lint == name) {
            let Some(value) = setting.get(option.key) else {
                continue;
            };
            if option.form == Form::Duration
                && let Err(error) = value.scalar_text().parse::<Duration>()
            {
                self.wrong(value.span, error);
            }
            option.set(&mut config.options, &value.to_json());
        }
    }

    fn path_rule(&mut self, pattern: &str, key: Span, setting: &Node) -> Option<PathRule> {
        let report = match &setting.value {
            Value::Mapping(_) => setting
                .get("report")
                .map_or("everything", |node| node.scalar_text()),
            _ => setting.scalar_text(),
        };
        let files = PathPattern::new(pattern)
            .map_err(|error| self.wrong(key, error))
            .ok()?;
        Some(PathRule {
            files,
            lowest: match report {
                "errors" => Some(Level::Error),
                "warnings" => Some(Level::Warning),
                "nothing" => None,
                _ => Some(Level::Info),
            },
            ignore: texts(setting.get("ignore")),
        })
    }

    fn suppression(&mut self, node: &Node) -> Option<Suppression> {
        let until = node.get("until").and_then(|node| {
            let date = node.scalar_text().parse::<Date>();
            date.map_err(|error| self.wrong(node.span, error)).ok()
        });
        let panel = node.get("panel");
        let ref_id = node.get("refId");
        let scope = match (node.get("dashboard"), node.get("files")) {
            (Some(uid), None) => Scope::Dashboard {
                uid: uid.scalar_text().to_owned(),
                panel: panel.and_then(|node| node.scalar_text().parse().ok()),
                ref_id: text(ref_id),
            },
            (None, Some(pattern)) if panel.is_none() && ref_id.is_none() => {
                let checked = PathPattern::new(pattern.scalar_text());
                checked
                    .map_err(|error| self.wrong(pattern.span, error))
                    .ok()?;
                Scope::Files(pattern.scalar_text().to_owned())
            }
            (Some(_), Some(files)) => {
                self.wrong(
                    files.span,
                    "a suppression has either `dashboard` or `files`",
                );
                return None;
            }
            (None, _) => {
                let message = "a suppression says where it holds: in a `dashboard`, or in `files`";
                self.wrong(head(self.file, node), message);
                return None;
            }
        };
        Some(Suppression {
            lints: items(node.get("lints"))
                .map(|name| LintName {
                    text: name.scalar_text().to_owned(),
                    location: Location::new(self.file, name.span),
                })
                .collect(),
            reason: text(node.get("reason"))
                .unwrap_or_default()
                .trim()
                .to_owned(),
            until,
            scope,
            location: Location::new(self.file, head(self.file, node)),
        })
    }
}

/// The first line of a table.
fn head(file: &SourceFile, node: &Node) -> Span {
    let line = file.line_span(file.position(node.span.start()).line);
    Span::new(node.span.start(), line.end().max(node.span.start()))
}

fn level_named(word: &str) -> Option<Level> {
    match word {
        "error" => Some(Level::Error),
        "warning" => Some(Level::Warning),
        "info" => Some(Level::Info),
        _ => None,
    }
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    node.map_or(&[][..], |node| node.entries())
        .iter()
        .map(|entry| (&*entry.key.text, &entry.value))
}

fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    node.map_or(&[][..], |node| node.items()).iter()
}

fn text(node: Option<&Node>) -> Option<String> {
    node.map(|node| node.scalar_text().to_owned())
}

fn texts(node: Option<&Node>) -> Vec<String> {
    items(node)
        .map(|node| node.scalar_text().to_owned())
        .collect()
}
