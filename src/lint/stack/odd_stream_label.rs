use std::collections::BTreeMap;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::matcher::LabelMatcher;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Kind, Place};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/odd-stream-label",
    level: Level::Info,
    summary: "one query for logs selects streams by another label than all the others",
    needs: &[Need::Files],
    check,
};

/// So many queries make a habit.
const HABIT: usize = 4;

/// The selector of a query for logs.
struct Stream {
    panel: String,
    labels: Vec<String>,
    place: Place,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let streams = streams(facts);
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for label in streams.iter().flat_map(|stream| &stream.labels) {
        *uses.entry(label).or_default() += 1;
    }
    let Some((usual, count)) = uses.iter().max_by_key(|(_, count)| **count) else {
        return;
    };
    // Four of five: otherwise there are two kinds of streams.
    if *count < HABIT || *count * 5 < streams.len() * 4 {
        return;
    }
    let Some(example) = streams
        .iter()
        .find(|stream| stream.labels.iter().any(|label| label == usual))
    else {
        return;
    };
    for stream in &streams {
        let is_odd = !stream.labels.is_empty()
            && stream
                .labels
                .iter()
                .all(|label| label != usual && !is_attached(facts, label));
        if !is_odd {
            continue;
        }
        let labels: Vec<String> = stream
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        findings
            .report(
                stream.place,
                format!(
                    "{} selects streams by {}, nearly all other queries by `{usual}`",
                    stream.panel,
                    labels.join(", ")
                ),
            )
            .label("another label")
            .related("as others do it", example.place)
            .help(format!(
                "look which labels streams have, and select by `{usual}` if that is one of them"
            ))
            .assuming("no stream has the label");
    }
}

/// Whether what ships the logs speaks of the label.
fn is_attached(facts: &Facts<'_>, label: &str) -> bool {
    facts.setup.documents().iter().any(|document| {
        let text = document.text.text();
        match document.kind {
            Kind::Promtail | Kind::OpenTelemetry | Kind::Loki => text.contains(label),
            // The driver of Docker attaches labels of its own.
            Kind::Compose => text.contains("driver: loki") || text.contains("loki-docker-driver"),
            _ => false,
        }
    })
}

fn streams(facts: &Facts<'_>) -> Vec<Stream> {
    let mut streams = Vec::new();
    for panel in facts
        .dashboards
        .iter()
        .flat_map(|dashboard| &dashboard.panels)
    {
        for query in &panel.queries {
            if query.datasource_kind.as_deref() != Some("loki") {
                continue;
            }
            if let Some(stream) = query
                .text
                .as_ref()
                .and_then(|text| stream(facts, text, panel.named()))
            {
                streams.push(stream);
            }
        }
    }
    streams
}

/// The first selector; nothing of one whose labels variables decide.
fn stream(facts: &Facts<'_>, text: &Text, panel: String) -> Option<Stream> {
    let whole = text.as_str();
    let start = whole.find('{')?;
    let end = start + whole[start..].find('}')? + 1;
    let place = text.part(facts.setup, Span::new(start, end));
    let selector = Text::at(place, &whole[start..end]);
    let matchers = LabelMatcher::parse(&selector)?;
    Some(Stream {
        panel,
        labels: matchers.into_iter().map(|matcher| matcher.label).collect(),
        place,
    })
}
