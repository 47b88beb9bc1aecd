//! Dashboards: panels, queries, variables.

use super::datasource::{Datasource, DatasourceReference, DatasourceTarget};
use super::elements::{self, Elements};
use super::expression::{ExpressionId, Expressions, Origin, Unread};
use super::text::Text;
use crate::check::formats::is_dashboard_resource;
use crate::document::Node;
use crate::setup::{Document, DocumentId, Kind, Place, Setup, is_logql};

/// One dashboard.
#[derive(Debug)]
pub struct Dashboard {
    /// The document.
    pub document: DocumentId,
    /// Its title, where it has one.
    pub title: Option<Text>,
    /// Its uid, where it has one.
    pub uid: Option<Text>,
    /// Its panels, rows and what they hold included, in the order of the text.
    pub panels: Vec<Panel>,
    /// Whether they are elements of the newer schema. Then the node of each is what it would be in a classic dashboard, and its
    /// entries stand in several places: they can be changed, but none added.
    pub has_elements: bool,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// Annotation queries.
    pub annotations: Vec<Node>,
    /// Names of `__inputs`, which an import by hand would fill.
    pub inputs: Vec<Text>,
    /// Indices in [`Facts::providers`](super::Facts::providers) of the providers that load it.
    pub loaded_by: Vec<usize>,
    /// Its mapping.
    pub node: Node,
}

/// One panel.
#[derive(Debug)]
pub struct Panel {
    /// Index of the row whose panels it is among, where it is a collapsed one.
    pub row: Option<usize>,
    /// `id`, where it is a number.
    pub id: Option<Text>,
    /// Its title; empty where it has none.
    pub title: Text,
    /// `type`: `timeseries`, `row`.
    pub kind: Text,
    /// Its datasource, where it names one.
    pub datasource: Option<DatasourceReference>,
    /// Its queries.
    pub queries: Vec<PanelQuery>,
    /// Its mapping, in the form of classic dashboards.
    pub node: Node,
    /// Where to point for it as a whole: its title, else its type.
    pub place: Place,
}

/// One entry of a panel's `targets`.
#[derive(Debug)]
pub struct PanelQuery {
    /// `refId`.
    pub ref_id: Option<Text>,
    /// The query's text, whatever its language: `expr`, `query`, `rawSql`.
    pub text: Option<Text>,
    /// The expression, where it is PromQL.
    pub expression: Option<ExpressionId>,
    /// `legendFormat`, where it is given.
    pub legend: Option<Text>,
    /// Its own datasource.
    pub datasource: Option<DatasourceReference>,
    /// The type of its datasource, or of its panel's, as far as references, variables and provisioning tell.
    pub datasource_kind: Option<String>,
    /// `hide`.
    pub is_hidden: bool,
    /// Its mapping.
    pub node: Node,
}

/// One entry of `templating.list`.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: Text,
    /// `query`, `datasource`, `custom`, `interval`, `textbox`, `constant`, `adhoc`.
    pub kind: String,
    /// The query's text.
    pub query: Option<Text>,
    /// The expression in a PromQL query such as `label_values(expr, label)`.
    pub expression: Option<ExpressionId>,
    /// `multi`.
    pub is_multi: bool,
    /// `includeAll`.
    pub includes_all: bool,
    /// Its datasource.
    pub datasource: Option<DatasourceReference>,
    /// Its mapping.
    pub node: Node,
}

impl Panel {
    /// Whether it only groups other panels.
    pub fn is_row(&self) -> bool {
        self.kind.as_str() == "row"
    }

    /// Its title in backticks, or its id, for messages.
    pub fn named(&self) -> String {
        match (self.title.as_str(), &self.id) {
            ("", Some(id)) => format!("panel {}", id.as_str()),
            ("", None) => "a panel without a title".into(),
            (title, _) => format!("panel `{title}`"),
        }
    }
}

impl Dashboard {
    /// The variable called `name`.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables
            .iter()
            .find(|variable| variable.name.as_str() == name)
    }

    /// Its title in backticks, or a word for it.
    pub fn named(&self) -> String {
        self.title.as_ref().map_or_else(
            || "a dashboard without a title".into(),
            |title| format!("dashboard `{}`", title.as_str()),
        )
    }
}

/// Every dashboard of a setup.
pub(super) fn dashboards(
    setup: &Setup,
    datasources: &[Datasource],
    expressions: &mut Expressions,
) -> Vec<Dashboard> {
    setup
        .of_kind(Kind::Dashboard)
        .enumerate()
        .map(|(index, document)| {
            Reader {
                setup,
                document,
                datasources,
                index,
            }
            .dashboard(expressions)
        })
        .collect()
}

struct Reader<'r> {
    setup: &'r Setup,
    document: &'r Document,
    datasources: &'r [Datasource],
    index: usize,
}

