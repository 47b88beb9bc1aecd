//! Rule groups of Grafana's own alerting.

use std::collections::HashMap;

use super::{LONGEST_TITLE, boolean, duration, expansion, is_expanded, uid, whole};
use crate::check::formats::block::Block;
use crate::check::formats::checker::Checker;
use crate::check::formats::rules::check_expr_with;
use crate::check::formats::scalar::millis;
use crate::check::formats::table::Kind::{
    Anything, Block as Of, Choice as OneOf, Float, List, Map, Scalar, Text,
};
use crate::check::formats::table::{Choice, TableOf, field, word};
use crate::check::formats::words::nearest;
use crate::document::{Node, Value, written_span};
use crate::promql;
use crate::source::Span;

/// How often the scheduler looks: intervals are multiples of it.
const TICK_MILLIS: u64 = 10_000;

pub(super) static RULE_GROUP: TableOf = TableOf {
    what: "a rule group",
    fields: &[&[
        field("orgId", Scalar(whole)),
        field("name", Text),
        field("folder", Text),
        field("interval", Scalar(interval)),
        field("rules", List(&Of(&RULE))),
    ]],
    rules: &[check_group],
};

static RULE: TableOf = TableOf {
    what: "a rule",
    fields: &[&[
        field("uid", Scalar(uid)),
        field("title", Scalar(title)),
        field("condition", Text),
        field("data", List(&Of(&QUERY))),
        field("dashboardUid", Text),
        // Misspelt by Grafana itself, once.
        field("dasboardUid", Text),
        field("panelId", Scalar(whole)),
        field("noDataState", OneOf(&NO_DATA_STATE)),
        field("execErrState", OneOf(&ERROR_STATE)),
        field("for", Scalar(duration)),
        field("keepFiringFor", Scalar(duration)).since(11, 6),
        field("missing_series_evals_to_resolve", Scalar(whole)).since(12, 0),
        field("annotations", Map(&Text, &Text)),
        field(
            "labels",
            Map(&Text, &Scalar(expansion::check_template_variables)),
        ),
        field("isPaused", Scalar(boolean)),
        field("notification_settings", Of(&NOTIFICATION_SETTINGS)).since(10, 4),
        field("record", Of(&RECORD)).since(11, 2),
    ]],
    rules: &[check_rule],
};

static NO_DATA_STATE: Choice = Choice {
    what: "a state for no data",
    words: &[
        word("Alerting"),
        word("NoData"),
        word("OK"),
        word("KeepLast").since(10, 4),
    ],
    ignores_case: false,
    may_be_empty: true,
};

static ERROR_STATE: Choice = Choice {
    what: "a state for errors",
    words: &[
        word("Alerting"),
        word("Error"),
        word("OK"),
        word("KeepLast").since(10, 4),
    ],
    ignores_case: false,
    may_be_empty: true,
};

static NOTIFICATION_SETTINGS: TableOf = TableOf {
    what: "the notification settings",
    fields: &[&[
        field("receiver", Text),
        field("group_by", List(&Text)),
        field("group_wait", Scalar(duration)),
        field("group_interval", Scalar(duration)),
        field("repeat_interval", Scalar(duration)),
        field("mute_time_intervals", List(&Text)),
        field("active_time_intervals", List(&Text)).since(12, 1),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "receiver", "the notification settings");
    }],
};

static RECORD: TableOf = TableOf {
    what: "the recording",
    fields: &[&[
        field("metric", Text),
        field("from", Text),
        field("targetDatasourceUid", Text).since(11, 6),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "metric", "the recording");
        checker.require(block, "from", "the recording");
    }],
};

static QUERY: TableOf = TableOf {
    what: "a query of a rule",
    fields: &[&[
        field("refId", Text),
        field("queryType", Text),
        field("relativeTimeRange", Of(&TIME_RANGE)),
        field("datasourceUid", Text),
        field("model", Map(&Text, &Anything)),
    ]],
    rules: &[check_query],
};

static TIME_RANGE: TableOf = TableOf {
    what: "the time range of a query",
    fields: &[&[field("from", Float), field("to", Float)]],
    rules: &[],
};

fn title(checker: &mut Checker<'_>, node: &Node) {
    if node.text.chars().count() > LONGEST_TITLE {
        let message =
            format!("a title has at most {LONGEST_TITLE} characters, and this one has more");
        checker.error("value-out-of-range", node.span, message).help = Some("shorten it".into());
    }
}

fn interval(checker: &mut Checker<'_>, node: &Node) {
    duration(checker, node);
    if let Some(length) = millis(&node.text)
        && (length == 0 || length % TICK_MILLIS != 0)
    {
        let message = format!(
            "the interval is `{}`, which is not a multiple of 10s",
            node.text
        );
        checker.error("value-out-of-range", node.span, message).help =
            Some("use `10s`, `30s` or `1m`".into());
    }
}

