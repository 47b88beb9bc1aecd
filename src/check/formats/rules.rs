//! Rule files.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::block::{Block, head_of, is_set};
use super::checker::Checker;
use super::go_template;
use super::reader::{Reader, Reading, Unknown, read};
use super::scalar::is_legacy_label_name;
use super::table::Kind::{Anything, Block as Of, Duration, Int, List, Map, Text};
use super::table::{TableOf, field};
use crate::catalogue::Version;
use crate::diagnostic::Diagnostic;
use crate::document::{Dialect, Entry, Node, Value, written_span};
use crate::promql;
use crate::source::{SourceFile, Span};

pub(super) static RULES: TableOf = TableOf {
    what: "a rule file",
    fields: &[&[field("groups", List(&Of(&RULE_GROUP)))]],
    rules: &[check_groups],
};

static RULE_GROUP: TableOf = TableOf {
    what: "a rule group",
    fields: &[&[
        field("name", Text),
        field("interval", Duration),
        field("query_offset", Duration).since(2, 53),
        field("limit", Int),
        field("labels", Map(&Text, &Text)).since(3, 0),
        field("rules", List(&Of(&RULE))),
    ]],
    rules: &[],
};

static RULE: TableOf = TableOf {
    what: "a rule",
    fields: &[&[
        field("record", Anything),
        field("alert", Anything),
        field("expr", Anything),
        field("for", Duration),
        field("keep_firing_for", Duration).since(2, 42),
        field("labels", Map(&Text, &Text)),
        field("annotations", Map(&Text, &Text)),
    ]],
    rules: &[],
};

/// Functions of alert templates.
const FUNCTIONS: [&str; 26] = [
    "query",
    "first",
    "label",
    "value",
    "strvalue",
    "args",
    "reReplaceAll",
    "safeHtml",
    "match",
    "title",
    "toUpper",
    "toLower",
    "graphLink",
    "tableLink",
    "sortByLabel",
    "stripPort",
    "stripDomain",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "toTime",
    "pathPrefix",
    "externalURL",
    "parseDuration",
];

/// Later ones, with the version that got them.
const LATER_FUNCTIONS: [(&str, u32, u32); 3] = [
    ("toDuration", 3, 6),
    ("now", 3, 6),
    ("urlQueryEscape", 3, 8),
];

/// Variables that Prometheus declares before every alert template.
const VARIABLES: [&str; 4] = ["$labels", "$externalLabels", "$externalURL", "$value"];

/// How a rule file is checked.
#[derive(Debug, Clone)]
pub struct RuleOptions {
    /// The Prometheus whose verdict is given.
    pub version: Version,
    /// Whether names are restricted to letters, digits, `_` and, of metrics, `:`, as `metric_name_validation_scheme:
    /// legacy` does. Prometheus 2 always does.
    pub legacy_names: bool,
    /// What `--enable-feature` of Prometheus lists; `None` allows every feature of the version.
    pub features: Option<Vec<String>>,
}

impl RuleOptions {
    /// For a version, with the names that it allows by default.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            legacy_names: version < Version::new(3, 0, 0),
            features: None,
        }
    }
}

pub(super) const DIALECT: Dialect = Dialect::GoYaml3;

/// Everything wrong with a rule file. Two rules of one name and labels are a warning.
pub fn check_rules(file: &Arc<SourceFile>, options: &RuleOptions) -> Vec<Diagnostic> {
    check(file, &read(file.text(), DIALECT), options)
}

pub(super) fn check(
    file: &Arc<SourceFile>,
    reading: &Reading,
    options: &RuleOptions,
) -> Vec<Diagnostic> {
    let reader = Reader {
        area: "rules",
        product: "Prometheus",
        version: options.version,
        dialect: DIALECT,
        unknown: Unknown::Refused,
    };
    let mut checker = Checker::new(file, reader);
    checker.utf8_names = !options.legacy_names;
    checker.features.clone_from(&options.features);
    let Some(document) = checker.take(reading) else {
        return checker.finish();
    };
    let root = &document.root;
    if let Some(ignored) = document.ignored {
        checker
            .warning(
                "ignored-document",
                Span::at(ignored.start()),
                "Prometheus reads the first document of a rule file only",
            )
            .help = Some("move these groups into the first document".into());
    }
    if root.value != Value::Null {
        checker.block(root, head_of(root), &RULES);
    }
    checker.finish()
}

