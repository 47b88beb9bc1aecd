//! `# stackwright: ignore[area/defect] reason`: what comments ask not to be told, and where.

use crate::diagnostic::Location;
use crate::document::{Node, Value};
use crate::quantity::{Date, DateError};
use crate::setup::{Document, Kind, Setup};
use crate::source::Span;

/// Findings that somebody does not want to hear of.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Ids or areas of lints.
    pub lints: Vec<LintName>,
    /// Why; empty where it does not say.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Where it holds.
    pub scope: Scope,
    /// Where it is written.
    pub location: Location,
}

/// The name of a lint or an area, as written.
#[derive(Debug, Clone)]
pub struct LintName {
    /// The name.
    pub text: String,
    /// Where it is written.
    pub location: Location,
}

/// Where a [`Suppression`] holds.
#[derive(Debug, Clone)]
pub enum Scope {
    /// What begins at one of these bytes of a file.
    Here(Location),
    /// Every file at or below a path that matches.
    Files(String),
    /// Every dashboard of that uid, as far as these panels and queries.
    Dashboard {
        /// Its `uid`.
        uid: String,
        /// The `id` of one of its panels.
        panel: Option<i64>,
        /// The `refId` of one of its queries.
        ref_id: Option<String>,
    },
}

/// A comment that begins like a suppression and is none.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// Where it is wrong.
    pub location: Location,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

/// What the comments of a setup ask for.
#[derive(Debug, Default)]
pub struct Suppressions {
    /// Those that can be read.
    pub known: Vec<Suppression>,
    /// Those that cannot.
    pub unreadable: Vec<Unreadable>,
}

const FORM: &str = "write `# stackwright: ignore[area/defect] reason`";

/// Reads every comment of a setup.
pub(super) fn suppressions(setup: &Setup) -> Suppressions {
    let mut found = Suppressions::default();
    for document in setup
        .documents()
        .iter()
        .filter(|document| !document.is_part())
    {
        let mut layout = None;
        for span in comments(document) {
            let text = document.text.text();
            let Some(comment) = text.get(span.start()..span.end()) else {
                continue;
            };
            let Some(start) = directive(comment) else {
                continue;
            };
            let comment = Comment {
                document,
                layout: layout.get_or_insert_with(|| Layout::of(document)),
                span,
                body: Span::new(span.start() + start, span.end()),
            };
            match comment.read() {
                Ok(suppression) => found.known.push(suppression),
                Err(unreadable) => found.unreadable.push(*unreadable),
            }
        }
    }
    found
}

/// The comments of a document. Where no tree tells, whole lines only: a `#` elsewhere may mean anything.
fn comments(document: &Document) -> Vec<Span> {
    let has_none = match document.kind {
        Kind::Dockerfile | Kind::EnvFile | Kind::RedisConf => false,
        _ => document.syntax_error.is_none() || document.path.ends_with(".json"),
    };
    if has_none || !document.comments.is_empty() {
        return document.comments.clone();
    }
    let file = &document.text;
    (1..=file.line_count())
        .map(|line| file.line_span(line))
        .filter_map(|span| {
            let line = file.text().get(span.start()..span.end())?;
            let start = span.start() + (line.len() - line.trim_start().len());
            line.trim_start()
                .starts_with('#')
                .then(|| Span::new(start, span.end()))
        })
        .collect()
}

/// Where what is said to us begins in a comment; `None` in a comment for people.
fn directive(comment: &str) -> Option<usize> {
    let bare = comment.trim_start_matches('#');
    let text = bare.trim_start();
    let rest = text.strip_prefix("stackwright")?;
    // "stackwright renders this file" is prose.
    let is_meant = rest.trim_start().starts_with(':') || rest.trim_start().starts_with("ignore");
    is_meant.then(|| comment.len() - rest.len())
}

struct Comment<'s> {
    document: &'s Document,
    layout: &'s Layout,
    /// All of it, `#` included.
    span: Span,
    /// What follows `stackwright`.
    body: Span,
}

