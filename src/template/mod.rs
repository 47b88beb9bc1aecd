//! The templates: embedded, overridden by the user, and the one MiniJinja environment.
//!
//! Delimiters are `<{ value }>`, `<% block %>` and `<# comment #>`, because Jinja's own collide with
//! Go templates and Grafana legends. Whatever a `*.yml.j2`, `*.yaml.j2`, `*.json.j2` or `*.lua.j2`
//! prints comes out as a literal of that language. Nothing outside this module knows MiniJinja.

mod embedded;
mod literal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior};
use serde::Serialize;

pub use embedded::{data, file, files};
pub use literal::{
    comment as yaml_comment, go_template, markdown_cell, promql_string, regex_literal, yaml_block,
    yaml_string,
};

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// Instructions that one template may take: 10,000 targets with an exporter each need less than a third of it, and an
/// endless loop ends within a second.
const FUEL: u64 = 10_000_000;

/// A template that cannot be read, parsed or rendered.
#[derive(Debug, Clone)]
pub struct TemplateError {
    /// What is wrong, in one line.
    pub message: String,
    /// The template's text.
    pub file: Arc<SourceFile>,
    /// Where in it.
    pub span: Span,
}

impl TemplateError {
    /// As a diagnostic.
    pub fn into_diagnostic(self) -> Diagnostic {
        Diagnostic::error("template/does-not-render", self.message)
            .at(&self.file, self.span)
            .help("the values a template can use are listed in docs/templates.md")
    }
}

/// Why a directory of overrides cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OverrideError {
    /// It cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing of ours has this path, so it would never be used.
    #[error("`{}` overrides no template of ours{}", path.display(), suggestion.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?")))]
    Unknown {
        /// Path inside the directory.
        path: PathBuf,
        /// The nearest template.
        suggestion: Option<String>,
    },
}

/// All templates, ready to render.
pub struct Templates {
    environment: Environment<'static>,
    overrides: BTreeMap<String, Arc<SourceFile>>,
}

impl Templates {
    /// Those in the binary.
    pub fn embedded() -> Self {
        Self::new(BTreeMap::new())
    }