fn check_groups(checker: &mut Checker<'_>, block: &Block<'_>) {
    let mut names: HashMap<&str, Span> = HashMap::new();
    for group in block.items("groups") {
        if group.value == Value::Null {
            let span = if group.span.is_empty() {
                block.head
            } else {
                group.span
            };
            // Read as if it were not there.
            checker
                .warning("empty-section", span, "a rule group is empty")
                .help = Some("remove it".into());
        }
    }
    for group in block.blocks("groups") {
        if checker.require(&group, "name", "a rule group")
            && let Some(name) = group.given("name")
        {
            let span = name.value.span;
            if let Some(first) = names.insert(&name.value.text, span) {
                checker
                    .error(
                        "duplicate-name",
                        span,
                        format!(
                            "there are two rule groups `{}` in this file",
                            name.value.text
                        ),
                    )
                    .help = Some("rename one of them, or join them".into());
                checker.relate("the first", first);
            }
        }
        check_labels(checker, &group);
    }
    // By far most of the work, and no group knows of another.
    let groups: Vec<Block<'_>> = block.blocks("groups").collect();
    let found: Vec<Vec<Diagnostic>> = groups
        .par_iter()
        .map(|group| {
            let mut checker = checker.beside();
            check_rules_of(&mut checker, group);
            checker.found
        })
        .collect();
    checker.found.extend(found.into_iter().flatten());
}

fn check_rules_of(checker: &mut Checker<'_>, group: &Block<'_>) {
    let mut seen = HashMap::new();
    for rule in group.blocks("rules") {
        check_rule(checker, &rule);
        report_twin(checker, &rule, &mut seen);
    }
    for rule in group.items("rules") {
        if rule.value == Value::Null {
            checker
                .warning("empty-section", rule.span, "a rule is empty")
                .help = Some("remove it".into());
        }
    }
}

/// What a rule says under `name`. Before 3.3 it was read as a bare node, whose `null` is a text.
fn said<'a>(checker: &Checker<'_>, rule: &Block<'a>, name: &str) -> Option<&'a Entry> {
    let entry = rule.node.entry(name)?;
    let is_said = match entry.value.value {
        Value::Sequence(_) | Value::Mapping(_) => false,
        Value::Null => !checker.at_least(3, 3) && !entry.value.text.is_empty(),
        _ => !entry.value.text.is_empty(),
    };
    is_said.then_some(entry)
}

fn check_rule(checker: &mut Checker<'_>, rule: &Block<'_>) {
    for name in ["record", "alert", "expr"] {
        if let Some(entry) = rule.node.entry(name)
            && matches!(entry.value.value, Value::Sequence(_) | Value::Mapping(_))
        {
            if checker.at_least(3, 3) {
                checker.wrong_type(&entry.value, "text");
            } else {
                checker.warning(
                    "wrong-type",
                    entry.key.span,
                    format!("`{name}` is {}, which counts as empty", entry.value.kind()),
                );
            }
        }
    }
    let record = said(checker, rule, "record");
    let alert = said(checker, rule, "alert");
    match (record, alert) {
        (Some(record), Some(alert)) => {
            checker.conflict(&[record, alert]);
        }
        (None, None) => {
            let span = rule
                .node
                .entry("record")
                .or(rule.node.entry("alert"))
                .map_or(rule.head, |entry| entry.key.span);
            checker
                .error(
                    "missing-field",
                    span,
                    "this rule has neither `alert` nor `record`",
                )
                .help = Some("give `alert: Name` or `record: level:metric:operations`".into());
        }
        _ => {}
    }
    match said(checker, rule, "expr") {
        Some(expr) => check_expr(checker, &expr.value),
        // Reported above.
        None if checker.at_least(3, 3)
            && rule.node.get("expr").is_some_and(|node| {
                matches!(node.value, Value::Sequence(_) | Value::Mapping(_))
            }) => {}
        None => {
            let span = rule
                .node
                .entry("expr")
                .map_or(rule.head, |entry| entry.key.span);
            checker
                .error("missing-field", span, "this rule has no `expr`")
                .help = Some("give `expr`".into());
        }
    }
    if let Some(record) = record {
        check_recording(checker, rule, record);
    }
    check_labels(checker, rule);
    if let Some(annotations) = rule.given("annotations") {
        for entry in annotations.value.entries() {
            if !is_name(checker, &entry.key.text) {
                invalid_name(checker, &entry.key.text, entry.key.span, "annotation");
            }
        }
    }
    if alert.is_some() {
        for name in ["labels", "annotations"] {
            if let Some(texts) = rule.given(name) {
                for entry in texts.value.entries() {
                    check_template(checker, &entry.value);
                }
            }
        }
    }
}

fn check_recording(checker: &mut Checker<'_>, rule: &Block<'_>, record: &Entry) {
    for name in ["annotations", "for", "keep_firing_for"] {
        let Some(entry) = rule.given(name) else {
            continue;
        };
        let is_given = match name {
            "annotations" => !entry.value.entries().is_empty(),
            _ => super::scalar::millis(&entry.value.text).is_some_and(|millis| millis > 0),
        };
        if is_given {
            checker
                .error(
                    "conflicting-fields",
                    entry.key.span,
                    format!("a recording rule takes no `{name}`"),
                )
                .help = Some("remove it; only alerting rules have it".into());
        }
    }
    let name = &*record.value.text;
    let is_legacy = !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'));
    if !checker.utf8_names && !is_legacy {
        checker
            .error(
                "invalid-metric-name",
                record.value.span,
                format!("`{name}` is not a metric name"),
            )
            .help = Some("use letters, digits, `_` and `:`, not beginning with a digit".into());
    } else if name.contains(['{', '}']) && checker.at_least(3, 0) {
        checker
            .error(
                "invalid-metric-name",
                record.value.span,
                format!("`{name}` has braces: a recording rule is named by its metric alone"),
            )
            .help = Some("move the matchers into `expr`, or the labels into `labels`".into());
    }
}

