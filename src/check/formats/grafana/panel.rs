//! Panels of a dashboard in the form that Grafana saves.

use std::collections::HashMap;

use super::text;
use crate::check::formats::block::Block;
use crate::check::formats::checker::Checker;
use crate::check::formats::rules::check_expr_with;
use crate::check::formats::table::Kind::{
    Anything, Block as Of, Choice as OneOf, Custom, Float, List, Scalar,
};
use crate::check::formats::table::{Choice, TableOf, field, word};
use crate::document::{Node, Value};
use crate::promql;

pub(super) static PANEL: TableOf = TableOf {
    what: "a panel",
    fields: &[&[
        field("alert", Anything),
        field("cacheTimeout", Anything),
        field("collapsed", Anything),
        field("datasource", Custom(datasource)),
        field("description", Anything),
        field("fieldConfig", Of(&FIELD_CONFIG)),
        field("gridPos", Of(&GRID_POS)),
        field("hideTimeOverride", Anything),
        field("id", Anything),
        field("interval", Anything),
        field("libraryPanel", Anything),
        field("links", List(&Anything)),
        field("maxDataPoints", Anything),
        field("maxPerRow", Anything),
        field("options", Custom(mapping)),
        field("panels", List(&Of(&PANEL))),
        field("pluginVersion", Anything),
        field("queryCachingTTL", Anything),
        field("repeat", Anything),
        field("repeatDirection", Anything),
        field("targets", List(&Of(&TARGET))),
        field("timeFrom", Anything),
        field("timeShift", Anything),
        field("title", Anything),
        field("transformations", List(&Of(&TRANSFORMATION))),
        field("transparent", Anything),
        field("type", Scalar(text)),
    ]],
    rules: &[check_type, check_targets],
};

static GRID_POS: TableOf = TableOf {
    what: "the place of a panel",
    fields: &[&[
        field("h", Float),
        field("w", Float),
        field("x", Float),
        field("y", Float),
        field("static", Anything),
    ]],
    rules: &[],
};

static TARGET: TableOf = TableOf {
    what: "a query",
    fields: &[&[
        field("datasource", Custom(datasource)),
        field("editorMode", Anything),
        field("exemplar", Anything),
        field("expr", Anything),
        field("format", Anything),
        field("hide", Anything),
        field("instant", Anything),
        field("interval", Anything),
        field("intervalFactor", Anything),
        field("legendFormat", Anything),
        field("queryType", Anything),
        field("range", Anything),
        field("refId", Scalar(text)),
        field("step", Anything),
    ]],
    rules: &[],
};

static FIELD_CONFIG: TableOf = TableOf {
    what: "the field config",
    fields: &[&[
        field("defaults", Of(&DEFAULTS)),
        field("overrides", List(&Of(&OVERRIDE))),
    ]],
    rules: &[],
};

static DEFAULTS: TableOf = TableOf {
    what: "the field defaults",
    fields: &[&[
        field("actions", List(&Anything)),
        field("color", Anything),
        field("custom", Custom(mapping)),
        field("decimals", Anything),
        field("description", Anything),
        field("displayName", Anything),
        field("displayNameFromDS", Anything),
        field("fieldMinMax", Anything),
        field("filterable", Anything),
        field("links", List(&Anything)),
        field("mappings", List(&Anything)),
        field("max", Anything),
        field("min", Anything),
        field("noValue", Anything),
        field("path", Anything),
        field("thresholds", Of(&THRESHOLDS)),
        field("unit", Scalar(text)),
        field("unitScale", Anything),
        field("writeable", Anything),
    ]],
    rules: &[],
};

static THRESHOLDS: TableOf = TableOf {
    what: "the thresholds of a panel",
    fields: &[&[
        field("mode", OneOf(&THRESHOLD_MODE)),
        field("steps", List(&Of(&STEP))),
    ]],
    rules: &[],
};

static THRESHOLD_MODE: Choice = Choice {
    what: "a mode of thresholds",
    words: &[word("absolute"), word("percentage")],
    ignores_case: false,
    may_be_empty: false,
};

static STEP: TableOf = TableOf {
    what: "a step of thresholds",
    fields: &[&[
        field("color", Anything),
        field("value", Anything),
        field("state", Anything),
        field("index", Anything),
        field("line", Anything),
        field("op", Anything),
        field("yaxis", Anything),
    ]],
    rules: &[],
};

static OVERRIDE: TableOf = TableOf {
    what: "an override",
    fields: &[&[
        field("matcher", Of(&MATCHER)),
        field("properties", List(&Of(&PROPERTY))),
        field("__systemRef", Anything),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "matcher", "an override");
        checker.require_list(block, "properties", "an override");
    }],
};

static MATCHER: TableOf = TableOf {
    what: "the matcher of an override",
    fields: &[&[
        field("id", Scalar(text)),
        field("options", Anything),
        field("scope", Anything),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "id", "the matcher of an override");
    }],
};

static PROPERTY: TableOf = TableOf {
    what: "a property of an override",
    fields: &[&[field("id", Scalar(text)), field("value", Anything)]],
    rules: &[|checker, block| {
        checker.require(block, "id", "a property of an override");
    }],
};

static TRANSFORMATION: TableOf = TableOf {
    what: "a transformation",
    fields: &[&[
        field("id", Scalar(text)),
        field("options", Anything),
        field("disabled", Anything),
        field("filter", Anything),
        field("topic", Anything),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "id", "a transformation");
    }],
};

fn mapping(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(node.value, Value::Mapping(_) | Value::Null) {
        checker.wrong_type(node, "a mapping");
    }
}

/// A reference by uid, or by name as older dashboards have it.
fn datasource(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(
        node.value,
        Value::Mapping(_) | Value::String(_) | Value::Null
    ) {
        checker.wrong_type(node, "a datasource");
    }
}

fn check_type(checker: &mut Checker<'_>, panel: &Block<'_>) {
    if panel.given("libraryPanel").is_none() {
        checker.require(panel, "type", "a panel");
    }
}

/// The results of two queries with one letter cannot be told apart: the later replaces the earlier.
fn check_targets(checker: &mut Checker<'_>, panel: &Block<'_>) {
    let mut ref_ids = HashMap::new();
    let kind_of = |block: &Block<'_>| {
        let datasource = block.block("datasource")?;
        datasource.text("type").map(str::to_owned)
    };
    let panel_kind = kind_of(panel);
    for target in panel.blocks("targets") {
        if let Some(ref_id) = target.written("refId")
            && let Some(first) = ref_ids.insert(&*ref_id.value.text, ref_id.value.span)
        {
            let message = format!(
                "two queries of this panel have the `refId` `{}`, and only one of them is shown",
                ref_id.value.text
            );
            checker
                .error("duplicate-name", ref_id.value.span, message)
                .help = Some("give one of them another letter".into());
            checker.relate("the first", first);
        }
        let kind = kind_of(&target).or_else(|| panel_kind.clone());
        if kind.as_deref() == Some("prometheus")
            && let Some(expr) = target.written("expr")
            && matches!(expr.value.value, Value::String(_))
        {
            check_expr_with(checker, &expr.value, &promql::Options::grafana());
        }
    }
}