impl Reader<'_> {
    fn text(&self, node: &Node, key: &str) -> Option<Text> {
        let node = node.get(key)?;
        node.as_str().map(|_| Text::of(self.document, node))
    }

    /// The name of the resource whose spec the dashboard is, which is its uid.
    fn name(&self) -> Option<Text> {
        let wrapper = self.setup.document(self.document.wrapper?);
        let name = wrapper.root.get("metadata")?.get("name")?;
        (is_dashboard_resource(&wrapper.root) && name.as_str().is_some())
            .then(|| Text::of(wrapper, name))
    }

    fn dashboard(&self, expressions: &mut Expressions) -> Dashboard {
        let root = &self.document.root;
        let list = |node: Option<&Node>, key: &str| {
            node.and_then(|node| node.get(key))
                .map_or_else(Vec::new, |node| node.items().to_vec())
        };
        let elements = elements::classic(root);
        let has_elements = elements.is_some();
        let parts = elements.unwrap_or_else(|| Elements {
            // Older ones have panels, with those of collapsed rows in them, oldest ones rows with panels.
            panels: list(Some(root), "panels")
                .into_iter()
                .chain(
                    list(Some(root), "rows")
                        .iter()
                        .flat_map(|row| list(Some(row), "panels")),
                )
                .collect(),
            variables: list(root.get("templating"), "list"),
            annotations: list(root.get("annotations"), "list"),
        });
        let variables: Vec<Variable> = parts
            .variables
            .iter()
            .enumerate()
            .filter_map(|(index, node)| self.variable(node, index, expressions))
            .collect();
        let mut panels = Vec::new();
        for panel in &parts.panels {
            self.panel(panel, None, &variables, &mut panels, expressions);
        }
        panels.shrink_to_fit();
        for node in &parts.annotations {
            let expr = node.get("expr").or_else(|| node.get("target")?.get("expr"));
            let kind = node.get("datasource").and_then(|node| {
                self.kind_of(&DatasourceReference::of(self.document, node), &variables)
            });
            if let Some(text) = expr
                .filter(|node| node.as_str().is_some())
                .map(|node| Text::of(self.document, node))
                && is_promql(&text, kind.as_deref())
            {
                expressions.add(Unread {
                    text,
                    origin: Origin::Annotation {
                        dashboard: self.index,
                    },
                    version: None,
                });
            }
        }
        Dashboard {
            document: self.document.id,
            title: self.text(root, "title"),
            uid: self.name().or_else(|| self.text(root, "uid")),
            panels,
            has_elements,
            variables,
            annotations: parts.annotations,
            inputs: list(Some(root), "__inputs")
                .iter()
                .filter_map(|node| self.text(node, "name"))
                .collect(),
            loaded_by: Vec::new(),
            node: root.clone(),
        }
    }

    fn panel(
        &self,
        node: &Node,
        row: Option<usize>,
        variables: &[Variable],
        panels: &mut Vec<Panel>,
        expressions: &mut Expressions,
    ) {
        let index = panels.len();
        let reference = |node: &Node| {
            node.get("datasource")
                .map(|node| DatasourceReference::of(self.document, node))
        };
        let datasource = reference(node);
        let queries = node.get("targets").map_or(&[][..], |node| node.items());
        let queries = queries.iter().enumerate().map(|(query, node)| {
            let own = reference(node);
            let kind = own
                .as_ref()
                .filter(|reference| {
                    reference.target != DatasourceTarget::Default || reference.kind.is_some()
                })
                .or(datasource.as_ref())
                .and_then(|reference| self.kind_of(reference, variables))
                .or_else(|| self.default_kind(own.as_ref().or(datasource.as_ref())));
            let text = ["expr", "query", "rawSql", "rawQuery"]
                .iter()
                .find_map(|key| self.text(node, key));
            let is_expr = node.get("expr").is_some();
            let expression = text
                .clone()
                .filter(|text| is_expr && is_promql(text, kind.as_deref()))
                .map(|text| {
                    expressions.add(Unread {
                        text,
                        origin: Origin::Panel {
                            dashboard: self.index,
                            panel: index,
                            query,
                        },
                        version: None,
                    })
                });
            PanelQuery {
                ref_id: self.text(node, "refId"),
                text,
                expression,
                legend: self.text(node, "legendFormat"),
                datasource: own,
                datasource_kind: kind,
                is_hidden: node
                    .get("hide")
                    .is_some_and(|node| node.scalar_text() == "true"),
                node: node.clone(),
            }
        });
        let queries = queries.collect();
        let title = self.text(node, "title");
        let kind = self
            .text(node, "type")
            .unwrap_or_else(|| Text::at(self.document.place(node.span), ""));
        let place = title
            .as_ref()
            .filter(|title| !title.value.is_empty())
            .or(Some(&kind).filter(|kind| !kind.value.is_empty()))
            .map_or_else(
                || super::alertmanager::head(self.document, node),
                |text| text.place,
            );
        panels.push(Panel {
            row,
            id: node
                .get("id")
                .filter(|node| !node.scalar_text().is_empty())
                .map(|node| Text::of(self.document, node)),
            title: title.unwrap_or_else(|| Text::at(place, "")),
            kind,
            datasource,
            queries,
            node: node.clone(),
            place,
        });
        for inner in node.get("panels").map_or(&[][..], |node| node.items()) {
            // Rows hold panels, and panels nothing: deeper nesting is read as if it were not there.
            if row.is_none() {
                self.panel(inner, Some(index), variables, panels, expressions);
            }
        }
    }

    fn variable(
        &self,
        node: &Node,
        index: usize,
        expressions: &mut Expressions,
    ) -> Option<Variable> {
        let name = self.text(node, "name")?;
        let kind = self
            .text(node, "type")
            .map_or_else(String::new, |text| text.value.to_string());
        // The query is a text in old dashboards, and within a mapping in newer ones.
        let query = self
            .text(node, "query")
            .or_else(|| self.text(node.get("query")?, "query"))
            .or_else(|| self.text(node, "definition"));
        let datasource = node
            .get("datasource")
            .map(|node| DatasourceReference::of(self.document, node));
        let is_prometheus = datasource.as_ref().is_none_or(|reference| {
            self.kind_of(reference, &[])
                .is_none_or(|kind| kind == "prometheus")
        });
        let expression = query
            .as_ref()
            .filter(|_| kind == "query" && is_prometheus)
            .and_then(|query| {
                let inner = inner_expression(query)?;
                Some(expressions.add(Unread {
                    text: inner,
                    origin: Origin::Variable {
                        dashboard: self.index,
                        variable: index,
                    },
                    version: None,
                }))
            });
        let flag = |key: &str| {
            node.get(key)
                .is_some_and(|node| node.scalar_text() == "true")
        };
        Some(Variable {
            name,
            kind,
            query,
            expression,
            is_multi: flag("multi"),
            includes_all: flag("includeAll"),
            datasource,
            node: node.clone(),
        })
    }

    /// The type of what a reference names.
    fn kind_of(&self, reference: &DatasourceReference, variables: &[Variable]) -> Option<String> {
        if let Some(kind) = &reference.kind {
            return Some(kind.value.to_string());
        }
        match &reference.target {
            DatasourceTarget::Named(name) => self
                .datasources
                .iter()
                .find(|datasource| datasource.uid == name.as_str())
                .or_else(|| {
                    self.datasources
                        .iter()
                        .find(|datasource| datasource.name.as_str() == name.as_str())
                })
                .map(|datasource| datasource.kind.value.to_string()),
            DatasourceTarget::Variable(name) => variables
                .iter()
                .find(|variable| variable.name.as_str() == name && variable.kind == "datasource")
                .and_then(|variable| variable.query.as_ref())
                .map(|query| query.value.to_string()),
            DatasourceTarget::Default | DatasourceTarget::BuiltIn => None,
        }
    }

    /// The type of the default datasource, for what names none.
    fn default_kind(&self, reference: Option<&DatasourceReference>) -> Option<String> {
        if reference.is_some_and(|reference| reference.target != DatasourceTarget::Default) {
            return None;
        }
        let default = self
            .datasources
            .iter()
            .find(|datasource| datasource.is_default)?;
        Some(default.kind.value.to_string())
    }
}

