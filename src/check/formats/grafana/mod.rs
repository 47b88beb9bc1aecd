//! What Grafana reads: provisioning of datasources, dashboards and alerting, and dashboards themselves.
//!
//! Grafana is lenient: it ignores what it does not know and starts with most of what is wrong. An error is what it cannot
//! load, and what it loses without saying so.

mod alert_rule;
pub(super) mod alerting;
mod contact_point;
pub(super) mod dashboard;
pub(super) mod datasource;
mod expansion;
mod panel;
mod policy;
pub(super) mod provider;
mod resource;

use std::collections::HashMap;

pub use resource::is_dashboard_resource;

use super::block::Block;
use super::checker::Checker;
use super::reader::{Reader, Unknown};
use super::scalar::check_duration;
use super::scalar::check_json_text as text;
use crate::catalogue::Version;
use crate::document::{Dialect, Entry, Node};

/// How Grafana reads YAML.
pub(super) const DIALECT: Dialect = Dialect::GoYaml3;

/// Longest uid that Grafana stores.
const LONGEST_UID: usize = 40;
/// Longest title of a rule, and longest name of most other things.
const LONGEST_TITLE: usize = 190;

/// The reader of provisioning files.
fn provisioning(version: Version) -> Reader {
    Reader {
        area: "grafana",
        product: "Grafana",
        version,
        dialect: DIALECT,
        unknown: Unknown::Ignored,
    }
}

/// Whether a value holds an environment variable, so that nothing can be said about it here.
fn is_expanded(node: &Node) -> bool {
    node.text.replace("$$", "").contains('$')
}

/// What Go reads as a boolean; `yes` is none.
fn boolean(checker: &mut Checker<'_>, node: &Node) {
    const WORDS: [&str; 12] = [
        "true", "false", "True", "False", "TRUE", "FALSE", "t", "f", "T", "F", "1", "0",
    ];
    if !WORDS.contains(&&*node.text) && !is_expanded(node) {
        let message = format!("`{}` is not `true` or `false`", node.text);
        checker.error("wrong-type", node.span, message).help =
            Some("write `true` or `false`".into());
    }
}

/// A whole number, perhaps in quotes.
fn whole(checker: &mut Checker<'_>, node: &Node) {
    let is_number = node.text.is_empty() || node.text.parse::<i64>().is_ok();
    if !is_number && !is_expanded(node) {
        let message = format!("`{}` is not a whole number", node.text);
        checker.error("wrong-type", node.span, message).help = Some("write a number".into());
    }
}

/// A duration in Prometheus' notation.
fn duration(checker: &mut Checker<'_>, node: &Node) {
    if !is_expanded(node) {
        check_duration(checker, &node.text, node.span);
    }
}

/// A uid that Grafana stores; empty is as good as absent.
fn uid(checker: &mut Checker<'_>, node: &Node) {
    let uid = &*node.text;
    let is_clean = uid
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'));
    if (!is_clean || uid.len() > LONGEST_UID) && !is_expanded(node) {
        let message = format!("`{uid}` cannot be a uid");
        checker.error("invalid-uid", node.span, message).help = Some(format!(
            "use up to {LONGEST_UID} letters, digits, `-` and `_`"
        ));
    }
}

/// The organization that something belongs to.
fn organization<'n>(block: &Block<'n>) -> &'n str {
    match block.text("orgId") {
        None | Some("0") => "1",
        Some(id) => id,
    }
}

/// Says where a name is given to a second thing of one kind.
#[derive(Default)]
struct Names<'n> {
    seen: HashMap<(&'n str, &'n str), &'n Entry>,
}

impl<'n> Names<'n> {
    /// The entry that gave `name` first, if it was given before in the same `scope`.
    fn add(&mut self, scope: &'n str, entry: &'n Entry) -> Option<&'n Entry> {
        if is_expanded(&entry.value) {
            return None;
        }
        self.seen.insert((scope, &entry.value.text), entry)
    }
}
