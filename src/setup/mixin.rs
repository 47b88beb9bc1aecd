//! What a mixin renders to: dashboards and rules in one object.

use super::classify::{is_dashboard, of_groups};
use super::kind::Kind;
use crate::document::{Entry, Node};

/// The documents in what a mixin renders to, each with the name that it goes by: dashboards by file name, alone or beside groups of
/// rules; nothing for any other mapping.
pub(super) fn mixin_parts(root: &Node) -> impl Iterator<Item = (&str, Kind, &Node)> {
    const RULES: [&str; 2] = ["prometheusAlerts", "prometheusRules"];
    let (dashboards, is_named) = match root.get("grafanaDashboards") {
        Some(dashboards) => (dashboards, true),
        None => (root, false),
    };
    let is_all = || {
        let named = |entry: &Entry| entry.key.text.ends_with(".json");
        dashboards
            .entries()
            .iter()
            .all(|entry| named(entry) && is_dashboard(&entry.value))
    };
    let dashboards = match is_named || is_all() {
        true => dashboards.entries(),
        false => &[],
    };
    let dashboards = dashboards
        .iter()
        .filter(|entry| is_dashboard(&entry.value))
        .map(|entry| (&*entry.key.text, Kind::Dashboard, &entry.value));
    let rules = RULES.into_iter().filter_map(|key| {
        let entry = root.entry(key)?;
        let kind = of_groups(&entry.value)?;
        Some((&*entry.key.text, kind, &entry.value))
    });
    dashboards.chain(rules)
}
