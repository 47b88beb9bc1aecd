use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Origin;
use crate::lint::{Findings, Lint};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/unrendered-placeholder",
    level: Level::Error,
    summary: "an expression holds what a generator or a shell should have filled in",
    needs: &[],
    check,
};

/// What generators write around names: opening, closing, and whose it is.
const PLACEHOLDERS: [(&str, &str, &str); 5] = [
    ("%(", ")s", "a format of jsonnet or Python"),
    ("{{", "}}", "a template"),
    ("<<", ">>", "a template"),
    ("@@", "@@", "a template"),
    ("__REPLACE", "__", "a script"),
];

/// Words that are left where something was to be written.
const WORDS: [&str; 6] = [
    "REPLACE_ME",
    "CHANGE_ME",
    "CHANGEME",
    "< /dev/null",
    "TODO",
    "FIXME",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut templates = BTreeSet::new();
    for expression in &facts.expressions {
        let text = expression.text.as_str();
        let named = placeholder(text);
        let template = expression
            .parsed
            .template()
            .map(|span| (span, "a template"));
        let Some((span, whose)) = named.or(template) else {
            continue;
        };
        // In a template everything is filled in: the file is no file of Prometheus yet.
        let document = facts.setup.document(expression.text.place.document);
        let is_template = document.path.ends_with(".j2")
            || document.path.ends_with(".tmpl")
            || document.path.ends_with(".tpl")
            || document.path.contains("/templates/");
        let is_word = WORDS
            .iter()
            .any(|word| text.get(span.start()..span.end()) == Some(*word));
        // `TODO` within a string may be the name of a list; as a metric it is none.
        let is_metric = expression
            .parsed
            .selectors()
            .iter()
            .any(|used| used.selector.metric_name() == text.get(span.start()..span.end()));
        if is_template || (is_word && expression.parsed.is_valid() && !is_metric) {
            continue;
        }
        // A program that makes dashboards has templates in most of its queries: once says it.
        let is_for_a_program = named.is_none() && !is_loaded(facts, expression.origin);
        if is_for_a_program && !templates.insert(expression.text.place.document) {
            continue;
        }
        let written = text.get(span.start()..span.end()).unwrap_or_default();
        let message = format!(
            "{} holds `{written}`, which nothing fills in: {whose} was not rendered",
            facts.owner(expression)
        );
        let mut finding = findings.report(expression.place(facts.setup, span), message);
        if is_for_a_program {
            finding = finding
                .level(Level::Info)
                .assuming("no program renders it before Grafana reads it");
        }
        finding
            .label("never filled in")
            .help("render the template before the file is deployed, or write the value");
    }
}

/// Whether the file is seen to reach Prometheus or Grafana as it is: of dashboards those that a provider loads.
fn is_loaded(facts: &Facts<'_>, origin: Origin) -> bool {
    match origin {
        Origin::Panel { dashboard, .. }
        | Origin::Variable { dashboard, .. }
        | Origin::Annotation { dashboard } => facts
            .dashboards
            .get(dashboard)
            .is_some_and(|dashboard| !dashboard.loaded_by.is_empty()),
        Origin::Rule { .. } | Origin::GrafanaRule { .. } => true,
    }
}

fn placeholder(text: &str) -> Option<(Span, &'static str)> {
    let marked = PLACEHOLDERS.iter().find_map(|(open, close, whose)| {
        let start = text.find(open)?;
        let length = text.get(start + open.len()..)?.find(close)?;
        let end = start + open.len() + length + close.len();
        let name = text.get(start + open.len()..end - close.len())?.trim();
        let is_name = !name.is_empty()
            && name.len() < 60
            && name
                .chars()
                .all(|character| character.is_alphanumeric() || "_.-$| ".contains(character));
        is_name.then_some((Span::new(start, end), *whose))
    });
    marked.or_else(|| {
        WORDS.iter().find_map(|word| {
            let start = text.find(word)?;
            Some((Span::new(start, start + word.len()), "a script"))
        })
    })
}