/// Whether a text under `expr` is PromQL: its datasource says so, or nothing does and it is not Loki's.
fn is_promql(text: &Text, kind: Option<&str>) -> bool {
    // Grafana does not ask an empty query.
    !text.value.trim().is_empty()
        && kind.map_or_else(
            || !is_logql(&text.value),
            |kind| kind.contains("prometheus"),
        )
}

/// The expression in `label_values(expr, label)` or `query_result(expr)`; of other queries nothing. Metric names and labels
/// alone are no expressions.
fn inner_expression(query: &Text) -> Option<Text> {
    let text = query.as_str();
    let trimmed = text.trim_end();
    let leading = text.len() - text.trim_start().len();
    let inside = |function: &str| {
        let rest = text[leading..].strip_prefix(function)?.strip_prefix('(')?;
        let start = text.len() - rest.len();
        trimmed.ends_with(')').then_some((start, trimmed.len() - 1))
    };
    let (start, end) = match inside("query_result") {
        Some(range) => range,
        None => {
            let (start, end) = inside("label_values")?;
            let comma = text.get(start..end)?.rfind(',')?;
            (start, start + comma)
        }
    };
    query.slice(start, end)
}

/// Where a dashboard's own text is in its document, for lints that look for something anywhere in it.
impl Dashboard {
    /// Where to point for it as a whole: its title, else its beginning.
    pub fn place(&self, setup: &Setup) -> Place {
        self.title
            .as_ref()
            .map_or_else(|| setup.document(self.document).head(), |title| title.place)
    }
}
