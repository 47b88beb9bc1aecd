//! A PromQL expression, as people and programs read what it is.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::promql::analysis::{Analysis, Labels, Length, Presence, ValueKind, Window};
use crate::promql::{ErrorKind, ParseError, Parsed, ValueType};
use crate::source::SourceFile;

/// What an expression is. As JSON, every offset is in bytes from its beginning.
#[derive(Debug, Serialize)]
pub struct Expression<'a> {
    /// The text that was read, `\u{fffd}` for what is not UTF-8.
    expr: &'a str,
    valid: bool,
    errors: Vec<Problem<'a>>,
    /// On one line in one style; `null` where it cannot be read.
    formatted: Option<String>,
    /// What it evaluates to: `instant vector`.
    r#type: &'static str,
    /// What its values mean: `rate`; `null` where that is not known.
    kind: Option<&'static str>,
    unit: Option<String>,
    /// Which values are possible.
    values: String,
    /// Every metric that it names, in the order of the text.
    metrics: Vec<String>,
    labels: ResultLabels<'a>,
    windows: Vec<Span<'a>>,
    /// The Prometheus that understands it.
    needs: Needs,
    #[serde(skip)]
    parsed: &'a Parsed,
}

#[derive(Debug, Serialize)]
struct Problem<'a> {
    message: &'a str,
    start: usize,
    end: usize,
    kind: &'static str,
    hint: Option<&'a str>,
    fix: Option<Edit<'a>>,
}

#[derive(Debug, Serialize)]
struct Edit<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

/// The labels of the result.
#[derive(Debug, Serialize)]
struct ResultLabels<'a> {
    /// Those that series can have, by name.
    can: Vec<&'a str>,
    /// Those of them that every series has.
    always: Vec<&'a str>,
    /// Values that are the same in every series.
    values: std::collections::BTreeMap<&'a str, &'a str>,
    /// Those that no series has, by name.
    cannot: Vec<&'a str>,
    /// Whether series can have labels that no list names.
    others: bool,
}

