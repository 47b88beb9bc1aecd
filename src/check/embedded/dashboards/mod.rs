//! `grafana/dashboards`: what Grafana would not tell about dashboards until somebody looks at an empty panel.

mod layout;
mod provider;
mod variable;

use std::collections::{BTreeMap, BTreeSet};

use super::inspection::{Document, Inspection};
use crate::bundle::Kind;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::profile::suggestion;
use crate::source::Span;

pub(super) const NAME: &str = "grafana/dashboards";

/// Longest uid that Grafana stores.
const LONGEST_UID: usize = 40;

/// Datasources that Grafana brings along.
const BUILT_IN_DATASOURCES: [&str; 4] =
    ["-- Grafana --", "grafana", "-- Mixed --", "-- Dashboard --"];

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let datasources = datasources(inspection);
    let mut findings = Vec::new();
    let mut uids: BTreeMap<&str, (&Document<'_>, Span)> = BTreeMap::new();
    for document in inspection.of_kind(Kind::GrafanaDashboard) {
        findings.extend(uid(document, &mut uids));
        let dashboard = Dashboard {
            document,
            datasources: &datasources,
            variables: variables(&document.tree),
        };
        dashboard.check(&mut findings);
        layout::check(document, &mut findings);
    }
    findings.extend(provider::check(inspection));
    findings.extend(alertmanagers(inspection, &datasources));
    findings
}

/// Datasources that name an Alertmanager which is none.
fn alertmanagers(inspection: &Inspection<'_>, uids: &BTreeSet<&str>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for document in inspection.of_kind(Kind::GrafanaDatasources) {
        let list = document.tree.get("datasources").into_iter();
        for node in list
            .flat_map(|list| list.items())
            .filter_map(|datasource| datasource.get("jsonData")?.get("alertmanagerUid"))
        {
            let uid = node.as_str().unwrap_or_default();
            if !uids.contains(uid) {
                let message = format!("no datasource with the uid `{uid}` is provisioned");
                let mut diagnostic = document.error(NAME, node.span, message);
                diagnostic.help = suggestion(uid, uids.iter().copied(), "provisioned");
                findings.push(diagnostic);
            }
        }
    }
    findings
}

/// Uids of provisioned datasources.
fn datasources<'i>(inspection: &'i Inspection<'_>) -> BTreeSet<&'i str> {
    inspection
        .of_kind(Kind::GrafanaDatasources)
        .filter_map(|document| document.tree.get("datasources"))
        .flat_map(|list| list.items())
        .filter_map(|datasource| datasource.get("uid")?.as_str())
        .collect()
}

fn uid<'i>(
    document: &'i Document<'i>,
    uids: &mut BTreeMap<&'i str, (&'i Document<'i>, Span)>,
) -> Option<Diagnostic> {
    let Some(node) = document.tree.get("uid") else {
        let message = "this dashboard has no `uid`, so its address changes with every deployment";
        return Some(document.error(NAME, Span::at(document.tree.span.start()), message));
    };
    let uid = node.as_str().unwrap_or_default();
    let is_clean = uid
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'));
    if uid.is_empty() || !is_clean || uid.len() > LONGEST_UID {
        let message = format!(
            "`{uid}` cannot be a uid: Grafana takes 1 to {LONGEST_UID} letters, digits, `-` and `_`"
        );
        return Some(document.error(NAME, node.span, message));
    }
    match uids.get(uid) {
        Some((first, span)) => {
            let message = format!("`{}` has the uid `{uid}` too", first.path());
            let file = first.text.file();
            let diagnostic = document.error(NAME, node.span, message);
            Some(diagnostic.related("given here", file, *span))
        }
        None => {
            uids.insert(uid, (document, node.span));
            None
        }
    }
}

/// Variables of a dashboard with their types.
fn variables(tree: &Node) -> BTreeMap<&str, &str> {
    let list = tree
        .get("templating")
        .and_then(|templating| templating.get("list"));
    list.into_iter()
        .flat_map(|list| list.items())
        .filter_map(|variable| {
            let kind = variable.get("type").and_then(|kind| kind.as_str());
            Some((variable.get("name")?.as_str()?, kind.unwrap_or_default()))
        })
        .collect()
}

/// Every panel, those of collapsed rows included.
fn panels(tree: &Node) -> Vec<&Node> {
    let mut panels = Vec::new();
    for panel in tree.get("panels").into_iter().flat_map(|list| list.items()) {
        panels.push(panel);
        let inner = panel
            .get("panels")
            .into_iter()
            .flat_map(|list| list.items());
        panels.extend(inner);
    }
    panels
}

struct Dashboard<'d, 'i> {
    document: &'i Document<'i>,
    datasources: &'d BTreeSet<&'i str>,
    variables: BTreeMap<&'i str, &'i str>,
}

