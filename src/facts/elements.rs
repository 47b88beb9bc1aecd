//! Dashboards of Grafana's newer schema (`v2`, `v2beta1`, `v2alpha1`) in the form of classic ones.
//!
//! There, panels are elements by name and a layout places them; queries, variables and annotations are wrapped in a `kind` and a
//! `spec`. What they say is the same. So they are translated once, each value with the place where it is written, and whoever
//! reads panels knows one form.

use std::collections::BTreeMap;

use arcstr::ArcStr;

use crate::document::{Entry, Key, Node, Value};
use crate::source::Span;

/// What a dashboard of elements has in common with a classic one.
pub(super) struct Elements {
    /// `panels`: rows (and tabs) hold theirs.
    pub panels: Vec<Node>,
    /// `templating.list`.
    pub variables: Vec<Node>,
    /// `annotations.list`.
    pub annotations: Vec<Node>,
}

/// The translation; `None` for a classic dashboard.
pub(super) fn classic(root: &Node) -> Option<Elements> {
    let elements = root.get("elements")?.entries();
    let mut layout = Layout {
        unplaced: elements
            .iter()
            .map(|entry| (&*entry.key.text, &entry.value))
            .collect(),
        panels: Vec::new(),
    };
    if let Some(node) = root.get("layout") {
        let direct = layout.placed(node);
        layout.panels.splice(0..0, direct);
    }
    // Nobody sees what has no place, but it is written, and may get one.
    let unplaced = elements
        .iter()
        .filter(|entry| layout.unplaced.contains_key(&*entry.key.text))
        .filter_map(|entry| panel(&entry.value, None));
    layout.panels.extend(unplaced);
    let list = |key: &str| root.get(key).map_or(&[][..], |node| node.items());
    Some(Elements {
        panels: layout.panels,
        variables: list("variables").iter().filter_map(variable).collect(),
        annotations: list("annotations").iter().filter_map(annotation).collect(),
    })
}

struct Layout<'n> {
    /// Elements that no part of the layout has named yet.
    unplaced: BTreeMap<&'n str, &'n Node>,
    /// Rows so far.
    panels: Vec<Node>,
}

impl<'n> Layout<'n> {
    /// The panels that a layout places itself; its rows and tabs, however deep, become rows of the dashboard.
    fn placed(&mut self, layout: &'n Node) -> Vec<Node> {
        let Some(spec) = layout.get("spec") else {
            return Vec::new();
        };
        let list = |key: &str| spec.get(key).map_or(&[][..], |node| node.items());
        for part in list("rows").iter().chain(list("tabs")) {
            self.row(part, part.get("spec").and_then(|spec| spec.get("layout")));
        }
        self.items(list("items"))
    }

    fn items(&mut self, items: &'n [Node]) -> Vec<Node> {
        let mut panels = Vec::new();
        for item in items {
            let Some(spec) = item.get("spec") else {
                continue;
            };
            // The first version had rows within the grid.
            if spec.get("elements").is_some() {
                self.row(item, None);
                continue;
            }
            let name = spec.get("element").and_then(|node| node.get("name"));
            let name = name.map_or("", |node| node.scalar_text());
            if let Some(element) = self.unplaced.remove(name) {
                panels.extend(panel(element, Some(item)));
            }
        }
        panels
    }

    /// A row or a tab, as a panel that holds others.
    fn row(&mut self, part: &'n Node, layout: Option<&'n Node>) {
        let Some(spec) = part.get("spec") else {
            return;
        };
        let index = self.panels.len();
        let mut panels = layout.map_or_else(Vec::new, |layout| self.placed(layout));
        let elements = spec.get("elements").map_or(&[][..], |node| node.items());
        panels.extend(self.items(elements));
        let mut row = Made::of(part);
        let kind = part.get("kind").map_or(part.span, |kind| kind.span);
        row.add("type", kind, text("row", kind));
        row.copy(spec, "title", "title");
        row.copy(spec, "collapse", "collapsed");
        row.copy(spec, "collapsed", "collapsed");
        row.repeated(spec);
        row.add("panels", spec.span, list(spec.span, panels));
        self.panels.insert(index, row.node());
    }
}

