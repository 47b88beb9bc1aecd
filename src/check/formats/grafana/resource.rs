//! Dashboards as resources: `apiVersion`, `kind`, `metadata`, `spec`.

use std::collections::HashSet;

use super::dashboard::DASHBOARD;
use super::{text, uid};
use crate::catalogue::Version;
use crate::check::formats::block::{Block, head_of};
use crate::check::formats::checker::Checker;
use crate::check::formats::scalar::quoted;
use crate::check::formats::table::Kind::{
    Anything, Block as Of, Bool, Choice as OneOf, Custom, Float, List, Map, Scalar, Text,
};
use crate::check::formats::table::{Choice, TableOf, field, word};
use crate::check::formats::words::nearest;
use crate::document::{Node, Value};
use crate::source::Span;

/// Versions of the API, each with the first Grafana that has it. From `v2` on, a dashboard has elements and a layout.
const VERSIONS: [(&str, u32, u32); 7] = [
    ("v0alpha1", 12, 0),
    ("v1alpha1", 12, 0),
    ("v1beta1", 12, 0),
    ("v1", 12, 4),
    ("v2alpha1", 12, 0),
    ("v2beta1", 12, 2),
    ("v2", 12, 4),
];

const GROUP: &str = "dashboard.grafana.app/";

/// Whether an object is a resource of Grafana's group for dashboards.
pub fn is_dashboard_resource(object: &Node) -> bool {
    let version = object.get("apiVersion").and_then(Node::as_str);
    version.is_some_and(|version| version.starts_with(GROUP))
}

static METADATA: TableOf = TableOf {
    what: "the metadata of a dashboard",
    fields: &[&[
        field("name", Scalar(uid)),
        field("namespace", Text),
        field("annotations", Map(&Text, &Text)),
        field("labels", Map(&Text, &Text)),
        field("generateName", Text),
    ]],
    rules: &[|checker, block| {
        if block.given("generateName").is_none() {
            checker.require(block, "name", "the metadata of a dashboard");
        }
    }],
};

static SPEC: TableOf = TableOf {
    what: "a dashboard of version 2",
    fields: &[&[
        field("annotations", List(&Of(&KIND))),
        field("cursorSync", OneOf(&CURSOR_SYNC)),
        field("description", Scalar(text)),
        field("editable", Bool),
        field("elements", Map(&Text, &Of(&ELEMENT))),
        field("layout", Custom(layout)),
        field("links", List(&Anything)),
        field("liveNow", Bool),
        field("preload", Bool),
        field("revision", Anything),
        field("tags", List(&Scalar(text))),
        field("timeSettings", Of(&TIME_SETTINGS)),
        field("title", Scalar(text)),
        field("variables", List(&Of(&VARIABLE))),
    ]],
    rules: &[check_spec],
};

static CURSOR_SYNC: Choice = Choice {
    what: "a way to share the cursor",
    words: &[word("Off"), word("Crosshair"), word("Tooltip")],
    ignores_case: false,
    may_be_empty: false,
};

static TIME_SETTINGS: TableOf = TableOf {
    what: "the time settings",
    fields: &[&[
        field("autoRefresh", Scalar(text)),
        field("autoRefreshIntervals", List(&Scalar(text))),
        field("fiscalYearStartMonth", Float),
        field("from", Scalar(text)),
        field("hideTimepicker", Bool),
        field("nowDelay", Scalar(text)),
        field("quickRanges", List(&Anything)),
        field("timezone", Scalar(text)),
        field("to", Scalar(text)),
        field("weekStart", Scalar(text)),
    ]],
    rules: &[],
};

static KIND: TableOf = TableOf {
    what: "an entry with a kind",
    fields: &[&[field("kind", Scalar(text)), field("spec", Anything)]],
    rules: &[|checker, block| {
        checker.require(block, "kind", "an entry");
        checker.require(block, "spec", "an entry");
    }],
};

static ELEMENT: TableOf = TableOf {
    what: "an element",
    fields: &[&[field("kind", OneOf(&ELEMENT_KIND)), field("spec", Anything)]],
    rules: &[|checker, block| {
        checker.require(block, "kind", "an element");
        checker.require(block, "spec", "an element");
    }],
};

static ELEMENT_KIND: Choice = Choice {
    what: "a kind of element",
    words: &[word("Panel"), word("LibraryPanel")],
    ignores_case: false,
    may_be_empty: false,
};

static VARIABLE: TableOf = TableOf {
    what: "a variable",
    fields: &[&[
        field("kind", OneOf(&VARIABLE_KIND)),
        field("spec", Anything),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "kind", "a variable");
        if let Some(spec) = block.block("spec") {
            checker.require(&spec, "name", "a variable");
        }
    }],
};

static VARIABLE_KIND: Choice = Choice {
    what: "a kind of variable",
    words: &[
        word("QueryVariable"),
        word("TextVariable"),
        word("ConstantVariable"),
        word("DatasourceVariable"),
        word("IntervalVariable"),
        word("CustomVariable"),
        word("GroupByVariable"),
        word("AdhocVariable"),
        word("SwitchVariable").since(12, 3),
    ],
    ignores_case: false,
    may_be_empty: false,
};

