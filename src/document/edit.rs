//! Changes to a text that leave every other byte as it is.

mod written;

use serde_json::Value as Json;

use self::written::{INDENTATION, behind_dash, block, literal, newline_of};
use super::{Dialect, Entry, Limits, Node, Route, ScalarStyle, Splice, Step, Value, read_yaml};
use crate::source::Span;

/// One change to a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Another value at a place that exists.
    Replace(Route, Json),
    /// A further key of a mapping that exists; `null` counts as an empty mapping.
    Insert(Route, String, Json),
    /// A further item of a list that exists, before the one with this index or behind all; `null` counts as an empty list.
    InsertItem(Route, usize, Json),
    /// No longer this entry of a mapping or item of a list.
    Delete(Route),
}

/// Why a text was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no document.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
    /// The place is not there, or the key already is.
    #[error("`{0}` cannot be changed: {1}")]
    NoSuchPlace(String, &'static str),
    /// The place is written elsewhere: by an alias or a merge key.
    #[error("`{0}` is given by an alias, change it where it is written")]
    Aliased(String),
    /// The changed text would not say what was asked for.
    #[error("`{0}` is written in a way that cannot be changed alone")]
    NotAlone(String),
}

/// `source` with `change` made, read as `dialect` reads it. The result is read again and compared: either it says
/// exactly what was asked for, or it is an error. Comments and everything else stay, byte by byte.
///
/// # Errors
///
/// What [`EditError`] lists.
pub fn edited(source: &str, dialect: Dialect, change: &Change) -> Result<String, EditError> {
    let document = read(source, dialect)?;
    let route = change.route();
    let name = route.to_string();
    let expected = change.applied(&document.to_json())?;
    let (span, text) = splice(source, &document, change)?;
    let mut result = String::with_capacity(source.len() + text.len());
    result.push_str(&source[..span.start()]);
    result.push_str(&text);
    result.push_str(&source[span.end()..]);
    match read(&result, dialect) {
        Ok(changed) if changed.to_json() == expected => Ok(result),
        _ => Err(EditError::NotAlone(name)),
    }
}

fn read(source: &str, dialect: Dialect) -> Result<Node, EditError> {
    let document = read_yaml(source, dialect, Limits::default())
        .map_err(|error| EditError::Unreadable(error.message))?;
    match document.problems.first() {
        Some(problem) => Err(EditError::Unreadable(problem.message.clone())),
        None => Ok(document.root),
    }
}

impl Change {
    fn route(&self) -> &Route {
        match self {
            Self::Replace(route, _)
            | Self::Insert(route, ..)
            | Self::InsertItem(route, ..)
            | Self::Delete(route) => route,
        }
    }

    /// What the document says afterwards.
    fn applied(&self, before: &Json) -> Result<Json, EditError> {
        let missing = || EditError::NoSuchPlace(self.route().to_string(), "it is not there");
        let mut after = before.clone();
        let steps = self.route().steps();
        let (parents, last) = match (self, steps) {
            (Self::Delete(_), []) => return Err(missing()),
            (Self::Delete(_), [parents @ .., last]) => (parents, Some(last)),
            _ => (steps, None),
        };
        let mut place = &mut after;
        for step in parents {
            place = match step {
                Step::Key(key) => place.get_mut(key),
                Step::Index(index) => place.get_mut(index),
            }
            .ok_or_else(missing)?;
        }
        match (self, last) {
            (Self::Replace(_, value), _) => *place = value.clone(),
            (Self::Insert(_, key, value), _) => {
                if place.is_null() {
                    *place = Json::Object(serde_json::Map::new());
                }
                let entries = place.as_object_mut().ok_or_else(|| {
                    EditError::NoSuchPlace(self.route().to_string(), "it is not a mapping")
                })?;
                if entries.insert(key.clone(), value.clone()).is_some() {
                    return Err(EditError::NoSuchPlace(key.clone(), "it is already there"));
                }
            }
            (Self::InsertItem(_, index, value), _) => {
                if place.is_null() {
                    *place = Json::Array(Vec::new());
                }
                let items = place.as_array_mut().ok_or_else(|| {
                    EditError::NoSuchPlace(self.route().to_string(), "it is not a list")
                })?;
                items.insert((*index).min(items.len()), value.clone());
            }
            (Self::Delete(_), Some(Step::Key(key))) => {
                let entries = place.as_object_mut().ok_or_else(missing)?;
                entries.shift_remove(key).ok_or_else(missing)?;
            }
            (Self::Delete(_), Some(Step::Index(index))) => {
                let items = place.as_array_mut().ok_or_else(missing)?;
                if *index >= items.len() {
                    return Err(missing());
                }
                items.remove(*index);
            }
            (Self::Delete(_), None) => return Err(missing()),
        }
        Ok(after)
    }
}

