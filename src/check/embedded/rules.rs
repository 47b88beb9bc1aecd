//! Alerting and recording rules of the bundle's rule files.

use super::inspection::{Document, Inspection};
use crate::bundle::Kind;
use crate::document::{Entry, Node};

/// One rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'i> {
    pub(super) document: &'i Document<'i>,
    /// `alert: NAME` or `record: NAME`.
    pub(super) head: &'i Entry,
    pub(super) node: &'i Node,
}

impl<'i> Rule<'i> {
    pub(super) fn name(&self) -> &'i str {
        self.head.value.as_str().unwrap_or_default()
    }

    pub(super) fn is_alert(&self) -> bool {
        &*self.head.key.text == "alert"
    }

    /// A label of the rule itself.
    pub(super) fn label(&self, name: &str) -> Option<&'i str> {
        self.entry("labels", name)?.value.as_str()
    }

    /// `labels.NAME` or `annotations.NAME`.
    pub(super) fn entry(&self, under: &str, name: &str) -> Option<&'i Entry> {
        self.node.get(under)?.entry(name)
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = (&'i str, &'i str)> + use<'i> {
        let labels = self.node.get("labels").into_iter();
        labels
            .flat_map(|labels| labels.entries())
            .filter_map(|entry| Some((&*entry.key.text, entry.value.as_str()?)))
    }
}

/// Every rule, in the order of files and lines.
pub(super) fn rules<'i>(inspection: &'i Inspection<'_>) -> Vec<Rule<'i>> {
    let mut rules = Vec::new();
    for document in inspection.of_kind(Kind::PrometheusRules) {
        let groups = document.tree.get("groups").map(|groups| groups.items());
        for group in groups.unwrap_or_default() {
            let group = group.get("rules").map(|rules| rules.items());
            for node in group.unwrap_or_default() {
                let head = node.entry("alert").or_else(|| node.entry("record"));
                if let Some(head) = head {
                    rules.push(Rule {
                        document,
                        head,
                        node,
                    });
                }
            }
        }
    }
    rules
}

/// Every alerting rule.
pub(super) fn alerts<'i>(inspection: &'i Inspection<'_>) -> Vec<Rule<'i>> {
    let mut rules = rules(inspection);
    rules.retain(Rule::is_alert);
    rules
}