/// Checks a dashboard in the form of a resource.
pub(super) fn check(checker: &mut Checker<'_>, root: &Node) {
    let whole = Block {
        node: root,
        head: head_of(root),
    };
    let Some(api_version) = whole.written("apiVersion") else {
        checker.require(&whole, "apiVersion", "a dashboard");
        return;
    };
    let span = api_version.value.span;
    let Some(name) = api_version.value.text.strip_prefix(GROUP) else {
        let message = format!("`{}` is not an API of dashboards", api_version.value.text);
        checker.error("unknown-value", span, message).help =
            Some(format!("write `{GROUP}v1beta1`"));
        return;
    };
    let Some((_, major, minor)) = VERSIONS.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<&str> = VERSIONS.iter().map(|(name, ..)| *name).collect();
        let near = nearest(name, known.iter().copied());
        let message = format!(
            "`{name}` is not a version of the API of dashboards, expected {}",
            quoted(&known)
        );
        checker.error("unknown-value", span, message).help =
            near.map(|near| format!("did you mean `{near}`?"));
        return;
    };
    let version = checker.reader.version;
    if version < Version::new(*major, *minor, 0) {
        let message = format!(
            "dashboards of the version `{name}` need Grafana {major}.{minor} or newer; this is checked for {}.{}",
            version.major, version.minor
        );
        checker.error("too-new-field", span, message);
        return;
    }
    match whole.text("kind") {
        Some("Dashboard") => {}
        Some(other) => {
            let span = root.get("kind").map_or(whole.head, |node| node.span);
            let message = format!("`{other}` is not a dashboard");
            checker.error("unknown-value", span, message).help =
                Some("write `kind: Dashboard`".into());
        }
        None => {
            checker.require(&whole, "kind", "a dashboard");
        }
    }
    if checker.require(&whole, "metadata", "a dashboard")
        && let Some(entry) = whole.given("metadata")
    {
        checker.block(&entry.value, entry.key.span, &METADATA);
    }
    if let Some(entry) = whole.given("spec") {
        let table = if name.starts_with("v2") {
            &SPEC
        } else {
            &DASHBOARD
        };
        checker.block(&entry.value, entry.key.span, table);
    }
}

fn check_spec(checker: &mut Checker<'_>, spec: &Block<'_>) {
    checker.require(spec, "title", "a dashboard");
    let elements: Vec<&str> = spec
        .block("elements")
        .map_or(&[][..], |elements| elements.node.entries())
        .iter()
        .map(|entry| &*entry.key.text)
        .collect();
    let mut placed: HashSet<&str> = HashSet::new();
    let mut references: Vec<(&str, Span)> = Vec::new();
    if let Some(layout) = spec.node.get("layout") {
        collect(layout, &mut references);
    }
    for (name, span) in &references {
        placed.insert(name);
        if !elements.contains(name) {
            let near = nearest(name, elements.iter().copied());
            let message = format!("the layout places `{name}`, which is not among the elements");
            checker.error("undefined-element", *span, message).help =
                near.map(|near| format!("did you mean `{near}`?"));
        }
    }
    let unplaced = spec.block("elements");
    for entry in unplaced.map_or(&[][..], |elements| elements.node.entries()) {
        if !placed.contains(&*entry.key.text) {
            let message = format!(
                "the layout does not place `{}`, so that nobody sees it",
                entry.key.text
            );
            checker
                .error("unplaced-element", entry.key.span, message)
                .help = Some("add it to the layout, or remove it".into());
        }
    }
}

/// Every element that a layout names.
fn collect<'n>(node: &'n Node, references: &mut Vec<(&'n str, Span)>) {
    let is_reference = node.get("kind").and_then(|kind| kind.as_str()) == Some("ElementReference");
    if let Some(name) = node.get("name")
        && is_reference
    {
        references.push((&name.text, name.span));
        return;
    }
    for entry in node.entries() {
        collect(&entry.value, references);
    }
    for item in node.items() {
        collect(item, references);
    }
}

/// A layout, its rows and tabs with layouts of their own.
fn layout(checker: &mut Checker<'_>, node: &Node) {
    /// Each kind of layout, where its parts are, and what kind they are.
    const KINDS: [(&str, &str, &str); 4] = [
        ("GridLayout", "items", "GridLayoutItem"),
        ("AutoGridLayout", "items", "AutoGridLayoutItem"),
        ("RowsLayout", "rows", "RowsLayoutRow"),
        ("TabsLayout", "tabs", "TabsLayoutTab"),
    ];
    if node.value == Value::Null {
        return;
    }
    let block = Block {
        node,
        head: head_of(node),
    };
    if !matches!(node.value, Value::Mapping(_)) {
        return checker.wrong_type(node, "a mapping");
    }
    if !checker.require(&block, "kind", "a layout") {
        return;
    }
    let kind = block.text("kind").unwrap_or_default();
    let Some((_, parts, part)) = KINDS.iter().find(|(known, ..)| *known == kind) else {
        let names: Vec<&str> = KINDS.iter().map(|(name, ..)| *name).collect();
        let near = nearest(kind, names.iter().copied());
        let span = node.get("kind").map_or(block.head, |node| node.span);
        let message = format!(
            "`{kind}` is not a kind of layout, expected {}",
            quoted(&names)
        );
        checker.error("unknown-value", span, message).help =
            near.map(|near| format!("did you mean `{near}`?"));
        return;
    };
    let Some(spec) = block.block("spec") else {
        checker.require(&block, "spec", "a layout");
        return;
    };
    for inner in spec.blocks(parts) {
        let span = inner.node.get("kind").map_or(inner.head, |node| node.span);
        if inner.text("kind") != Some(part) {
            let message = format!("the {parts} of a {kind} are of the kind `{part}`");
            checker.error("unknown-value", span, message).help =
                Some(format!("write `\"kind\": \"{part}\"`"));
            continue;
        }
        let nested = inner.block("spec").and_then(|spec| spec.given("layout"));
        if let Some(nested) = nested {
            layout(checker, &nested.value);
        }
    }
}