/// A range or subquery.
#[derive(Debug, Serialize)]
struct Span<'a> {
    start: usize,
    end: usize,
    /// `5m`, `$__range`, `range()`
    length: &'a str,
    /// The same; `null` where it is not fixed.
    seconds: Option<f64>,
    /// The step of a subquery that gives one.
    step: Option<&'a str>,
    subquery: bool,
    /// What is applied to it.
    function: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Needs {
    since: Option<String>,
    until: Option<String>,
    flags: Vec<Flag>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct Flag {
    name: &'static str,
    /// The first version that needs it no more.
    until: Option<String>,
}

impl<'a> Expression<'a> {
    /// What `parsed` is, by `analysis`.
    pub fn new(parsed: &'a Parsed, analysis: &'a Analysis) -> Self {
        let quantity = analysis.quantity(parsed.root());
        let mut metrics: Vec<String> = Vec::new();
        for name in analysis
            .reads
            .iter()
            .filter_map(|read| read.metrics.as_ref())
            .flatten()
        {
            if !metrics.contains(name) {
                metrics.push(name.clone());
            }
        }
        let readable = !parsed
            .errors
            .iter()
            .any(|error| matches!(error.kind, ErrorKind::Syntax | ErrorKind::TooDeep));
        let requirements = parsed.requirements();
        Self {
            expr: parsed.text(),
            valid: parsed.is_valid(),
            errors: parsed.errors.iter().map(problem).collect(),
            formatted: readable.then(|| parsed.format()),
            r#type: parsed.value_type().as_str(),
            kind: Some(quantity.kind)
                .filter(|kind| *kind != ValueKind::Unknown)
                .map(ValueKind::as_str),
            unit: quantity.unit.as_ref().map(ToString::to_string),
            values: quantity.domain.to_string(),
            metrics,
            labels: labels(parsed.value_type(), analysis.labels(parsed.root())),
            windows: analysis
                .windows
                .iter()
                .map(|window| span(parsed, window))
                .collect(),
            needs: Needs {
                since: requirements.since.map(|version| version.to_string()),
                until: requirements.until.map(|version| version.to_string()),
                flags: requirements
                    .flags
                    .iter()
                    .map(|(name, until)| Flag {
                        name,
                        until: until.map(|version| version.to_string()),
                    })
                    .collect(),
                text: requirements.to_string(),
            },
            parsed,
        }
    }

    /// One JSON object on one line, without its end.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The expression, its tree, and what the result is.
    pub fn text(&self) -> String {
        let mut out = self.parsed.format_lines();
        out.push_str("\n\n");
        for (index, line) in self.parsed.tree().lines().enumerate() {
            let head = if index == 0 { "tree" } else { "" };
            let _infallible = writeln!(out, "{head:9}{line}");
        }
        let mut say = |head: &str, text: &str| {
            let _infallible = writeln!(out, "{head:9}{text}");
        };
        say("type", self.r#type);
        let mut quantity = self.kind.unwrap_or("not known").to_owned();
        if let Some(unit) = self.unit.as_deref().filter(|unit| *unit != "number") {
            let _infallible = write!(quantity, " in {unit}");
        }
        if self.values != "any" {
            let _infallible = write!(quantity, ", {}", self.values);
        }
        say("values", &quantity);
        say("labels", &self.labels.text(self.r#type));
        if !self.metrics.is_empty() {
            say("metrics", &self.metrics.join(", "));
        }
        let windows: Vec<String> = self.windows.iter().map(Span::text).collect();
        if !windows.is_empty() {
            say("windows", &windows.join(", "));
        }
        say("needs", &self.needs.text);
        out
    }
}

fn problem(error: &ParseError) -> Problem<'_> {
    Problem {
        message: &error.message,
        start: error.span.start(),
        end: error.span.end(),
        kind: error.kind.as_str(),
        hint: error.hint.as_deref(),
        fix: error.replacement.as_ref().map(|fix| Edit {
            start: fix.span.start(),
            end: fix.span.end(),
            text: &fix.text,
        }),
    }
}

fn labels(of: ValueType, labels: &Labels) -> ResultLabels<'_> {
    let mut out = ResultLabels {
        can: Vec::new(),
        always: Vec::new(),
        values: std::collections::BTreeMap::new(),
        cannot: Vec::new(),
        others: labels.may_have_others(),
    };
    if matches!(of, ValueType::Scalar | ValueType::String) {
        out.others = false;
        return out;
    }
    for (name, facts) in labels.known() {
        match facts.presence {
            Presence::Never => {
                out.cannot.push(name);
                continue;
            }
            Presence::Always => out.always.push(name),
            Presence::Maybe => {}
        }
        out.can.push(name);
        if let Some(value) = &facts.value {
            out.values.insert(name, value);
        }
    }
    out
}

impl ResultLabels<'_> {
    /// `always job="redis"; perhaps instance and others; never le`
    fn text(&self, of: &str) -> String {
        if self.can.is_empty() && !self.others {
            return match of {
                "scalar" | "string" => format!("none: it is a {of}"),
                _ => "none".into(),
            };
        }
        let always: Vec<String> = self
            .always
            .iter()
            .map(|name| match self.values.get(name) {
                Some(value) => format!("{name}={value:?}"),
                None => (*name).to_owned(),
            })
            .collect();
        let mut perhaps: Vec<&str> = self
            .can
            .iter()
            .copied()
            .filter(|name| !self.always.contains(name))
            .collect();
        if self.others {
            perhaps.push(if self.can.is_empty() && self.cannot.is_empty() {
                "any"
            } else {
                "any other"
            });
        }
        let mut parts = Vec::new();
        if !always.is_empty() {
            parts.push(format!("always {}", always.join(", ")));
        }
        if !perhaps.is_empty() {
            parts.push(format!("perhaps {}", perhaps.join(", ")));
        }
        match (self.others, self.cannot.as_slice()) {
            (false, _) => parts.push("never another".into()),
            (true, []) => {}
            (true, never) => parts.push(format!("never {}", never.join(", "))),
        }
        parts.join("; ")
    }
}

fn span<'a>(parsed: &'a Parsed, window: &'a Window) -> Span<'a> {
    let node = &parsed[window.node];
    let (length, step) = match &node.kind {
        crate::promql::Kind::Range(range) => (Some(range.window), None),
        crate::promql::Kind::Subquery(subquery) => (Some(subquery.window), subquery.step),
        _ => (None, None),
    };
    let written = |id| parsed.slice(parsed[id].span);
    Span {
        start: node.span.start(),
        end: node.span.end(),
        length: length.map_or("", written),
        seconds: match window.length {
            Length::Fixed(duration) => Some(duration.seconds()),
            Length::Variable(_) | Length::Query => None,
        },
        step: step.map(written),
        subquery: window.is_subquery,
        function: window.function.map(|function| function.name),
    }
}

impl Span<'_> {
    /// `5m of rate`, `1h every 5m of max_over_time`
    fn text(&self) -> String {
        let mut out = self.length.to_owned();
        match self.step {
            Some(step) => out.push_str(&format!(" every {step}")),
            None if self.subquery => out.push_str(" every evaluation interval"),
            None => {}
        }
        if let Some(function) = self.function {
            let _infallible = write!(out, " of {function}");
        }
        out
    }
}

/// The errors of an expression that messages call `name`.
pub fn diagnostics(parsed: &Parsed, name: impl Into<PathBuf>) -> Vec<Diagnostic> {
    if parsed.is_valid() {
        return Vec::new();
    }
    let file = Arc::new(SourceFile::new(name, parsed.text()));
    parsed
        .errors
        .iter()
        .map(|error| {
            let mut diagnostic = Diagnostic::error(
                format!("promql/{}", error.kind.as_str()),
                error.message.as_str(),
            )
            .at(&file, error.span);
            diagnostic.help = error.hint.clone();
            diagnostic
        })
        .collect()
}
