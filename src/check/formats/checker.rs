//! Walks a document along the tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::block::{Block, head_of, is_set};
use super::reader::{Reader, Reading};
use super::scalar;
use super::table::{Choice, Field, Kind, TableOf};
use super::words::{listed, nearest, short};
use crate::catalogue::Version;
use crate::diagnostic::{Diagnostic, Edit, Fix, Location, Safety};
use crate::document::{Dialect, Document, Entry, GoScalar, Node, Problem, Value, resolve_go};
use crate::source::{SourceFile, Span};

/// What is known so far of one file.
pub(super) struct Checker<'a> {
    pub file: &'a Arc<SourceFile>,
    pub reader: Reader,
    /// Whether label names may hold any character.
    pub utf8_names: bool,
    /// Whether the `metric_name_validation_scheme` in force restricts the names that relabeling writes.
    pub legacy_scheme: bool,
    /// What `--enable-feature` of Prometheus lists; `None` allows every feature.
    pub features: Option<Vec<String>>,
    /// The table of the whole file, where others are lenient: an unknown key there loses a whole section.
    pub whole: Option<&'static TableOf>,
    /// Keys of the document that replace what `<<` brings in, each with the key that it replaces.
    overridden: BTreeMap<Span, Span>,
    pub found: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(file: &'a Arc<SourceFile>, reader: Reader) -> Self {
        Self {
            file,
            reader,
            utf8_names: reader.version >= Version::new(3, 0, 0),
            legacy_scheme: false,
            features: None,
            whole: None,
            overridden: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// Another of the same file that has found nothing yet.
    pub(super) fn beside(&self) -> Self {
        Self {
            file: self.file,
            reader: self.reader,
            utf8_names: self.utf8_names,
            legacy_scheme: self.legacy_scheme,
            features: self.features.clone(),
            whole: self.whole,
            overridden: self.overridden.clone(),
            found: Vec::new(),
        }
    }

    /// What was read; what is wrong with it as YAML or JSON is among the findings.
    pub(super) fn take<'d>(&mut self, read: &'d Reading) -> Option<&'d Document> {
        match read {
            Ok(document) => {
                for problem in &document.problems {
                    let defect = match problem.problem {
                        Problem::DuplicateKey => "duplicate-key",
                        Problem::NotText => "invalid-label-name",
                        _ => "syntax",
                    };
                    let diagnostic = self.error(defect, problem.span, problem.message.clone());
                    diagnostic.help = problem.help.clone();
                    if let Some(first) = problem.first {
                        self.relate("first given here", first);
                    }
                }
                self.overridden.clone_from(&document.overridden);
                Some(document)
            }
            Err(error) => {
                let defect = match error.problem {
                    Problem::DuplicateKey => "duplicate-key",
                    _ => "syntax",
                };
                self.error(defect, error.span, error.message.clone()).help = error.help.clone();
                if let Some(first) = error.first {
                    self.relate("first given here", first);
                }
                None
            }
        }
    }

    /// Whether the reader is of at least this version.
    pub(super) fn at_least(&self, major: u32, minor: u32) -> bool {
        self.reader.version >= Version::new(major, minor, 0)
    }

    /// Records an error.
    pub(super) fn error(
        &mut self,
        defect: &str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let id = format!("{}/{defect}", self.reader.area);
        self.record(Diagnostic::error(id, message), span)
    }

    /// Records what the reader accepts and nobody means.
    pub(super) fn warning(
        &mut self,
        defect: &str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let id = format!("{}/{defect}", self.reader.area);
        self.record(Diagnostic::warning(id, message), span)
    }

    fn record(&mut self, diagnostic: Diagnostic, span: Span) -> &mut Diagnostic {
        let place = self.found.len();
        self.found.push(diagnostic.at(self.file, span));
        &mut self.found[place]
    }

    /// Adds a further place to the last finding.
    pub(super) fn relate(&mut self, note: &str, span: Span) {
        if let Some(last) = self.found.pop() {
            self.found.push(last.related(note, self.file, span));
        }
    }

    /// At most one of these may be given: the second is reported, with the first.
    pub(super) fn at_most_one(&mut self, block: &Block<'_>, names: &[&str]) -> bool {
        let given: Vec<&Entry> = names
            .iter()
            .filter_map(|name| block.given(name))
            .filter(|entry| is_set(&entry.value))
            .collect();
        self.conflict(&given)
    }

    /// Reports the later of the first two entries, if there are two.
    pub(super) fn conflict(&mut self, given: &[&Entry]) -> bool {
        let [one, other, ..] = given else {
            return false;
        };
        let (first, second) = if one.key.span <= other.key.span {
            (one, other)
        } else {
            (other, one)
        };
        self.error(
            "conflicting-fields",
            second.key.span,
            format!(
                "`{}` and `{}` exclude each other",
                first.key.text, second.key.text
            ),
        )
        .help = Some("remove one of the two".into());
        self.relate("the other one", first.key.span);
        true
    }

    /// A field that must not be missing, null or empty.
    pub(super) fn require(&mut self, block: &Block<'_>, name: &str, what: &str) -> bool {
        if block.given(name).is_some_and(|entry| is_set(&entry.value)) {
            return true;
        }
        let span = block.node.entry(name).map_or(block.head, |entry| {
            if entry.value.span.is_empty() {
                entry.key.span
            } else {
                entry.value.span
            }
        });
        let state = if block.node.entry(name).is_some() {
            "is empty"
        } else {
            "is missing"
        };
        self.error("missing-field", span, format!("`{name}` of {what} {state}"))
            .help = Some(format!("give `{name}`"));
        false
    }

    /// A list that must be there, and may be empty.
    pub(super) fn require_list(&mut self, block: &Block<'_>, name: &str, what: &str) {
        if block.given(name).is_none() {
            let span = block
                .node
                .entry(name)
                .map_or(block.head, |entry| entry.key.span);
            let message = format!("`{name}` of {what} is missing");
            self.error("missing-field", span, message).help = Some(format!("give `{name}`"));
        }
    }

    /// Checks the mapping `node` by `table`.
    pub(super) fn block(&mut self, node: &Node, head: Span, table: &'static TableOf) {
        if !matches!(node.value, Value::Mapping(_)) {
            self.wrong_type(node, "a mapping");
            return;
        }
        let outer_scheme = self.legacy_scheme;
        // A scheme holds for everything in its block. It reached relabeling in 3.6.
        if let Some(scheme) = node.get("metric_name_validation_scheme")
            && self.at_least(3, 6)
            && !scheme.scalar_text().is_empty()
        {
            self.legacy_scheme = &*scheme.text == "legacy";
        }
        for entry in node.entries() {
            // What `<<` brings in was checked where it is written, or belongs to another table.
            let named = || table.all().filter(|field| field.name == &*entry.key.text);
            match named().find(|field| field.exists_in(self.reader.version)) {
                Some(field) => self.value(&entry.value, entry.key.span, field.kind),
                None => self.unknown(node, entry, named().next(), table),
            }
        }
        let block = Block { node, head };
        for rule in table.rules {
            rule(self, &block);
        }
        self.legacy_scheme = outer_scheme;
    }

    /// What was meant in place of what the program refuses: nothing that worked can change by it.
    pub(super) fn replacement(&self, span: Span, text: &str) -> Fix {
        Fix {
            safety: Safety::Safe,
            title: format!("write `{text}`"),
            edits: vec![Edit {
                location: Location::new(self.file, span),
                text: text.to_owned(),
            }],
            creates: Vec::new(),
        }
    }

    /// Checks a value; `key` is where to point for something missing in it.
    pub(super) fn value(&mut self, node: &Node, key: Span, kind: Kind) {
        if matches!(node.value, Value::Null) && !matches!(kind, Kind::Custom(_)) {
            return;
        }
        match kind {
            Kind::Anything => {}
            Kind::Custom(code) => code(self, node),
            Kind::Block(table) => self.block(node, key, table),
            Kind::List(kind) => {
                let Value::Sequence(items) = &node.value else {
                    return self.wrong_type(node, "a list");
                };
                for item in items.iter() {
                    self.value(item, head_of(item), *kind);
                }
            }
            Kind::Sections(table, section) => {
                let Value::Sequence(items) = &node.value else {
                    return self.wrong_type(node, "a list");
                };
                for item in items.iter() {
                    if matches!(item.value, Value::Null) {
                        let span = self.empty_item(item, key);
                        self.error("empty-section", span, format!("{section} is empty or null"))
                            .help = Some("fill it in, or remove the list item".into());
                        continue;
                    }
                    self.block(item, head_of(item), table);
                }
            }
            Kind::Map(keys, values) => {
                let Value::Mapping(entries) = &node.value else {
                    return self.wrong_type(node, "a mapping");
                };
                for entry in entries.iter() {
                    self.map_entry(entry, *keys, *values);
                }
            }
            _ => self.scalar(node, kind),
        }
    }

    /// Where to point for a list item without anything in it: its dash.
    fn empty_item(&self, item: &Node, key: Span) -> Span {
        if !item.span.is_empty() {
            return item.span;
        }
        let before = self
            .file
            .text()
            .get(..item.span.start())
            .unwrap_or_default();
        match before.trim_end().strip_suffix('-') {
            Some(rest) if rest.len() >= key.end() => Span::new(rest.len(), rest.len() + 1),
            _ => key,
        }
    }

    /// What was found, in the order of the text.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        found.sort_by_key(|diagnostic| {
            diagnostic
                .location
                .as_ref()
                .map_or(0, |location| location.span.start())
        });
        found
    }

    fn map_entry(&mut self, entry: &Entry, keys: Kind, values: Kind) {
        let first = self.overridden.get(&entry.key.span).copied();
        if let (Some(first), Dialect::GoYaml2) = (first, self.reader.dialect) {
            self.error(
                "duplicate-key",
                entry.key.span,
                format!("`<<` gives the key `{}` already", entry.key.text),
            )
            .help = Some("here, unlike in blocks with fixed fields, it cannot be overridden: write the labels out".into());
            self.relate("given here", first);
        }
        scalar::check_text(self, &entry.key.text, entry.key.span, keys);
        if matches!(entry.value.value, Value::Null) && matches!(values, Kind::Scalar(_)) {
            return;
        }
        self.value(&entry.value, entry.key.span, values);
    }

    fn scalar(&mut self, node: &Node, kind: Kind) {
        if matches!(node.value, Value::Sequence(_) | Value::Mapping(_)) {
            return self.wrong_type(node, expectation(kind));
        }
        let resolved = resolve_go(node, self.reader.dialect);
        match (kind, &resolved) {
            (_, GoScalar::Contradiction) => self.wrong_type(node, expectation(kind)),
            (_, GoScalar::Binary(None)) => {
                self.error("wrong-type", node.span, "this `!!binary` is not base64");
            }
            (Kind::Bool, GoScalar::Bool(_)) => {}
            (Kind::Int, GoScalar::Int(_)) => {}
            (Kind::Uint, GoScalar::Int(number)) if *number >= 0 => {}
            (Kind::Uint, GoScalar::Uint(_)) => {}
            (Kind::Int | Kind::Uint, GoScalar::Float(number)) if *number <= i64::MAX as f64 => {
                self.warning(
                    "truncated-number",
                    node.span,
                    format!("`{}` is cut to a whole number", node.text),
                )
                .help = Some("write the whole number".into());
            }
            (Kind::Float, GoScalar::Int(_) | GoScalar::Uint(_) | GoScalar::Float(_)) => {}
            (Kind::GoDuration, GoScalar::Int(_)) => {}
            (Kind::GoDuration, GoScalar::Float(number)) if *number <= i64::MAX as f64 => {}
            (Kind::Bool | Kind::Int | Kind::Uint | Kind::Float, _) => {
                self.wrong_type(node, expectation(kind));
            }
            (Kind::Scalar(code), _) => code(self, node),
            (Kind::LabelValue, GoScalar::Binary(Some(bytes)))
                if std::str::from_utf8(bytes).is_err() =>
            {
                self.error(
                    "invalid-label-value",
                    node.span,
                    "this label value is not UTF-8",
                )
                .help = Some("write text".into());
            }
            (_, GoScalar::Binary(Some(bytes))) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                scalar::check_text(self, &text, node.span, kind);
            }
            _ => scalar::check_text(self, &node.text, node.span, kind),
        }
    }

    /// Says that `node` is of the wrong type.
    pub(super) fn wrong_type(&mut self, node: &Node, expected: &str) {
        let is = match &node.value {
            Value::Sequence(_) | Value::Mapping(_) => node.kind(),
            _ => match resolve_go(node, self.reader.dialect) {
                GoScalar::Null => "null",
                GoScalar::Bool(_) => "a boolean",
                GoScalar::Int(_) | GoScalar::Uint(_) | GoScalar::Float(_) => "a number",
                GoScalar::Timestamp => "a date",
                _ => "text",
            },
        };
        let span = match &node.value {
            Value::Mapping(entries) if self.is_block(node) => {
                entries.first().map_or(node.span, |entry| entry.key.span)
            }
            _ => node.span,
        };
        let is_block = self.is_block(node);
        let diagnostic = self.error(
            "wrong-type",
            span,
            format!("{expected} is expected here, and this is {is}"),
        );
        if is == "a mapping" && expected == "a list" {
            diagnostic.help = Some(if is_block {
                "make it a list item: begin it with `- `".into()
            } else {
                "put it in brackets: `[…]`".into()
            });
        }
    }

    /// Whether a collection is written without brackets: then its span goes over many lines.
    fn is_block(&self, node: &Node) -> bool {
        !self.file.text()[node.span.start()..].starts_with(['{', '['])
    }

    /// A word that is none of `choice`.
    pub(super) fn check_choice(&mut self, text: &str, span: Span, choice: &Choice) {
        if text.is_empty() && choice.may_be_empty {
            return;
        }
        let lower = text.to_lowercase();
        let matching = |word: &&Field| {
            word.name == text || (choice.ignores_case && word.name.to_lowercase() == lower)
        };
        let version = self.reader.version;
        let mut known = choice.words.iter().filter(matching);
        let Some(found) = known.next() else {
            let words: Vec<String> = choice
                .words
                .iter()
                .filter(|word| word.exists_in(version))
                .map(|word| format!("`{}`", word.name))
                .collect();
            let nearest = nearest(text, choice.words.iter().map(|word| word.name));
            let diagnostic = self.error(
                "unknown-value",
                span,
                format!(
                    "`{text}` is not {}, expected {}",
                    choice.what,
                    listed(&words)
                ),
            );
            diagnostic.help = nearest.map(|name| format!("did you mean `{name}`?"));
            return;
        };
        if found.exists_in(version) {
            return;
        }
        let product = self.reader.product;
        let message = match (found.since, found.until) {
            (_, Some(until)) if version >= until => format!(
                "{product} {} removed `{text}`; this is checked for {}",
                short(until),
                short(version)
            ),
            (since, _) => format!(
                "`{text}` needs {product} {} or newer; this is checked for {}",
                since.map(short).unwrap_or_default(),
                short(version)
            ),
        };
        self.error("unknown-value", span, message);
    }
}

fn expectation(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "`true` or `false`",
        Kind::Int => "a whole number",
        Kind::Uint => "a whole number that is not negative",
        Kind::Float => "a number",
        Kind::Duration | Kind::GoDuration => "a duration",
        Kind::Size => "a size in bytes",
        Kind::Url => "a URL",
        Kind::Regex => "a regular expression",
        Kind::LabelName => "a label name",
        Kind::Choice(choice) => choice.what,
        _ => "text",
    }
}
