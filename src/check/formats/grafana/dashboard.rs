//! Dashboards, in the form that Grafana saves and as resources.

use std::sync::Arc;

use super::panel::PANEL;
use super::{DIALECT, Names, resource, text, uid};
use crate::catalogue::Version;
use crate::check::formats::block::{Block, head_of};
use crate::check::formats::checker::Checker;
use crate::check::formats::reader::{self, Reader, Reading, Unknown};
use crate::check::formats::table::Kind::{
    Anything, Block as Of, Choice as OneOf, Custom, List, Scalar,
};
use crate::check::formats::table::{Choice, TableOf, field, word};
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::source::SourceFile;

pub(super) static DASHBOARD: TableOf = TableOf {
    what: "a dashboard",
    fields: &[&[
        field("annotations", Of(&ANNOTATIONS)),
        field("description", Anything),
        field("editable", Anything),
        field("fiscalYearStartMonth", Anything),
        field("gnetId", Anything),
        field("graphTooltip", Anything),
        field("hideControls", Anything),
        field("id", Anything),
        field("iteration", Anything),
        field("links", List(&Anything)),
        field("liveNow", Anything),
        field("panels", List(&Of(&PANEL))),
        field("preload", Anything),
        field("refresh", Custom(refresh)),
        field("revision", Anything),
        field("rows", List(&Anything)),
        field("schemaVersion", Anything),
        field("snapshot", Anything),
        field("style", Anything),
        field("tags", List(&Scalar(text))),
        field("templating", Of(&TEMPLATING)),
        field("time", Of(&TIME)),
        field("timepicker", Of(&TIMEPICKER)),
        field("timezone", Anything),
        field("title", Scalar(text)),
        field("uid", Scalar(dashboard_uid)),
        field("version", Anything),
        field("weekStart", Anything),
    ]],
    rules: &[check_title, check_inputs, check_ids],
};

static TIME: TableOf = TableOf {
    what: "the time range of a dashboard",
    fields: &[&[field("from", Anything), field("to", Anything)]],
    rules: &[],
};

static TIMEPICKER: TableOf = TableOf {
    what: "the time picker",
    fields: &[&[
        field("hidden", Anything),
        field("nowDelay", Anything),
        field("refresh_intervals", List(&Anything)),
        field("quick_ranges", List(&Anything)),
        field("time_options", List(&Anything)),
    ]],
    rules: &[],
};

static ANNOTATIONS: TableOf = TableOf {
    what: "the annotations of a dashboard",
    fields: &[&[field("list", List(&Of(&ANNOTATION)))]],
    rules: &[],
};

static ANNOTATION: TableOf = TableOf {
    what: "an annotation query",
    fields: &[&[
        field("builtIn", Anything),
        field("datasource", Anything),
        field("enable", Anything),
        field("expr", Anything),
        field("filter", Anything),
        field("hide", Anything),
        field("iconColor", Anything),
        field("mappings", Anything),
        field("name", Scalar(text)),
        field("placement", Anything),
        field("target", Anything),
        field("type", Anything),
    ]],
    rules: &[],
};

static TEMPLATING: TableOf = TableOf {
    what: "the variables of a dashboard",
    fields: &[&[
        field("enable", Anything),
        field("list", List(&Of(&VARIABLE))),
    ]],
    rules: &[check_variables],
};

static VARIABLE: TableOf = TableOf {
    what: "a variable",
    fields: &[&[
        field("allValue", Anything),
        field("allowCustomValue", Anything),
        field("auto", Anything),
        field("auto_count", Anything),
        field("auto_min", Anything),
        field("baseFilters", Anything),
        field("current", Anything),
        field("datasource", Anything),
        field("defaultKeys", Anything),
        field("definition", Anything),
        field("description", Anything),
        field("filters", Anything),
        field("hide", Anything),
        field("includeAll", Anything),
        field("label", Anything),
        field("multi", Anything),
        field("name", Scalar(text)),
        field("options", List(&Anything)),
        field("query", Anything),
        field("refresh", Anything),
        field("regex", Anything),
        field("skipUrlSync", Anything),
        field("sort", Anything),
        field("tagValuesQuery", Anything),
        field("tagsQuery", Anything),
        field("type", OneOf(&VARIABLE_TYPE)),
        field("useTags", Anything),
    ]],
    rules: &[|checker, variable| {
        checker.require(variable, "name", "a variable");
        checker.require(variable, "type", "a variable");
    }],
};

/// The tree of a dashboard in JSON, or in YAML.
pub(in crate::check::formats) fn read(text: &str) -> Reading {
    let is_json = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with(['{', '[']);
    match is_json {
        true => reader::read_json(text),
        false => reader::read(text, DIALECT),
    }
}

/// Of a type that it does not know, Grafana shows an error in place of the dashboard.
static VARIABLE_TYPE: Choice = Choice {
    what: "a type of variable",
    words: &[
        word("query"),
        word("custom"),
        word("constant"),
        word("interval"),
        word("datasource"),
        word("adhoc"),
        word("textbox"),
        word("system"),
        word("snapshot").since(11, 0),
        word("groupby").since(10, 4),
        word("switch").since(12, 3),
    ],
    ignores_case: false,
    may_be_empty: false,
};