/// A child of a mapping or list: from the key or dash to the end of the value.
struct Child {
    /// First byte of the key, or of the item.
    start: usize,
    end: usize,
}

/// What to put in place of what in `source`, which was read as `root`. [`edited`] also proves that the result says what was asked for.
///
/// # Errors
///
/// What [`EditError`] lists.
pub fn splice(source: &str, root: &Node, change: &Change) -> Result<Splice, EditError> {
    let route = change.route();
    match change {
        Change::Replace(_, value) => {
            let span = value_span(source, root, route)?;
            let node = root.find(route).unwrap_or(root);
            let style = node.style;
            let literal = literal(value, style, in_flow(source, root, route));
            // `key:literal` would be one word.
            let needs_space = source[..span.start()].ends_with([':', '-']);
            let space = if needs_space { " " } else { "" };
            Ok((span, format!("{space}{literal}")))
        }
        Change::Insert(_, key, value) => insert(source, root, route, key, value),
        Change::InsertItem(_, index, value) => insert_item(source, root, route, *index, value),
        Change::Delete(_) => delete(source, root, route),
    }
}

/// The bytes of the value at `route`, the header of a block scalar included.
fn value_span(source: &str, root: &Node, route: &Route) -> Result<Span, EditError> {
    let [parents @ .., last] = route.steps() else {
        return Ok(root.span);
    };
    let parent_route = parents
        .iter()
        .fold(Route::root(), |route, step| match step {
            Step::Key(key) => route.key(key.clone()),
            Step::Index(index) => route.index(*index),
        });
    if !parents.is_empty() {
        // Every ancestor must be written where it stands.
        value_span(source, root, &parent_route)?;
    }
    let missing = || EditError::NoSuchPlace(route.to_string(), "it is not there");
    let parent = root.find(&parent_route).ok_or_else(missing)?;
    let (node, before) = match last {
        Step::Key(key) => {
            let entry = parent.entry(key).ok_or_else(missing)?;
            if entry.value.is_merged {
                return Err(EditError::Aliased(route.to_string()));
            }
            let colon = after_colon(source, entry);
            (&entry.value, colon)
        }
        Step::Index(index) => {
            let item = parent.items().get(*index).ok_or_else(missing)?;
            let before = match index.checked_sub(1) {
                Some(previous) => parent.items()[previous].span.end().min(item.span.start()),
                None => parent.span.start().min(item.span.start()),
            };
            (item, before)
        }
    };
    if is_alias(source, before) {
        return Err(EditError::Aliased(route.to_string()));
    }
    if node.span.is_empty() && matches!(last, Step::Key(_)) {
        return Ok(Span::at(before));
    }
    // What an alias gives was written before the place that it is given to.
    if node.span.start() < before {
        return Err(EditError::Aliased(route.to_string()));
    }
    let span = node.span;
    if matches!(node.style, ScalarStyle::Literal | ScalarStyle::Folded)
        && let Some(header) = source[before..span.start()].find(['|', '>'])
    {
        let start = before + header;
        let length = source[start..span.end()].trim_end().len();
        return Ok(Span::new(start, start + length));
    }
    Ok(span)
}

/// Whether the next thing after `at` is an alias.
fn is_alias(source: &str, at: usize) -> bool {
    source[at..]
        .trim_start_matches([' ', '-', '\n', ',', '['])
        .starts_with('*')
}

/// The offset after the colon of an entry, or after the key where it has none.
fn after_colon(source: &str, entry: &Entry) -> usize {
    let end = entry.key.span.end();
    let rest = &source[end..];
    let space = rest.len() - rest.trim_start().len();
    if rest[space..].starts_with(':') {
        end + space + 1
    } else {
        end
    }
}

fn is_flow(source: &str, node: &Node) -> bool {
    matches!(node.value, Value::Mapping(_) | Value::Sequence(_))
        && source[node.span.start()..].starts_with(['{', '['])
}

/// Whether the place stands in braces or brackets, where commas and braces must be quoted.
fn in_flow(source: &str, root: &Node, route: &Route) -> bool {
    let mut node = root;
    for step in route.steps() {
        if is_flow(source, node) {
            return true;
        }
        let next = match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => node.items().get(*index),
        };
        match next {
            Some(next) => node = next,
            None => return false,
        }
    }
    false
}

