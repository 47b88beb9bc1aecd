//! Provisioned datasources, and references to them.

use super::text::{Known, Text};
use crate::bundle::sha256;
use crate::document::{Node, Value};
use crate::setup::{Document, DocumentId, Kind, Place, Setup};

/// One provisioned datasource.
#[derive(Debug)]
pub struct Datasource {
    /// The file.
    pub document: DocumentId,
    /// Its name.
    pub name: Text,
    /// Its type: `prometheus`, `loki`.
    pub kind: Text,
    /// Its uid: as written, or as Grafana derives it from the name.
    pub uid: String,
    /// Its uid as written; `None` where Grafana derives it.
    pub written_uid: Option<Text>,
    /// Where it is reached.
    pub url: Option<Known<Text>>,
    /// Whether it is the default.
    pub is_default: bool,
    /// `orgId`, 1 where it is not given.
    pub organisation: String,
    /// Its mapping.
    pub node: Node,
    /// Where to point for it as a whole: its name.
    pub place: Place,
}

/// The uid that Grafana gives a provisioned datasource without one.
pub fn derived_uid(name: &str) -> String {
    let hash = sha256(name.as_bytes());
    format!("P{}", hash.get(..16).unwrap_or(&hash).to_uppercase())
}

/// Every provisioned datasource of a setup.
pub(super) fn datasources(setup: &Setup) -> Vec<Datasource> {
    setup
        .of_kind(Kind::Datasources)
        .flat_map(|document| {
            let items = document
                .root
                .get("datasources")
                .map_or(&[][..], |node| node.items());
            items.iter().filter_map(|node| datasource(document, node))
        })
        .collect()
}

fn datasource(document: &Document, node: &Node) -> Option<Datasource> {
    let name = Text::of(document, node.get("name")?);
    let text = |key: &str| {
        let node = node.get(key)?;
        (!node.scalar_text().is_empty()).then(|| Text::of(document, node))
    };
    let written_uid = text("uid");
    Some(Datasource {
        document: document.id,
        kind: text("type").unwrap_or_else(|| Text::at(name.place, "")),
        uid: written_uid
            .as_ref()
            .map_or_else(|| derived_uid(&name.value), |uid| uid.value.to_string()),
        written_uid,
        url: text("url").map(Known::of),
        is_default: node
            .get("isDefault")
            .is_some_and(|node| node.scalar_text() == "true"),
        organisation: text("orgId").map_or_else(|| "1".to_owned(), |text| text.value.to_string()),
        node: node.clone(),
        place: name.place,
        name,
    })
}

/// What a panel, query or variable says about its datasource.
#[derive(Debug, Clone)]
pub struct DatasourceReference {
    /// What it names.
    pub target: DatasourceTarget,
    /// The type that it expects, where it says so.
    pub kind: Option<Text>,
    /// Where it is written.
    pub place: Place,
}

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasourceTarget {
    /// Nothing: the default one.
    Default,
    /// A uid, or a name: Grafana looks for the uid first, then for the name, both case-sensitively.
    Named(Text),
    /// A variable of the dashboard, or an input of an export.
    Variable(String),
    /// Grafana itself: mixed, other panels, expressions, its test data.
    BuiltIn,
}

impl DatasourceReference {
    /// Reads the value under `datasource`, `null` and both the old and the new form.
    pub(super) fn of(document: &Document, node: &Node) -> Self {
        let place = document.place(node.span);
        let (name, kind) = match &node.value {
            Value::Mapping(_) => (node.get("uid"), node.get("type")),
            _ => (None, None),
        };
        let name = match node.as_str() {
            Some(_) => Some(Text::of(document, node)),
            None => name
                .filter(|node| node.as_str().is_some())
                .map(|node| Text::of(document, node)),
        };
        let kind = kind
            .filter(|node| node.as_str().is_some())
            .map(|node| Text::of(document, node));
        let target = match name {
            None => DatasourceTarget::Default,
            Some(name) => target_of(name, kind.as_ref().map(Text::as_str)),
        };
        Self {
            target,
            kind,
            place,
        }
    }
}

fn target_of(name: Text, kind: Option<&str>) -> DatasourceTarget {
    let value = name.as_str();
    let variable = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| {
            value
                .strip_prefix("[[")
                .and_then(|rest| rest.strip_suffix("]]"))
        })
        .or_else(|| value.strip_prefix('$'));
    match (value, variable, kind) {
        (_, Some(variable), _) => {
            let name = variable.split([':', '.']).next().unwrap_or(variable);
            DatasourceTarget::Variable(name.to_owned())
        }
        ("" | "default", ..) => DatasourceTarget::Default,
        (
            "-- Grafana --" | "-- Mixed --" | "-- Dashboard --" | "grafana" | "__expr__" | "-100",
            ..,
        )
        | (_, _, Some("__expr__" | "datasource")) => DatasourceTarget::BuiltIn,
        _ => DatasourceTarget::Named(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uid_is_derived_as_grafana_does() {
        assert_eq!(derived_uid("Prometheus"), "PBFA97CFB590B2093");
    }
}