/// An element as a panel, placed by the item of the layout that names it.
fn panel(element: &Node, item: Option<&Node>) -> Option<Node> {
    let spec = element.get("spec")?;
    let mut panel = Made::of(spec);
    for key in [
        "id",
        "title",
        "description",
        "links",
        "transparent",
        "libraryPanel",
    ] {
        panel.copy(spec, key, key);
    }
    if let Some(visual) = spec.get("vizConfig") {
        panel.copy(visual, kind_key(visual, "VizConfig"), "type");
        if let Some(spec) = visual.get("spec") {
            panel.copy(spec, "options", "options");
            panel.copy(spec, "fieldConfig", "fieldConfig");
        }
    }
    if let Some(data) = spec.get("data").and_then(|data| data.get("spec")) {
        if let Some(queries) = data.get("queries") {
            let targets = queries.items().iter().filter_map(target).collect();
            panel.add("targets", queries.span, list(queries.span, targets));
        }
        if let Some(steps) = data.get("transformations") {
            let steps_of = steps.items().iter().map(transformation).collect();
            panel.add("transformations", steps.span, list(steps.span, steps_of));
        }
        if let Some(options) = data.get("queryOptions") {
            for key in ["interval", "maxDataPoints", "timeFrom", "timeShift"] {
                panel.copy(options, key, key);
            }
        }
    }
    if let Some(spec) = item.and_then(|item| item.get("spec")) {
        let mut place = Made::of(spec);
        for (key, short) in [("x", "x"), ("y", "y"), ("width", "w"), ("height", "h")] {
            place.copy(spec, key, short);
        }
        if !place.entries.is_empty() {
            panel.add("gridPos", spec.span, place.node());
        }
        panel.repeated(spec);
    }
    Some(panel.node())
}

/// The key under which something says of what type it is: `group`, and in the first version `kind` itself.
fn kind_key(node: &Node, generic: &str) -> &'static str {
    match node.get("kind").map(|kind| kind.scalar_text()) {
        Some(kind) if kind != generic && node.get("group").is_none() => "kind",
        _ => "group",
    }
}

fn target(entry: &Node) -> Option<Node> {
    let spec = entry.get("spec")?;
    let mut target = Made::of(entry);
    target.copy(spec, "refId", "refId");
    target.copy(spec, "hidden", "hide");
    target.queried(spec);
    Some(target.node())
}

fn transformation(entry: &Node) -> Node {
    let mut step = Made::of(entry);
    if let Some(spec) = entry.get("spec") {
        step.copy(spec, "id", "id");
        step.copy(spec, "options", "options");
    }
    step.copy(entry, kind_key(entry, "Transformation"), "id");
    step.node()
}

fn annotation(entry: &Node) -> Option<Node> {
    let spec = entry.get("spec")?;
    let mut annotation = Made::of(entry);
    for key in ["name", "enable", "hide"] {
        annotation.copy(spec, key, key);
    }
    annotation.queried(spec);
    Some(annotation.node())
}

fn variable(entry: &Node) -> Option<Node> {
    let spec = entry.get("spec")?;
    let written = entry.get("kind")?;
    let kind = match written.scalar_text() {
        "QueryVariable" => "query",
        "TextVariable" => "textbox",
        "ConstantVariable" => "constant",
        "DatasourceVariable" => "datasource",
        "IntervalVariable" => "interval",
        "CustomVariable" => "custom",
        "GroupByVariable" => "groupby",
        "AdhocVariable" => "adhoc",
        "SwitchVariable" => "switch",
        _ => return None,
    };
    let mut variable = Made::of(entry);
    variable.add("type", written.span, text(kind, written.span));
    for key in [
        "name",
        "label",
        "description",
        "multi",
        "includeAll",
        "allValue",
        "regex",
        "definition",
        "current",
        "options",
    ] {
        variable.copy(spec, key, key);
    }
    if let Some(hide) = spec.get("hide") {
        let number = match hide.scalar_text() {
            "hideLabel" => "1",
            "hideVariable" => "2",
            _ => "0",
        };
        variable.add("hide", hide.span, text(number, hide.span));
    }
    variable.copy(spec, "pluginId", "query");
    match spec.get("query") {
        Some(query) if matches!(query.value, Value::Mapping(_)) => {
            let inner = query.get("spec").and_then(|spec| {
                // What was converted from a text keeps it under a key of its own.
                ["query", "__legacyStringValue", "expr"]
                    .iter()
                    .find_map(|key| spec.get(key))
            });
            if let Some(inner) = inner.filter(|inner| inner.as_str().is_some()) {
                variable.add("query", inner.span, inner.clone());
            }
            variable.datasource(spec, query);
        }
        _ => variable.copy(spec, "query", "query"),
    }
    Some(variable.node())
}