impl<'i> Dashboard<'_, 'i> {
    fn check(&self, findings: &mut Vec<Diagnostic>) {
        let tree = &self.document.tree;
        let mut ids: BTreeMap<i64, Span> = BTreeMap::new();
        for panel in panels(tree) {
            if let Some((id, span)) = whole(panel, "id") {
                if let Some(first) = ids.get(&id) {
                    let message = format!("two panels have the id {id}");
                    findings.push(self.error(span, message).related(
                        "taken here",
                        self.document.text.file(),
                        *first,
                    ));
                }
                ids.entry(id).or_insert(span);
            }
            self.ref_ids(panel, findings);
            self.repeat(panel, findings);
        }
        self.walk(tree, findings);
    }

    fn error(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.document.error(NAME, span, message)
    }

    fn ref_ids(&self, panel: &Node, findings: &mut Vec<Diagnostic>) {
        let mut seen = BTreeSet::new();
        for query in panel
            .get("targets")
            .into_iter()
            .flat_map(|list| list.items())
        {
            let Some(node) = query.get("refId") else {
                let message = "this query has no `refId`";
                findings.push(self.error(Span::at(query.span.start()), message));
                continue;
            };
            let ref_id = node.as_str().unwrap_or_default();
            if !seen.insert(ref_id) {
                let message = format!("two queries of this panel have the `refId` `{ref_id}`");
                findings.push(self.error(node.span, message));
            }
        }
    }

    fn repeat(&self, panel: &Node, findings: &mut Vec<Diagnostic>) {
        if let Some(node) = panel.get("repeat")
            && let Some(name) = node.as_str()
            && !name.is_empty()
        {
            findings.extend(self.undefined(name, node.span));
        }
    }

    fn undefined(&self, name: &str, span: Span) -> Option<Diagnostic> {
        if self.variables.contains_key(name) || variable::is_built_in(name) {
            return None;
        }
        let message = format!("`${name}` is used, but the dashboard has no such variable");
        let mut diagnostic = self.error(span, message);
        diagnostic.help = suggestion(name, self.variables.keys().copied(), "its variables");
        Some(diagnostic)
    }

    /// Variables and datasources, wherever they are named.
    fn walk(&self, node: &Node, findings: &mut Vec<Diagnostic>) {
        if let Some(text) = node.as_str() {
            for name in variable::references(text) {
                findings.extend(self.undefined(name, node.span));
            }
        }
        for item in node.items() {
            self.walk(item, findings);
        }
        for entry in node.entries() {
            if &*entry.key.text == "datasource" {
                findings.extend(self.datasource(&entry.value));
            }
            // Of prose, Grafana leaves as it is what names no variable; a profile may say anything there.
            let is_prose = matches!(&*entry.key.text, "title" | "description" | "tags");
            if !is_prose {
                self.walk(&entry.value, findings);
            }
        }
    }

    fn datasource(&self, node: &Node) -> Option<Diagnostic> {
        let named = match &node.value {
            Value::Mapping(_) => node.get("uid")?,
            Value::String(_) => node,
            // The default datasource.
            _ => return None,
        };
        let uid = named.as_str()?;
        let references = variable::references(uid);
        if let [name] = references.as_slice() {
            // A variable that does not exist is told of as such.
            let kind = self.variables.get(name)?;
            if *kind == "datasource" {
                return None;
            }
            let message = format!("`${name}` is a variable of the type `{kind}`, not `datasource`");
            return Some(self.error(named.span, message));
        }
        if self.datasources.contains(uid) || BUILT_IN_DATASOURCES.contains(&uid) {
            return None;
        }
        let message = format!("no datasource with the uid `{uid}` is provisioned");
        let mut diagnostic = self.error(named.span, message);
        diagnostic.help = suggestion(uid, self.datasources.iter().copied(), "provisioned");
        Some(diagnostic)
    }
}