impl Comment<'_> {
    fn text(&self, span: Span) -> &str {
        self.document
            .text
            .text()
            .get(span.start()..span.end())
            .unwrap_or_default()
    }

    /// `span` without the blanks around it.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.text(span);
        let start = span.start() + (text.len() - text.trim_start().len());
        Span::new(start, start + text.trim().len())
    }

    fn unreadable(&self, span: Span, message: impl Into<String>, help: &str) -> Box<Unreadable> {
        Box::new(Unreadable {
            location: self.document.location(span),
            message: message.into(),
            help: help.into(),
        })
    }

    fn read(&self) -> Result<Suppression, Box<Unreadable>> {
        let body = self.trimmed(self.body);
        let Some(said) = self.text(body).strip_prefix(':') else {
            let message = "this comment suppresses nothing: `stackwright` is not followed by `:`";
            return Err(self.unreadable(self.span, message, FORM));
        };
        let said = self.trimmed(Span::new(body.end() - said.len(), body.end()));
        let text = self.text(said);
        let word_end = text
            .find(|char: char| !char.is_ascii_alphanumeric() && char != '-')
            .unwrap_or(text.len());
        let word = Span::new(said.start(), said.start() + word_end);
        let is_of_file = match self.text(word) {
            "ignore" => false,
            "ignore-file" => true,
            "" => {
                let message = "this comment says nothing after `stackwright:`";
                return Err(self.unreadable(self.span, message, FORM));
            }
            other => {
                let message = format!("a comment for stackwright cannot say `{other}`");
                let help = "write `ignore[area/defect]`, or `ignore-file[area/defect]` for all of the file";
                return Err(self.unreadable(word, message, help));
            }
        };
        let rest = self.trimmed(Span::new(word.end(), said.end()));
        let Some(list) = self.text(rest).strip_prefix('[') else {
            let message = "this comment does not say which lints it means";
            return Err(self.unreadable(word, message, FORM));
        };
        let list_start = rest.end() - list.len();
        let Some(length) = list.find(']') else {
            let message = "the list of lints has no end";
            return Err(self.unreadable(rest, message, "close it with `]`"));
        };
        let list = Span::new(list_start, list_start + length);
        let lints = self.names(list)?;
        let after = Span::new(list.end() + 1, said.end());
        let (until, reason) = self.until_and_reason(after)?;
        Ok(Suppression {
            lints,
            reason,
            until,
            scope: Scope::Here(match is_of_file {
                true => self.whole_file(),
                false => self.lines(),
            }),
            location: self.document.location(self.span),
        })
    }

    fn names(&self, list: Span) -> Result<Vec<LintName>, Box<Unreadable>> {
        let mut names = Vec::new();
        let mut start = list.start();
        for part in self.text(list).split(',') {
            let span = self.trimmed(Span::new(start, start + part.len()));
            start += part.len() + 1;
            if span.is_empty() {
                let message = "this comment does not say which lints it means";
                let around = Span::new(list.start() - 1, list.end() + 1);
                return Err(self.unreadable(around, message, FORM));
            }
            names.push(LintName {
                text: self.text(span).to_owned(),
                location: self.document.location(span),
            });
        }
        Ok(names)
    }

    fn until_and_reason(&self, after: Span) -> Result<(Option<Date>, String), Box<Unreadable>> {
        let mut until = None;
        let mut reason = Vec::new();
        let mut start = after.start();
        for word in self.text(after).split_inclusive(char::is_whitespace) {
            let span = self.trimmed(Span::new(start, start + word.len()));
            start += word.len();
            let word = self.text(span);
            match word.strip_prefix("until=") {
                Some(date) => {
                    until = Some(date.parse().map_err(|error: DateError| {
                        let help = "give the last day on which it holds, as in `until=2026-12-31`";
                        self.unreadable(span, error.to_string(), help)
                    })?);
                }
                None if word.is_empty() => {}
                None => reason.push(word),
            }
        }
        Ok((until, reason.join(" ")))
    }

    /// The file; of a text within another, such as a value in a ConfigMap, that text.
    fn whole_file(&self) -> Location {
        if self.document.wrapper.is_some() {
            let text = self.document.text.text();
            return self.document.location(Span::new(0, text.len()));
        }
        let mut location = self.document.location(self.span);
        location.span = Span::new(0, location.file.text().len());
        location
    }

    /// The line of the comment; where it has none but the comment, the next one that has. What is written over several
    /// lines from there on belongs to it, because no comment can stand within.
    fn lines(&self) -> Location {
        let file = &self.document.text;
        let first = file.position(self.span.start()).line;
        let before = Span::new(file.line_span(first).start(), self.span.start());
        let line = match self.text(before).trim().is_empty() {
            false => first,
            true => self.layout.next_filled(first).unwrap_or(first),
        };
        let span = file.line_span(line);
        let end = self.layout.end_of(span);
        self.document
            .location(Span::new(span.start(), end.max(span.end())))
    }
}

/// What has to be known of a document to tell which lines a comment is about.
struct Layout {
    /// Lines that hold something other than a comment; sorted.
    filled: Vec<usize>,
    /// First and last byte of every scalar, with its key where it has one; sorted.
    scalars: Vec<Span>,
}

impl Layout {
    fn of(document: &Document) -> Self {
        let file = &document.text;
        let is_filled = |line: &usize| {
            let span = file.line_span(*line);
            let text = file.text().get(span.start()..span.end());
            let text = text.unwrap_or_default().trim_start();
            !text.is_empty() && !text.starts_with('#')
        };
        let mut scalars = Vec::new();
        collect(&document.root, None, &mut scalars);
        scalars.sort_unstable();
        Self {
            filled: (1..=file.line_count()).filter(is_filled).collect(),
            scalars,
        }
    }

    /// The next line after this one that holds something.
    fn next_filled(&self, line: usize) -> Option<usize> {
        let next = self.filled.partition_point(|filled| *filled <= line);
        self.filled.get(next).copied()
    }

    /// The last byte of the scalars that begin on a line, or whose key does.
    fn end_of(&self, line: Span) -> usize {
        let first = self
            .scalars
            .partition_point(|scalar| scalar.start() < line.start());
        self.scalars[first..]
            .iter()
            .take_while(|scalar| scalar.start() <= line.end())
            .map(|scalar| scalar.end())
            .max()
            .unwrap_or_default()
    }
}

fn collect(node: &Node, key: Option<Span>, scalars: &mut Vec<Span>) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries.iter() {
                collect(&entry.value, Some(entry.key.span), scalars);
            }
        }
        Value::Sequence(items) => {
            for item in items.iter() {
                collect(item, None, scalars);
            }
        }
        // The value of an alias stands elsewhere.
        _ => scalars.push(match key.filter(|key| key.end() <= node.span.start()) {
            Some(key) => key.join(node.span),
            None => node.span,
        }),
    }
}