/// A mapping in the making.
struct Made {
    span: Span,
    entries: Vec<Entry>,
}

impl Made {
    /// One that stands where `node` does.
    const fn of(node: &Node) -> Self {
        Self {
            span: node.span,
            entries: Vec::new(),
        }
    }

    /// An entry, unless there is one of this key.
    fn add(&mut self, key: &str, at: Span, value: Node) {
        if self.entries.iter().any(|entry| &*entry.key.text == key) {
            return;
        }
        self.entries.push(Entry {
            key: Key {
                text: ArcStr::from(key),
                span: at,
            },
            value,
        });
    }

    /// What `from` has under `key`, as `name`.
    fn copy(&mut self, from: &Node, key: &str, name: &str) {
        if let Some(entry) = from.entry(key) {
            self.add(name, entry.key.span, entry.value.clone());
        }
    }

    /// `repeat`, where it is for a variable.
    fn repeated(&mut self, spec: &Node) {
        if let Some(repeat) = spec.get("repeat") {
            self.copy(repeat, "value", "repeat");
        }
    }

    /// What the query in `spec` asks, and whom.
    fn queried(&mut self, spec: &Node) {
        let Some(query) = spec.get("query") else {
            return;
        };
        self.datasource(spec, query);
        // They differ from each other, so that only the few before them are looked through.
        let known = self.entries.len();
        for entry in query.get("spec").map_or(&[][..], |spec| spec.entries()) {
            let mut before = self.entries.iter().take(known);
            if before.all(|other| other.key.text != entry.key.text) {
                self.entries.push(entry.clone());
            }
        }
    }

    /// `datasource` with `type` and `uid`: of the query, and in the first version beside it.
    fn datasource(&mut self, spec: &Node, query: &Node) {
        let written = query.get("datasource").or_else(|| spec.get("datasource"));
        let mut datasource = Self::of(written.unwrap_or(query));
        if let Some(written) = written {
            datasource.copy(written, "uid", "uid");
            datasource.copy(written, "name", "uid");
            datasource.copy(written, "type", "type");
        }
        datasource.copy(query, kind_key(query, "DataQuery"), "type");
        let span = datasource.span;
        self.add("datasource", span, datasource.node());
    }

    fn node(self) -> Node {
        made(self.span, Value::Mapping(self.entries.into()), "")
    }
}

fn list(span: Span, items: Vec<Node>) -> Node {
    made(span, Value::Sequence(items.into()), "")
}

/// A word of ours for what is written at `span`.
fn text(word: &str, span: Span) -> Node {
    made(span, Value::String(ArcStr::from(word)), word)
}