fn is_name(checker: &Checker<'_>, name: &str) -> bool {
    if checker.utf8_names {
        !name.is_empty()
    } else {
        is_legacy_label_name(name)
    }
}

fn invalid_name(checker: &mut Checker<'_>, name: &str, span: Span, what: &str) {
    checker
        .error(
            "invalid-label-name",
            span,
            format!("`{name}` is not a name for {what}s"),
        )
        .help = Some(if name == "__name__" {
        "remove it; a rule's metric is named by `record`".into()
    } else {
        "use letters, digits and `_`, not beginning with a digit".into()
    });
}

fn check_labels(checker: &mut Checker<'_>, block: &Block<'_>) {
    let Some(labels) = block.given("labels") else {
        return;
    };
    for entry in labels.value.entries() {
        let name = &*entry.key.text;
        if name == "__name__" || !is_name(checker, name) {
            invalid_name(checker, name, entry.key.span, "label");
        }
    }
}

/// Checks an expression; errors point into it, wherever and however it is written.
pub(super) fn check_expr(checker: &mut Checker<'_>, node: &Node) {
    let options = promql::Options {
        target: promql::Target {
            version: checker.reader.version.into(),
            enabled: checker.features.clone(),
        },
        grafana: false,
    };
    check_expr_with(checker, node, &options);
}

/// The same as somebody else writes and reads it.
pub(super) fn check_expr_with(checker: &mut Checker<'_>, node: &Node, options: &promql::Options) {
    let file = Arc::clone(checker.file);
    for error in promql::parse_with(&node.text, options).errors {
        let span = written_span(file.text(), node, error.span);
        let diagnostic = checker.error("invalid-expr", span, error.message);
        diagnostic.help = error.hint;
    }
}

/// Reads a template with every function that some version has.
pub(super) fn template_problem(text: &str) -> Result<(), go_template::TemplateError> {
    let later = LATER_FUNCTIONS.iter().map(|(name, ..)| *name);
    let functions: Vec<&str> = FUNCTIONS.into_iter().chain(later).collect();
    go_template::check(text, &functions, &VARIABLES)
}

fn check_template(checker: &mut Checker<'_>, node: &Node) {
    if !is_set(node) || !node.text.contains("{{") {
        return;
    }
    let version = checker.reader.version;
    let functions: Vec<&str> = FUNCTIONS
        .into_iter()
        .chain(
            LATER_FUNCTIONS
                .iter()
                .filter(|(_, major, minor)| version >= Version::new(*major, *minor, 0))
                .map(|(name, ..)| *name),
        )
        .collect();
    let Err(error) = go_template::check(&node.text, &functions, &VARIABLES) else {
        return;
    };
    let later = LATER_FUNCTIONS
        .iter()
        .find(|(name, ..)| node.text.get(error.span.start()..error.span.end()) == Some(name));
    let span = written_span(checker.file.text(), node, error.span);
    let written = node.text.get(error.span.start()..error.span.end());
    // `$label` and `$Labels` for `$labels`.
    let meant = written.and_then(|written| {
        let lower = written.to_ascii_lowercase();
        VARIABLES.iter().find(|known| {
            known
                .trim_end_matches('s')
                .eq_ignore_ascii_case(lower.trim_end_matches('s'))
        })
    });
    let fix = meant.map(|name| checker.replacement(span, name));
    let diagnostic = checker.error("invalid-template", span, error.message);
    diagnostic.fix = fix;
    diagnostic.help = later
        .map(|(name, major, minor)| format!("`{name}` needs Prometheus {major}.{minor} or newer"));
}

/// What tells a rule from others: its name, its labels in order, its expression.
type Identity<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str);

/// Two rules with the same name and labels write the same series.
fn report_twin<'a>(
    checker: &mut Checker<'_>,
    rule: &Block<'a>,
    seen: &mut HashMap<Identity<'a>, Span>,
) {
    let Some(name) = rule.written("record").or(rule.written("alert")) else {
        return;
    };
    let mut labels: Vec<(&str, &str)> = rule
        .node
        .get("labels")
        .map_or(&[][..], |labels| labels.entries())
        .iter()
        .map(|entry| (&*entry.key.text, &*entry.value.text))
        .collect();
    labels.sort_unstable();
    let identity = (
        &*name.value.text,
        labels,
        rule.text("expr").unwrap_or_default(),
    );
    let span = name.value.span;
    if let Some(first) = seen.insert(identity, span) {
        checker
            .warning(
                "duplicate-rule",
                span,
                format!(
                    "`{}` is here twice, with the same labels and expression",
                    name.value.text
                ),
            )
            .help = Some("remove one of the two".into());
        checker.relate("the first", first);
    }
}