fn check_group(checker: &mut Checker<'_>, group: &Block<'_>) {
    for name in ["name", "folder", "interval"] {
        checker.require(group, name, "a rule group");
    }
}

fn check_rule(checker: &mut Checker<'_>, rule: &Block<'_>) {
    checker.require(rule, "title", "a rule");
    checker.require(rule, "uid", "a rule");
    let has_data = checker.require(rule, "data", "a rule");
    let record = rule.block("record");
    if record.is_none() {
        checker.require(rule, "condition", "a rule");
    }
    if !has_data {
        return;
    }
    let mut ref_ids: HashMap<&str, Span> = HashMap::new();
    for query in rule.blocks("data") {
        if let Some(entry) = query.written("refId")
            && let Some(first) = ref_ids.insert(&entry.value.text, entry.value.span)
        {
            let message = format!(
                "two queries of this rule have the `refId` `{}`",
                entry.value.text
            );
            checker
                .error("duplicate-name", entry.value.span, message)
                .help = Some("give one of them another letter".into());
            checker.relate("the first", first);
        }
    }
    let from = record.as_ref().and_then(|record| record.written("from"));
    if let Some(entry) = from.or(rule.written("condition"))
        && !is_expanded(&entry.value)
    {
        let mut missing = Reference {
            ref_ids: &ref_ids,
            checker,
        };
        missing.check(&entry.value.text, entry.value.span);
    }
    for query in rule.blocks("data") {
        if let Some(model) = query.block("model") {
            check_model(checker, &query, &model, &ref_ids);
        }
    }
}

fn check_query(checker: &mut Checker<'_>, query: &Block<'_>) {
    checker.require(query, "refId", "a query of a rule");
    checker.require(query, "datasourceUid", "a query of a rule");
    checker.require(query, "model", "a query of a rule");
}

/// What Grafana computes itself, from the results of other queries.
fn check_model(
    checker: &mut Checker<'_>,
    query: &Block<'_>,
    model: &Block<'_>,
    ref_ids: &HashMap<&str, Span>,
) {
    let is_expression = matches!(query.text("datasourceUid"), Some("__expr__" | "-100"));
    if !is_expression {
        let kind = model
            .block("datasource")
            .and_then(|datasource| datasource.text("type"));
        if let (Some("prometheus"), Some(expr)) = (kind, model.written("expr")) {
            check_expr_with(checker, &expr.value, &promql::Options::grafana());
        }
        return;
    }
    const TYPES: [&str; 6] = [
        "math",
        "reduce",
        "resample",
        "classic_conditions",
        "threshold",
        "sql",
    ];
    let Some(kind) = model.written("type") else {
        checker.require(model, "type", "an expression");
        return;
    };
    let text = &*kind.value.text;
    if !TYPES.contains(&text) {
        let near = nearest(text, TYPES.into_iter());
        let message = format!("`{text}` is not a type of expression");
        checker
            .error("unknown-value", kind.value.span, message)
            .help = near.map(|near| format!("did you mean `{near}`?"));
        return;
    }
    if let Some(expression) = model.written("expression") {
        let node = &expression.value;
        match text {
            "math" => check_math(checker, node, ref_ids),
            "reduce" | "resample" | "threshold" => {
                let mut missing = Reference { ref_ids, checker };
                missing.check(node.text.trim_start_matches('$'), node.span);
            }
            _ => {}
        }
    } else if matches!(text, "math" | "reduce" | "resample" | "threshold") {
        checker.require(model, "expression", "an expression");
    }
}

/// `$A`, `${A}` in a computation.
fn check_math(checker: &mut Checker<'_>, node: &Node, ref_ids: &HashMap<&str, Span>) {
    let Value::String(text) = &node.value else {
        return;
    };
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let (name, start) = match rest.strip_prefix('{') {
            Some(inner) => (inner.split('}').next().unwrap_or_default(), at + 2),
            None => {
                let end = rest
                    .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                    .unwrap_or(rest.len());
                (&rest[..end], at + 1)
            }
        };
        if name.is_empty() {
            continue;
        }
        let span = written_span(
            checker.file.text(),
            node,
            Span::new(start, start + name.len()),
        );
        let mut missing = Reference { ref_ids, checker };
        missing.check(name, span);
    }
}

/// Queries that may be named, and who says that one is not there.
struct Reference<'r, 'c, 'a> {
    ref_ids: &'r HashMap<&'r str, Span>,
    checker: &'c mut Checker<'a>,
}

impl Reference<'_, '_, '_> {
    fn check(&mut self, name: &str, span: Span) {
        if self.ref_ids.contains_key(name) {
            return;
        }
        let mut known: Vec<String> = self
            .ref_ids
            .keys()
            .map(|name| format!("`{name}`"))
            .collect();
        known.sort_unstable();
        let message = format!("no query of this rule has the `refId` `{name}`");
        self.checker.error("undefined-query", span, message).help =
            (!known.is_empty()).then(|| format!("its queries: {}", known.join(", ")));
    }
}