fn made(span: Span, value: Value, text: &str) -> Node {
    Node::plain(span, value, ArcStr::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, parse_json};

    fn elements(text: &str) -> Elements {
        let limits = Limits {
            depth: 50,
            nodes: 1000,
        };
        classic(&parse_json(text, limits).unwrap()).unwrap()
    }

    /// The text at each route of keys, `-` where there is none.
    fn texts(node: &Node, routes: &[&str]) -> Vec<String> {
        let at = |route: &&str| {
            let mut node = Some(node);
            for key in route.split('.') {
                node = node.and_then(|node| match key.parse::<usize>() {
                    Ok(index) => node.items().get(index),
                    Err(_) => node.get(key),
                });
            }
            node.map_or_else(|| "-".to_owned(), |node| node.scalar_text().to_owned())
        };
        routes.iter().map(at).collect()
    }

    #[test]
    fn both_forms_of_a_query_are_read() {
        for (query, kind) in [
            (
                r#"{"refId": "A", "hidden": true, "query": {"kind": "DataQuery", "group": "prometheus",
                    "datasource": {"name": "prom"}, "spec": {"expr": "up"}}}"#,
                r#""kind": "VizConfig", "group": "stat""#,
            ),
            (
                r#"{"refId": "A", "hidden": true, "datasource": {"type": "prometheus", "uid": "prom"},
                    "query": {"kind": "prometheus", "spec": {"expr": "up"}}}"#,
                r#""kind": "stat""#,
            ),
        ] {
            let text = format!(
                r#"{{"elements": {{"a": {{"kind": "Panel", "spec": {{"id": 7, "title": "Up",
                    "vizConfig": {{{kind}, "spec": {{"fieldConfig": {{"defaults": {{"unit": "s"}}}}}}}},
                    "data": {{"spec": {{"queries": [{{"kind": "PanelQuery", "spec": {query}}}]}}}}}}}}}}}}"#
            );
            let panels = elements(&text).panels;
            let routes = [
                "id",
                "title",
                "type",
                "fieldConfig.defaults.unit",
                "targets.0.expr",
                "targets.0.refId",
                "targets.0.hide",
                "targets.0.datasource.type",
                "targets.0.datasource.uid",
            ];
            assert_eq!(
                texts(&panels[0], &routes),
                [
                    "7",
                    "Up",
                    "stat",
                    "s",
                    "up",
                    "A",
                    "true",
                    "prometheus",
                    "prom"
                ],
                "{text}"
            );
            let expr = panels[0]
                .get("targets")
                .and_then(|list| list.items()[0].get("expr"));
            let span = expr.map(|node| node.span).unwrap();
            assert_eq!(&text[span.start()..span.end()], "\"up\"");
        }
    }

    #[test]
    fn rows_and_tabs_hold_what_they_place() {
        let item = |name: &str| {
            format!(
                r#"{{"kind": "GridLayoutItem", "spec": {{"x": 0, "y": 1, "width": 12, "height": 8, "element": {{"name": "{name}"}}}}}}"#
            )
        };
        let panel = |title: &str| format!(r#"{{"kind": "Panel", "spec": {{"title": "{title}"}}}}"#);
        let text = format!(
            r#"{{"elements": {{"a": {}, "b": {}, "c": {}}}, "layout": {{"kind": "TabsLayout", "spec": {{"tabs": [
                {{"kind": "TabsLayoutTab", "spec": {{"title": "T", "layout": {{"kind": "RowsLayout", "spec": {{"rows": [
                    {{"kind": "RowsLayoutRow", "spec": {{"title": "R", "repeat": {{"mode": "variable", "value": "job"}},
                        "layout": {{"kind": "GridLayout", "spec": {{"items": [{}]}}}}}}}}]}}}}}}}},
                {{"kind": "TabsLayoutTab", "spec": {{"title": "U", "layout": {{"kind": "GridLayout", "spec": {{"items": [{}, {}]}}}}}}}}
            ]}}}}}}"#,
            panel("A"),
            panel("B"),
            panel("C"),
            item("a"),
            item("b"),
            item("a"),
        );
        let panels = elements(&text).panels;
        let titles = |panels: &[Node]| -> Vec<String> {
            panels
                .iter()
                .flat_map(|panel| texts(panel, &["title"]))
                .collect()
        };
        assert_eq!(titles(&panels), ["T", "R", "U", "C"]);
        let inner = |index: usize| panels[index].get("panels").unwrap().items();
        assert_eq!(titles(inner(0)), [""; 0]);
        assert_eq!(titles(inner(1)), ["A"]);
        assert_eq!(titles(inner(2)), ["B"], "what is placed twice is one panel");
        assert_eq!(texts(&panels[1], &["type", "repeat"]), ["row", "job"]);
        let grid = ["gridPos.x", "gridPos.y", "gridPos.w", "gridPos.h"];
        assert_eq!(texts(&inner(1)[0], &grid), ["0", "1", "12", "8"]);
    }

    #[test]
    fn variables_have_their_classic_types() {
        let text = r#"{"elements": {}, "variables": [
            {"kind": "QueryVariable", "spec": {"name": "a", "hide": "hideVariable", "multi": true,
                "query": {"kind": "DataQuery", "group": "prometheus", "spec": {"query": "label_values(up, job)"}}}},
            {"kind": "QueryVariable", "spec": {"name": "b",
                "query": {"kind": "prometheus", "spec": {"__legacyStringValue": "label_values(job)"}}}},
            {"kind": "DatasourceVariable", "spec": {"name": "c", "pluginId": "prometheus"}},
            {"kind": "CustomVariable", "spec": {"name": "d", "query": "x, y"}},
            {"kind": "Unheard", "spec": {"name": "e"}}]}"#;
        let variables = elements(text).variables;
        let routes = ["name", "type", "query", "hide", "multi"];
        let told: Vec<Vec<String>> = variables.iter().map(|it| texts(it, &routes)).collect();
        assert_eq!(
            told,
            [
                ["a", "query", "label_values(up, job)", "2", "true"],
                ["b", "query", "label_values(job)", "-", "-"],
                ["c", "datasource", "prometheus", "-", "-"],
                ["d", "custom", "x, y", "-", "-"],
            ]
        );
    }
}
