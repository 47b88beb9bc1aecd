//! Changes of a document as the edits of a fix, in the style in which the file is written. `fix` proves what comes of them.

use serde_json::{Value as Json, json};

use crate::document::{Change, Node, Route, Value, splice};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::setup::{Document, Place, Setup};

/// Edits of one fix.
pub(super) type Edits = Vec<(Place, String)>;

/// Where that very node stands in the document.
pub(super) fn route_to(document: &Document, node: &Node) -> Option<Route> {
    let mut open: Vec<(&Node, Route)> = vec![(&document.root, Route::root())];
    while let Some((next, route)) = open.pop() {
        if next.is_same(node) {
            return Some(route);
        }
        for entry in next.entries() {
            open.push((&entry.value, route.key(&*entry.key.text)));
        }
        for (index, item) in next.items().iter().enumerate() {
            open.push((item, route.index(index)));
        }
    }
    None
}

/// The edits that make all changes. `None` where the document is a text or part of another one, whose layout is not ours, or where a change
/// cannot be made alone.
pub(super) fn edits(document: &Document, changes: &[Change]) -> Option<Edits> {
    if document.wrapper.is_some() || document.is_part() {
        return None;
    }
    let text = document.text.text();
    let mut edits: Edits = Vec::with_capacity(changes.len());
    for change in changes {
        let (span, text) = splice(text, &document.root, change).ok()?;
        let place = document.place(span);
        match edits.iter_mut().find(|(other, _)| *other == place) {
            // What comes to the same place comes one after the other.
            Some((_, before)) if span.is_empty() => before.push_str(&text),
            _ => edits.push((place, text)),
        }
    }
    Some(edits)
}

/// Another text in place of the only `old` that is written at `place`.
pub(super) fn in_place(setup: &Setup, place: Place, old: &str, new: &str) -> Option<Edits> {
    let written = setup.slice(place);
    let mut found = written.match_indices(old);
    let (at, _) = found.next()?;
    if found.next().is_some() || old.is_empty() {
        return None;
    }
    let start = place.span.start() + at;
    let span = crate::source::Span::new(start, start + old.len());
    Some(vec![(Place { span, ..place }, new.to_owned())])
}

/// The service with an environment variable that it did not have, in the form that its others have.
pub(super) fn with_variable(
    facts: &Facts<'_>,
    service: &ComposeService,
    name: &str,
    value: &str,
) -> Option<Edits> {
    with_entry(facts, service, "environment", |node| match &node.value {
        Value::Sequence(_) => Some(Addition::Item(json!(format!("{name}={value}")))),
        Value::Mapping(_) | Value::Null => Some(Addition::Entry(name.to_owned(), json!(value))),
        _ => None,
    })
    .or_else(|| with_new(facts, service, "environment", json!({ name: value })))
}

/// The service with a further item in one of its lists.
pub(super) fn with_item(
    facts: &Facts<'_>,
    service: &ComposeService,
    list: &str,
    item: Json,
) -> Option<Edits> {
    let addition = || item.clone();
    with_entry(facts, service, list, |node| match &node.value {
        Value::Sequence(_) | Value::Null => Some(Addition::Item(addition())),
        _ => None,
    })
    .or_else(|| with_new(facts, service, list, json!([item])))
}

/// What comes into a collection.
enum Addition {
    Item(Json),
    Entry(String, Json),
}

/// The addition to what the service has under `key`.
fn with_entry(
    facts: &Facts<'_>,
    service: &ComposeService,
    key: &str,
    addition: impl Fn(&Node) -> Option<Addition>,
) -> Option<Edits> {
    let (layer, entry) = service.get(key)?;
    let document = facts.setup.document(layer.document);
    let route = route_to(document, &entry.value)?;
    let change = match addition(&entry.value)? {
        Addition::Item(item) => Change::InsertItem(route, usize::MAX, item),
        Addition::Entry(name, value) => Change::Insert(route, name, value),
    };
    edits(document, &[change])
}

/// The service with a key that it does not have.
fn with_new(facts: &Facts<'_>, service: &ComposeService, key: &str, value: Json) -> Option<Edits> {
    if service.get(key).is_some() {
        return None;
    }
    let layer = service.layers.last()?;
    let document = facts.setup.document(layer.document);
    let route = route_to(document, &layer.node)?;
    edits(document, &[Change::Insert(route, key.to_owned(), value)])
}