fn insert(
    source: &str,
    root: &Node,
    route: &Route,
    key: &str,
    value: &Json,
) -> Result<(Span, String), EditError> {
    let missing = || EditError::NoSuchPlace(route.to_string(), "it is not there");
    let node = root.find(route).ok_or_else(missing)?;
    let span = value_span(source, root, route)?;
    let own: Vec<&Entry> = node
        .entries()
        .iter()
        .filter(|entry| !entry.value.is_merged)
        .collect();
    let flow = is_flow(source, node) || in_flow(source, root, route);
    let quotes = own
        .last()
        .is_some_and(|entry| source[entry.key.span.start()..].starts_with('"'));
    let style = if quotes {
        ScalarStyle::DoubleQuoted
    } else {
        ScalarStyle::Plain
    };
    let key = literal(&Json::String(key.into()), style, quotes);
    let value_text = match quotes && !matches!(value, Json::String(_)) {
        true => self::written::flow(value, true),
        false => literal(value, style, flow),
    };
    let written = format!("{key}: {value_text}");
    let text = written.as_str();
    let Some(last) = own.last() else {
        if node.value == Value::Null {
            let space = if source[..span.start()].ends_with([':', '-']) {
                " "
            } else {
                ""
            };
            return Ok((span, format!("{space}{{{text}}}")));
        }
        // `{}`, perhaps with white space in it.
        return Ok((span, format!("{{{text}}}")));
    };
    let end = child_of_entry(source, last)?.end;
    if is_flow(source, node) {
        let separator = match own.len().checked_sub(2).map(|previous| own[previous]) {
            Some(previous) => {
                let previous = child_of_entry(source, previous)?.end;
                source[previous..last.key.span.start()].to_owned()
            }
            None => {
                let opening = &source[node.span.start() + 1..last.key.span.start()];
                format!(",{}", if opening.contains('\n') { opening } else { " " })
            }
        };
        let separator = if separator.trim() == "," {
            separator
        } else {
            ", ".into()
        };
        return Ok((Span::at(end), format!("{separator}{text}")));
    }
    let column = column(source, own[0].key.span.start());
    let newline = newline_of(source);
    let indentation = " ".repeat(column);
    let text = match flow {
        true => written,
        false => format!("{key}:{}", block(value, column + INDENTATION, newline)),
    };
    let at = line_end(source, end);
    Ok(if source[..at].ends_with('\n') {
        (Span::at(at), format!("{indentation}{text}{newline}"))
    } else {
        (Span::at(at), format!("{newline}{indentation}{text}"))
    })
}

fn insert_item(
    source: &str,
    root: &Node,
    route: &Route,
    index: usize,
    value: &Json,
) -> Result<Splice, EditError> {
    let missing = || EditError::NoSuchPlace(route.to_string(), "it is not there");
    let node = root.find(route).ok_or_else(missing)?;
    let span = value_span(source, root, route)?;
    let items = node.items();
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        if !matches!(node.value, Value::Null | Value::Sequence(_)) {
            return Err(EditError::NoSuchPlace(
                route.to_string(),
                "it is not a list",
            ));
        }
        let glued = source[..span.start()].ends_with([':', '-']);
        let space = if glued { " " } else { "" };
        let literal = literal(value, ScalarStyle::DoubleQuoted, true);
        return Ok((span, format!("{space}[{literal}]")));
    };
    // An alias has its text elsewhere.
    if items.iter().any(|item| item.span.start() < span.start()) {
        return Err(EditError::Aliased(route.to_string()));
    }
    if is_flow(source, node) {
        let literal = literal(value, last.style, true);
        return Ok(match items.get(index) {
            Some(next) => (Span::at(next.span.start()), format!("{literal}, ")),
            None => (Span::at(last.span.end()), format!(", {literal}")),
        });
    }
    let dash = |item: &Node| source[..item.span.start()].rfind('-').ok_or_else(missing);
    let column = column(source, dash(first)?);
    let newline = newline_of(source);
    let indentation = " ".repeat(column);
    let text = match value {
        Json::String(_) => format!(" {}", literal(value, last.style, false)),
        _ => behind_dash(value, column, newline),
    };
    Ok(match items.get(index) {
        Some(next) => {
            let dash = dash(next)?;
            let line = source[..dash].rfind('\n').map_or(0, |newline| newline + 1);
            if !source[line..dash].trim().is_empty() {
                return Err(EditError::NotAlone(route.to_string()));
            }
            (Span::at(line), format!("{indentation}-{text}{newline}"))
        }
        None => {
            let end = trimmed_end(source, last.span.start(), last.span.end());
            let at = line_end(source, end);
            (Span::at(at), format!("{newline}{indentation}-{text}"))
        }
    })
}

/// From the key to the end of its value, which must be written there.
fn child_of_entry(source: &str, entry: &Entry) -> Result<Child, EditError> {
    let colon = after_colon(source, entry);
    let span = entry.value.span;
    let end = if is_alias(source, colon) {
        let rest = &source[colon..];
        let star = rest.find('*').unwrap_or(0);
        let length = rest[star..]
            .find(|character: char| {
                character.is_whitespace() || matches!(character, ',' | '}' | ']')
            })
            .unwrap_or(rest.len() - star);
        colon + star + length
    } else if span.start() < colon {
        return Err(EditError::Aliased(entry.key.text.to_string()));
    } else {
        span.end().max(colon)
    };
    Ok(Child {
        start: entry.key.span.start(),
        end,
    })
}