/// Everything wrong with a dashboard: JSON, or a resource in YAML.
pub(in crate::check::formats) fn check(
    file: &Arc<SourceFile>,
    reading: &Reading,
    version: Version,
) -> Vec<Diagnostic> {
    let reader = Reader {
        area: "grafana",
        product: "Grafana",
        version,
        dialect: DIALECT,
        unknown: Unknown::Foreign,
    };
    let mut checker = Checker::new(file, reader);
    if let Some(document) = checker.take(reading) {
        check_root(&mut checker, &document.root);
    }
    checker.finish()
}

fn check_root(checker: &mut Checker<'_>, root: &Node) {
    let head = head_of(root);
    if !matches!(root.value, Value::Mapping(_)) {
        return checker.wrong_type(root, "a dashboard");
    }
    if root.get("apiVersion").is_some() && root.get("spec").is_some() {
        return resource::check(checker, root);
    }
    // What the HTTP API takes and gives.
    if let Some(inner) = root.entry("dashboard")
        && root.get("panels").is_none()
        && root.get("title").is_none()
    {
        let message = "the dashboard is below `dashboard`, as the HTTP API has it; of a provider, Grafana does not load it";
        checker
            .warning("not-a-dashboard", inner.key.span, message)
            .help = Some("for provisioning, keep what stands below `dashboard` alone".into());
        return checker.block(&inner.value, head_of(&inner.value), &DASHBOARD);
    }
    checker.block(root, head, &DASHBOARD);
}

fn dashboard_uid(checker: &mut Checker<'_>, node: &Node) {
    match node.value {
        Value::String(_) => uid(checker, node),
        _ => checker.wrong_type(node, "text"),
    }
}

/// `"30s"`, `""` or `false`.
fn refresh(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(node.value, Value::String(_) | Value::Bool(_) | Value::Null) {
        checker.wrong_type(node, "text such as `30s`");
    }
}

fn check_title(checker: &mut Checker<'_>, dashboard: &Block<'_>) {
    let title = dashboard.node.entry("title");
    let is_blank = title.is_none_or(|title| {
        matches!(title.value.value, Value::Null)
            || title
                .value
                .as_str()
                .is_some_and(|text| text.trim().is_empty())
    });
    if is_blank {
        let span = title.map_or(dashboard.head, |title| title.value.span);
        checker
            .error(
                "missing-field",
                span,
                "this dashboard has no title, and Grafana does not load it",
            )
            .help = Some("give `title`".into());
    }
}

/// `__inputs` is filled in by whoever imports a dashboard by hand.
fn check_inputs(checker: &mut Checker<'_>, dashboard: &Block<'_>) {
    let inputs = dashboard.blocks("__inputs");
    let names: Vec<&str> = inputs.filter_map(|input| input.text("name")).collect();
    if let (Some(entry), Some(name)) = (dashboard.given("__inputs"), names.first()) {
        let message = format!(
            "`${{{name}}}` is filled in when a dashboard is imported by hand, and never when it is provisioned"
        );
        checker
            .warning("unfilled-input", entry.key.span, message)
            .help = Some("put the datasource in its place, and remove `__inputs`".into());
    }
}

/// Of two panels with one id, Grafana gives the later another.
fn check_ids(checker: &mut Checker<'_>, dashboard: &Block<'_>) {
    let mut ids = std::collections::HashMap::new();
    let inner = dashboard
        .blocks("panels")
        .flat_map(|panel| std::iter::once(panel).chain(panel.blocks("panels")));
    let panels: Vec<Block<'_>> = inner.collect();
    for panel in panels {
        let Some(id) = panel.given("id") else {
            continue;
        };
        if let Some(first) = ids.insert(&*id.value.text, id.value.span) {
            let message = format!(
                "two panels have the id {}, and Grafana gives the later another",
                id.value.text
            );
            checker.warning("duplicate-id", id.value.span, message).help =
                Some("give each panel an id of its own".into());
            checker.relate("the first", first);
        }
    }
}

fn check_variables(checker: &mut Checker<'_>, templating: &Block<'_>) {
    let mut names = Names::default();
    for variable in templating.blocks("list") {
        let Some(name) = variable.written("name") else {
            continue;
        };
        if let Some(first) = names.add("", name) {
            let message = format!(
                "there are two variables `{}`, and only one of them counts",
                name.value.text
            );
            checker
                .error("duplicate-name", name.value.span, message)
                .help = Some("rename one of them".into());
            checker.relate("the first", first.value.span);
        }
        let is_word = name
            .value
            .text
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_');
        if !is_word {
            let message = format!(
                "`${}` cannot be written: a variable's name has letters, digits and `_`",
                name.value.text
            );
            checker
                .warning("invalid-name", name.value.span, message)
                .help = Some("rename it".into());
        }
    }
}
