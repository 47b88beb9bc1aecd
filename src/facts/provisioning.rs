//! Variables in Grafana's provisioning files: where Grafana fills them in, and how.

use super::scalars::each_scalar;
use super::text::Text;
use crate::document::Node;
use crate::setup::{Document, Kind, Setup};
use crate::source::Span;

/// `$NAME` or `${…}` in a value that Grafana expands.
#[derive(Debug)]
pub struct Reference {
    /// What stands between the braces, or the name after the dollar.
    pub name: String,
    /// Whether there are braces.
    pub has_braces: bool,
    /// The value that it is in.
    pub text: Text,
    /// Where in the value it is, the dollar included.
    pub span: Span,
    /// The nearest key.
    pub key: String,
}

/// Every reference in the provisioning files of a setup, with the file.
pub fn references(setup: &Setup) -> Vec<(&Document, Reference)> {
    let mut all = Vec::new();
    for document in setup.documents() {
        if matches!(
            document.kind,
            Kind::Datasources | Kind::DashboardProviders | Kind::GrafanaAlerting
        ) {
            each_scalar(&document.root, &mut |keys, node| {
                if is_expanded(keys) {
                    collect(document, keys, node, &mut all);
                }
            });
        }
    }
    all
}

/// Queries and annotations of alert rules are taken as they are, and so are templates.
fn is_expanded(keys: &[&str]) -> bool {
    let is_raw = |key: &&str| {
        matches!(*key, "annotations" | "model")
            || (*key == "template" && keys.first() == Some(&"templates"))
    };
    !keys.iter().any(is_raw)
}

fn collect<'d>(
    document: &'d Document,
    keys: &[&str],
    node: &Node,
    all: &mut Vec<(&'d Document, Reference)>,
) {
    let Some(value) = node.as_str() else { return };
    let bytes = value.as_bytes();
    let mut at = 0;
    while let Some(found) = value.get(at..).and_then(|rest| rest.find('$')) {
        let start = at + found;
        at = start + 1;
        let (name, end, has_braces) = match bytes.get(at) {
            // A doubled dollar is one dollar.
            Some(b'$') => {
                at += 1;
                continue;
            }
            Some(b'{') => match value[at..].find('}') {
                Some(length) => (&value[at + 1..at + length], at + length + 1, true),
                None => return,
            },
            _ => {
                let length = value[at..]
                    .find(|character: char| {
                        !(character.is_ascii_alphanumeric() || character == '_')
                    })
                    .unwrap_or(value.len() - at);
                (&value[at..at + length], at + length, false)
            }
        };
        // `$__env{…}`, `$__file{…}`, `$__vault{…}` are Grafana's own.
        let is_own =
            ["__env", "__file", "__vault"].contains(&name) && bytes.get(end) == Some(&b'{');
        if !name.is_empty() && !is_own {
            all.push((
                document,
                Reference {
                    name: name.to_owned(),
                    has_braces,
                    text: Text::of(document, node),
                    span: Span::new(start, end),
                    key: keys.last().copied().unwrap_or_default().to_owned(),
                },
            ));
        }
        at = end;
    }
}
