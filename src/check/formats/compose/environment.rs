//! Files that services take their environment and labels from.

use std::path::Path;
use std::sync::Arc;

use super::dotenv;
use super::project::{Project, joined, known_text};
use super::variable::{Flaw, Variable};
use crate::document::{Entry, Tag, Value};
use crate::source::SourceFile;

/// Files that a service takes its environment and labels from.
pub(super) fn check(
    project: &mut Project<'_>,
    service: &Entry,
    directory: &Path,
    lookup: &dyn Fn(&str) -> Variable,
) {
    if project.options.files.is_none() {
        return;
    }
    let node = &service.value;
    for (key, is_environment) in [("env_file", true), ("label_file", false)] {
        let Some(listed) = node.get(key) else {
            continue;
        };
        let alone = [listed.clone()];
        let items = match &listed.value {
            Value::Sequence(items) => &items[..],
            _ => &alone,
        };
        for item in items {
            let path_node = item.get("path").unwrap_or(item);
            let Some(path) = known_text(path_node) else {
                continue;
            };
            let is_required = item.get("required").is_none_or(|required| {
                !matches!(required.value, Value::Bool(false)) && &*required.text != "false"
            });
            let format = item.get("format").and_then(|format| known_text(format));
            let span = path_node.span;
            let whole = match path_node.tag {
                Some(Tag::Joined) => path.into(),
                _ => joined(directory, path),
            };
            let Some(file) = project.file(&whole) else {
                if is_required {
                    let message = format!("the file `{path}` is not there");
                    let help = if is_environment {
                        "create it, or allow its absence: `{path: …, required: false}`"
                    } else {
                        "create it"
                    };
                    project.error("missing-file", span, message).help = Some(help.into());
                }
                continue;
            };
            match format {
                Some("raw") => {
                    let read = dotenv::check_raw(file.text());
                    report(project, &file, read);
                }
                Some(format) if !format.is_empty() => {
                    let at = item.get("format").map_or(span, |format| format.span);
                    let message = format!("`{format}` is not a format of environment files");
                    project.error("unknown-value", at, message).help =
                        Some("use `raw`, or remove `format`".into());
                }
                _ => {
                    report_environment(project, &file, lookup);
                }
            }
        }
    }
}

/// Reads a file of environment variables and says what is wrong with it.
pub(super) fn report_environment(
    project: &mut Project<'_>,
    file: &Arc<SourceFile>,
    lookup: &dyn Fn(&str) -> Variable,
) -> dotenv::Variables {
    let read = dotenv::read(file.text(), lookup);
    report(project, file, read)
}

fn report<T: Default>(
    project: &mut Project<'_>,
    file: &Arc<SourceFile>,
    read: Result<T, Flaw>,
) -> T {
    match read {
        Ok(read) => read,
        Err(flaw) => {
            let start = project.add(file);
            let defect = if flaw.is_missing {
                "missing-variable"
            } else {
                "invalid-env-file"
            };
            project
                .error(defect, flaw.span.shifted(start), flaw.message)
                .help = Some(flaw.help);
            T::default()
        }
    }
}