/// Characters between the start of the line and `at`.
fn column(source: &str, at: usize) -> usize {
    let line = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    source[line..at]
        .trim_start_matches('\u{feff}')
        .chars()
        .count()
}

/// The end of the line in which `at` stands; `at` itself behind a line break.
fn line_end(source: &str, at: usize) -> usize {
    if at > 0 && source[..at].ends_with('\n') {
        return at;
    }
    let end = source[at..]
        .find('\n')
        .map_or(source.len(), |newline| at + newline);
    if source[at..end].ends_with('\r') {
        end - 1
    } else {
        end
    }
}

fn delete(source: &str, root: &Node, route: &Route) -> Result<(Span, String), EditError> {
    let [parents @ .., last] = route.steps() else {
        return Err(EditError::NoSuchPlace(
            route.to_string(),
            "it is the whole document",
        ));
    };
    let parent_route = parents
        .iter()
        .fold(Route::root(), |route, step| match step {
            Step::Key(key) => route.key(key.clone()),
            Step::Index(index) => route.index(*index),
        });
    let missing = || EditError::NoSuchPlace(route.to_string(), "it is not there");
    let parent = root.find(&parent_route).ok_or_else(missing)?;
    value_span(source, root, &parent_route)?;
    let (children, position, empty) = match last {
        Step::Key(key) => {
            let own: Vec<&Entry> = parent
                .entries()
                .iter()
                .filter(|entry| !entry.value.is_merged)
                .collect();
            let position = own
                .iter()
                .position(|entry| &*entry.key.text == key.as_str())
                .ok_or_else(|| EditError::Aliased(route.to_string()))?;
            let children: Result<Vec<Child>, EditError> = own
                .iter()
                .map(|entry| child_of_entry(source, entry))
                .collect();
            (children?, position, "{}")
        }
        Step::Index(index) => {
            let mut children = Vec::with_capacity(parent.items().len());
            let mut at = parent.span.start();
            for item in parent.items() {
                if item.span.start() < at {
                    return Err(EditError::Aliased(route.to_string()));
                }
                children.push(Child {
                    start: item.span.start(),
                    end: item.span.end(),
                });
                at = item.span.end();
            }
            (children, *index, "[]")
        }
    };
    let child = &children[position];
    let next = children.get(position + 1);
    let previous = position.checked_sub(1).map(|previous| &children[previous]);
    if is_flow(source, parent) {
        return Ok(match (previous, next) {
            (_, Some(next)) => (Span::new(child.start, next.start), String::new()),
            (Some(previous), None) => (Span::new(previous.end, child.end), String::new()),
            (None, None) => (Span::new(child.start, child.end), String::new()),
        });
    }
    let start = match last {
        Step::Key(_) => child.start,
        Step::Index(_) => {
            let from = previous.map_or(0, |previous| previous.end);
            let dash = source[from..child.start].rfind('-').ok_or_else(missing)?;
            from + dash
        }
    };
    if previous.is_none() && next.is_none() {
        // The whole collection goes; a block that follows its key on the next line moves up behind it.
        let end = trimmed_end(source, start, child.end);
        let glued = source[..start].ends_with([':', '-']);
        return Ok((
            Span::new(start, end),
            format!("{}{empty}", if glued { " " } else { "" }),
        ));
    }
    let line = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let is_first_on_line = source[line..start]
        .trim_start_matches('\u{feff}')
        .trim()
        .is_empty();
    if is_first_on_line {
        let end = line_end(source, child.end);
        let end = source[end..].find('\n').map_or(source.len(), |newline| {
            if source[..end].ends_with('\n') {
                end
            } else {
                end + newline + 1
            }
        });
        // Behind the last line nothing is left to end the line before.
        return Ok((Span::new(line, end.max(line)), String::new()));
    }
    // The first of a list item: `- key: value` becomes `- ` and the next key.
    match (last, next) {
        (Step::Key(_), Some(next)) => Ok((Span::new(start, next.start), String::new())),
        (Step::Index(_), Some(next)) => {
            let dash = source[child.end..next.start]
                .rfind('-')
                .ok_or_else(missing)?;
            Ok((Span::new(start, child.end + dash), String::new()))
        }
        _ => Err(EditError::NotAlone(route.to_string())),
    }
}

/// The end of a child without the line breaks that a block scalar takes in.
fn trimmed_end(source: &str, start: usize, end: usize) -> usize {
    start + source[start..end].trim_end_matches(['\n', '\r', ' ']).len()
}

#[cfg(test)]
mod tests;