    /// Those in the binary, except where `directory` has a file of the same path
    /// (`stack/prometheus/prometheus.yml.j2`).
    ///
    /// # Errors
    ///
    /// An unreadable file, or one that overrides nothing.
    pub fn with_overrides(directory: &Path) -> Result<Self, OverrideError> {
        let unreadable = |path: &Path, source| OverrideError::Unreadable {
            path: path.into(),
            source,
        };
        let metadata =
            std::fs::metadata(directory).map_err(|source| unreadable(directory, source))?;
        if !metadata.is_dir() {
            let source = std::io::ErrorKind::NotADirectory.into();
            return Err(unreadable(directory, source));
        }
        let mut overrides = BTreeMap::new();
        for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(directory).to_owned();
                unreadable(&path, error.into())
            })?;
            if !entry.file_type().is_file() {
                continue;
            }
            let text = std::fs::read_to_string(entry.path())
                .map_err(|source| unreadable(entry.path(), source))?;
            let inside = entry.path().strip_prefix(directory).unwrap_or(entry.path());
            let name = inside.to_string_lossy().replace('\\', "/");
            // The catalogue's data is read when the program is built; a changed copy would change nothing.
            if !is_template(&name) || embedded::file(&name).is_none() {
                return Err(OverrideError::Unknown {
                    path: inside.into(),
                    suggestion: files()
                        .map(|(path, _)| path)
                        .filter(|path| is_template(path))
                        .min_by_key(|path| strsim::levenshtein(path, &name))
                        .map(Into::into),
                });
            }
            overrides.insert(name, Arc::new(SourceFile::new(entry.path(), text)));
        }
        Ok(Self::new(overrides))
    }

    fn new(overrides: BTreeMap<String, Arc<SourceFile>>) -> Self {
        let mut environment = Environment::new();
        let syntax = minijinja::syntax::SyntaxConfig::builder()
            .block_delimiters("<%", "%>")
            .variable_delimiters("<{", "}>")
            .comment_delimiters("<#", "#>")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("internal error: the delimiters are distinct and not empty");
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_debug(false);
        // A template that a user overrides must not be able to hang the tool.
        environment.set_fuel(Some(FUEL));
        environment.remove_filter("safe");
        environment.set_auto_escape_callback(|name| {
            match name
                .strip_suffix(".j2")
                .and_then(|name| name.rsplit('.').next())
            {
                Some("yml" | "yaml") => AutoEscape::Custom("yaml".into()),
                Some("json") => AutoEscape::Custom("json".into()),
                Some("lua") => AutoEscape::Custom("lua".into()),
                _ => AutoEscape::None,
            }
        });
        environment.set_formatter(write_literal);
        environment.add_filter("block", |text: Cow<'_, str>, indent: usize| {
            Value::from_safe_string(literal::yaml_block(&text, indent))
        });
        environment.add_filter("comment", |text: Cow<'_, str>, indent: Option<usize>| {
            Value::from_safe_string(literal::comment(&text, indent.unwrap_or(0)))
        });
        environment.add_filter("promql", |text: Cow<'_, str>| literal::promql_string(&text));
        environment.add_filter("regex", |text: Cow<'_, str>| literal::regex_literal(&text));
        environment.add_filter("go_template", |text: Cow<'_, str>| {
            literal::go_template(&text)
        });
        environment.add_filter("relabel", |text: Cow<'_, str>| text.replace('$', "$$"));
        environment.add_filter("cell", |text: Cow<'_, str>| literal::markdown_cell(&text));
        let sources = overrides.clone();
        environment.set_loader(move |name| {
            Ok(sources
                .get(name)
                .map(|file| file.text().to_owned())
                .or_else(|| embedded::file(name).map(Into::into)))
        });
        Self {
            environment,
            overrides,
        }
    }

    /// Renders the file at `path` under `templates/`.
    ///
    /// # Errors
    ///
    /// A template that does not parse, or that uses a value which is not there.
    pub fn render<S: Serialize>(&self, path: &str, context: &S) -> Result<String, TemplateError> {
        self.environment
            .get_template(path)
            .and_then(|template| template.render(Value::from(Serde(context))))
            .map_err(|error| self.error(path, None, &error))
    }

    /// Renders a text that is data (an alert's expression, a panel's query). Nothing is escaped:
    /// what it prints is escaped when it is itself a value of a template.
    ///
    /// # Errors
    ///
    /// As [`Self::render`]; `name` is what the error shows as the file.
    pub fn render_inline<S: Serialize>(
        &self,
        name: &str,
        source: &str,
        context: &S,
    ) -> Result<String, TemplateError> {
        // Most data needs no rendering, and compiling costs more than looking.
        if !source.contains("<{") && !source.contains("<%") && !source.contains("<#") {
            return Ok(source.to_owned());
        }
        self.environment
            .render_named_str(name, source, Value::from(Serde(context)))
            .map_err(|error| self.error(name, Some(source), &error))
    }

    fn error(&self, path: &str, source: Option<&str>, error: &minijinja::Error) -> TemplateError {
        let name = error.name().unwrap_or(path);
        let file = self.overrides.get(name).cloned().unwrap_or_else(|| {
            let text = source
                .filter(|_| name == path)
                .or_else(|| embedded::file(name))
                .unwrap_or_default();
            Arc::new(SourceFile::new(format!("templates/{name}"), text))
        });
        let span = error.range().map_or_else(
            || file.line_span(error.line().unwrap_or(1)),
            |range| Span::new(range.start, range.end),
        );
        let what = match error.kind() {
            ErrorKind::UndefinedError => {
                let written = file
                    .text()
                    .get(span.start()..span.end())
                    .unwrap_or_default()
                    .trim();
                format!("`{written}` is not a value that this template is given")
            }
            ErrorKind::TemplateNotFound => format!("there is no template `{path}`"),
            ErrorKind::OutOfFuel => "this template does not come to an end".into(),
            _ => error
                .detail()
                .map_or_else(|| error.kind().to_string(), ToOwned::to_owned),
        };
        TemplateError {
            message: what,
            file,
            span,
        }
    }
}

/// Whether a file under `templates/` is a template, and not data of the catalogue.
pub fn is_template(path: &str) -> bool {
    path.ends_with(".j2")
}

fn write_literal(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    if value.is_undefined() {
        return Err(minijinja::Error::from(ErrorKind::UndefinedError));
    }
    if value.is_safe() {
        return out
            .write_str(value.as_str().unwrap_or_default())
            .map_err(minijinja::Error::from);
    }
    let text = match state.auto_escape() {
        AutoEscape::Custom(name) if name == "yaml" => literal::yaml(value)?,
        AutoEscape::Custom(name) if name == "lua" => value
            .as_str()
            .map_or_else(|| value.to_string(), literal::lua_string),
        AutoEscape::Custom(name) if name == "json" => {
            serde_json::to_string(value).map_err(|error| {
                minijinja::Error::new(ErrorKind::BadSerialization, error.to_string())
            })?
        }
        _ => value.to_string(),
    };
    out.write_str(&text).map_err(minijinja::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_as_literals_of_the_language() {
        let templates = Templates::embedded();
        let context = serde_json::json!({"name": "a: \"b\"", "list": ["x", "yes"], "number": 0.5});
        let render = |name: &str, source: &str| templates.render_inline(name, source, &context);
        assert_eq!(
            render(
                "a.yml.j2",
                "a: <{ name }>\nb: <{ list }>\nc: <{ number }>\n"
            )
            .unwrap(),
            "a: 'a: \"b\"'\nb: [x, \"yes\"]\nc: 0.5\n"
        );
        assert_eq!(render("a.json.j2", "<{ name }>").unwrap(), r#""a: \"b\"""#);
        assert_eq!(render("a.lua.j2", "<{ name }>").unwrap(), r#""a: \"b\"""#);
        assert_eq!(render("a.md.j2", "<{ name }>").unwrap(), "a: \"b\"");
    }

    #[test]
    fn an_undefined_value_is_named_with_its_place() {
        let error = Templates::embedded()
            .render_inline("x.yml.j2", "a: 1\nb: <{ nope }>\n", &serde_json::json!({}))
            .unwrap_err();
        assert_eq!(
            error.message,
            "`nope` is not a value that this template is given"
        );
        assert_eq!(error.file.position(error.span.start()).line, 2);
    }

    #[test]
    fn no_template_can_switch_escaping_off() {
        for (path, text) in files() {
            assert!(
                !text.contains("|safe") && !text.contains("| safe"),
                "{path}"
            );
            assert!(!text.contains("autoescape"), "{path}");
        }
        let error = Templates::embedded()
            .render_inline("x.yml.j2", "<{ 'a'|safe }>", &serde_json::json!({}))
            .unwrap_err();
        assert!(error.message.contains("safe"), "{}", error.message);
    }
}