/// A whole number under `key`, and its place.
fn whole(node: &Node, key: &str) -> Option<(i64, Span)> {
    let found = node.get(key)?;
    match &found.value {
        Value::Number(number) => Some((number.as_i64()?, found.span)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    const DATASOURCES: (&str, &str) = (
        "grafana/provisioning/datasources/d.yaml",
        "datasources: [{name: P, uid: prometheus}, {name: A, uid: alertmanager}]",
    );

    fn found(dashboards: &[&str]) -> Vec<String> {
        let paths: Vec<String> = (0..dashboards.len())
            .map(|index| format!("grafana/dashboards/{index}.json"))
            .collect();
        let mut files = vec![DATASOURCES];
        files.extend(
            paths
                .iter()
                .zip(dashboards)
                .map(|(path, text)| (path.as_str(), *text)),
        );
        findings("grafana/dashboards", &files)
    }

    #[test]
    fn a_whole_dashboard_is_not_reported() {
        let dashboard = r#"{
 "uid": "redis", "title": "Redis of $job",
 "templating": {"list": [
  {"name": "job", "type": "query", "query": "label_values(up, job)"},
  {"name": "ds", "type": "datasource"}]},
 "annotations": {"list": [{"datasource": {"uid": "-- Grafana --"}}]},
 "panels": [
  {"id": 1, "type": "row", "collapsed": true, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}, "panels": [
    {"id": 2, "type": "stat", "gridPos": {"x": 0, "y": 1, "w": 12, "h": 4}, "datasource": {"uid": "$ds"},
     "targets": [{"refId": "A", "expr": "rate(up{job=~\"${job:regex}$\"}[$__rate_interval])"},
                 {"refId": "B", "expr": "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")"}]}]},
  {"id": 3, "type": "stat", "gridPos": {"x": 0, "y": 1, "w": 24, "h": 4}, "datasource": {"uid": "prometheus"}}]}"#;
        assert_eq!(found(&[dashboard]), [""; 0]);
    }

    #[test]
    fn the_alertmanager_of_a_datasource_exists() {
        let datasources = "datasources: [{uid: p, jsonData: {alertmanagerUid: alertmanger}}, {uid: alertmanager}]";
        let path = "grafana/provisioning/datasources/d.yaml";
        let dashboard = ("grafana/dashboards/a.json", r#"{"uid": "a"}"#);
        assert_eq!(
            findings("grafana/dashboards", &[dashboard, (path, datasources)]),
            [format!(
                "{path}:1:52: no datasource with the uid `alertmanger` is provisioned · help: did you mean `alertmanager`?"
            )]
        );
        let right = datasources.replace("alertmanger", "alertmanager");
        assert_eq!(
            findings("grafana/dashboards", &[dashboard, (path, &right)]),
            [""; 0]
        );
    }

    #[test]
    fn uids_are_short_and_unique() {
        let long = format!(r#"{{"uid": "{}"}}"#, "x".repeat(41));
        assert_eq!(
            found(&[
                r#"{"uid": "a"}"#,
                r#"{"uid": "a"}"#,
                &long,
                r#"{"uid": "a b"}"#,
                "{}"
            ]),
            [
                "grafana/dashboards/1.json:1:9: `grafana/dashboards/0.json` has the uid `a` too",
                "grafana/dashboards/2.json:1:9: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` cannot be a uid: Grafana takes 1 \
                 to 40 letters, digits, `-` and `_`",
                "grafana/dashboards/3.json:1:9: `a b` cannot be a uid: Grafana takes 1 to 40 letters, digits, `-` and `_`",
                "grafana/dashboards/4.json:1:1: this dashboard has no `uid`, so its address changes with every deployment",
            ]
        );
    }

    #[test]
    fn ids_and_ref_ids_are_unique() {
        let dashboard = r#"{"uid": "a", "panels": [
 {"id": 1, "panels": [{"id": 2, "targets": [{"refId": "A"}, {"refId": "A"}, {}]}]},
 {"id": 2}]}"#;
        assert_eq!(
            found(&[dashboard]),
            [
                "grafana/dashboards/0.json:2:71: two queries of this panel have the `refId` `A`",
                "grafana/dashboards/0.json:2:77: this query has no `refId`",
                "grafana/dashboards/0.json:3:9: two panels have the id 2",
            ]
        );
    }

    #[test]
    fn datasources_and_variables_exist() {
        let dashboard = r#"{"uid": "a", "templating": {"list": [{"name": "job", "type": "query"}]}, "panels": [
 {"id": 1, "datasource": {"uid": "promtheus"}, "title": "$HOME", "interval": "$jobs", "repeat": "node"},
 {"id": 2, "datasource": {"uid": "${job}"}, "targets": [{"refId": "A", "expr": "up{a=\"[[instance]]\"}"}]}]}"#;
        assert_eq!(
            found(&[dashboard]),
            [
                "grafana/dashboards/0.json:2:97: `$node` is used, but the dashboard has no such variable · help: its \
                 variables: job",
                "grafana/dashboards/0.json:2:34: no datasource with the uid `promtheus` is provisioned · help: did you mean \
                 `prometheus`?",
                "grafana/dashboards/0.json:2:78: `$jobs` is used, but the dashboard has no such variable · help: did you \
                 mean `job`?",
                "grafana/dashboards/0.json:3:34: `$job` is a variable of the type `query`, not `datasource`",
                "grafana/dashboards/0.json:3:80: `$instance` is used, but the dashboard has no such variable · help: its \
                 variables: job",
            ]
        );
    }
}
