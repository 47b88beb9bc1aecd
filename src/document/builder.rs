//! From parser events to a tree.

use std::collections::{BTreeMap, HashMap};

use arcstr::ArcStr;

use super::{
    Dialect, Entry, GoScalar, Key, Limits, Node, Problem, ScalarStyle, SyntaxError, Tag, Value,
    resolve_go,
};
use crate::source::Span;

pub(super) enum Open {
    Sequence(Vec<Node>),
    Mapping(OpenMapping),
}

/// Mappings of so many keys are looked through faster than hashed.
const FEW: usize = 16;

#[derive(Default)]
pub(super) struct OpenMapping {
    entries: Vec<Entry>,
    /// Where each key is among `entries`, once there are more than [`FEW`].
    places: HashMap<ArcStr, usize>,
    key: Option<PendingKey>,
    /// Where `<<` stands, the first time.
    merge_key: Option<Span>,
    /// Mappings named by `<<`, in order; they fill only what the mapping does not say itself.
    merged: Vec<Node>,
}

enum PendingKey {
    Name(Key),
    Merge(Span),
    /// Said already that it is wrong; its value is read and dropped.
    Wrong,
}

struct Frame {
    open: Open,
    start: Span,
    anchor: usize,
    tag: Option<Tag>,
    /// Whether this collection is itself the key of a mapping.
    is_key: bool,
}

pub(super) struct Builder<'a> {
    pub(super) text: &'a str,
    dialect: Dialect,
    limits: Limits,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    has_aliases: bool,
    /// Those of `nodes` that an alias brought in.
    aliased: usize,
    open: Vec<Frame>,
    pub(super) root: Option<Node>,
    pub(super) problems: Vec<SyntaxError>,
    /// Keys that replace what `<<` brings in, with those that they replace.
    pub(super) overridden: BTreeMap<Span, Span>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect, limits: Limits) -> Self {
        Self {
            text,
            dialect,
            limits,
            anchors: HashMap::new(),
            nodes: 0,
            has_aliases: false,
            aliased: 0,
            open: Vec::new(),
            root: None,
            problems: Vec::new(),
            overridden: BTreeMap::new(),
        }
    }

    /// The strict reader stops at the first problem; the others collect what leaves a usable tree.
    fn problem(&mut self, problem: SyntaxError) -> Result<(), SyntaxError> {
        if self.dialect == Dialect::Strict {
            return Err(problem);
        }
        self.problems.push(problem);
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), SyntaxError> {
        self.nodes += nodes;
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        let most = self.limits.nodes;
        Err(if self.has_aliases {
            SyntaxError::new(
                Problem::TooLarge,
                format!("aliases expand this document beyond {most} nodes"),
                span,
            )
            .help("write the repeated part once, or use fewer nested aliases")
        } else {
            SyntaxError::new(
                Problem::TooLarge,
                format!("this document has more than {most} keys and values"),
                span,
            )
            .help("split it, or check that it is the right file")
        })
    }

    pub(super) fn scalar(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        self.count(1, node.span)?;
        // Of a key only text and place stay.
        if anchor == 0
            && let Some(Frame {
                open: Open::Mapping(mapping @ OpenMapping { key: None, .. }),
                ..
            }) = self.open.last_mut()
        {
            return match mapping.begin(self.text, &node, self.dialect) {
                Ok(()) => Ok(()),
                Err(problem) => self.problem(*problem),
            };
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), 1));
        }
        self.push(node)
    }

    pub(super) fn open(
        &mut self,
        open: Open,
        start: Span,
        anchor: usize,
        tag: Option<Tag>,
    ) -> Result<(), SyntaxError> {
        self.count(1, start)?;
        let is_key = matches!(
            self.open.last(),
            Some(Frame {
                open: Open::Mapping(OpenMapping { key: None, .. }),
                ..
            })
        );
        if is_key {
            self.problem(complex_key(start))?;
        }
        if self.open.len() >= self.limits.depth {
            return Err(too_deep(self.limits.depth, start));
        }
        self.open.push(Frame {
            open,
            start,
            anchor,
            tag,
            is_key,
        });
        Ok(())
    }

    pub(super) fn close(&mut self, end: Span) -> Result<(), SyntaxError> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let start = frame.start;
        let (value, last) = match frame.open {
            Open::Sequence(items) => {
                let last = items.last().map_or(start.end(), |item| item.span.end());
                (Value::Sequence(items.into()), last)
            }
            Open::Mapping(mapping) => {
                let last = mapping.entries.last().map_or(start.end(), |entry| {
                    entry.value.span.end().max(entry.key.span.end())
                });
                let entries = mapping.finish(&mut self.overridden);
                (Value::Mapping(entries.into()), last)
            }
        };
        // A block collection "ends" where the next token begins; its own bytes end with its last
        // child. A flow collection ends with its bracket.
        let end = if end.is_empty() {
            last.max(start.start())
        } else {
            end.end()
        };
        let node = Node {
            tag: frame.tag,
            ..Node::plain(Span::new(start.start(), end), value, ArcStr::new())
        };
        if frame.anchor > 0 {
            let size = node.size();
            self.anchors.insert(frame.anchor, (node.clone(), size));
        }
        if frame.is_key {
            if let Some(Frame {
                open: Open::Mapping(mapping),
                ..
            }) = self.open.last_mut()
            {
                mapping.key = Some(PendingKey::Wrong);
            }
            return Ok(());
        }
        self.push(node)
    }

    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> Result<(), SyntaxError> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(
                SyntaxError::new(Problem::Alias, "this alias refers to itself", span)
                    .help("an anchor can be used only after the value it names"),
            );
        };
        self.aliased += size;
        self.has_aliases = true;
        self.count(size, span)?;
        if self.dialect != Dialect::Strict && is_excessive(self.nodes, self.aliased) {
            return Err(SyntaxError::new(
                Problem::TooLarge,
                "almost all of this document is aliases",
                span,
            )
            .help("write the repeated part once, or use fewer nested aliases"));
        }
        self.push(node)
    }

    fn push(&mut self, node: Node) -> Result<(), SyntaxError> {
        let dialect = self.dialect;
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        let mapping = match &mut frame.open {
            Open::Sequence(items) => {
                items.push(node);
                return Ok(());
            }
            Open::Mapping(mapping) => mapping,
        };
        let outcome = match mapping.key.take() {
            None => mapping.begin(self.text, &node, dialect),
            Some(PendingKey::Wrong) => Ok(()),
            Some(PendingKey::Merge(key)) => mapping.merge(key, node, dialect),
            Some(PendingKey::Name(name)) => mapping.add(name, node),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(problem) => self.problem(*problem),
        }
    }
}

impl OpenMapping {
    /// Takes `node` for a key.
    fn begin(&mut self, text: &str, node: &Node, dialect: Dialect) -> Result<(), Box<SyntaxError>> {
        let is_merge = &*node.text == "<<"
            && (dialect == Dialect::Strict
                || (node.style == ScalarStyle::Plain && node.tag.is_none())
                || node.tag == Some(Tag::Merge));
        if is_merge {
            self.key = Some(PendingKey::Merge(node.span));
            // The newer library finds the second one before it knows what it means.
            if dialect == Dialect::GoYaml3
                && let Some(first) = self.merge_key
            {
                self.key = Some(PendingKey::Wrong);
                return Err(duplicate("<<", node.span, first));
            }
            self.merge_key.get_or_insert(node.span);
            return Ok(());
        }
        let name = match &node.value {
            Value::Sequence(_) | Value::Mapping(_) => {
                self.key = Some(PendingKey::Wrong);
                return Err(Box::new(complex_key(node.span)));
            }
            Value::String(name) if dialect == Dialect::Strict => ArcStr::clone(name),
            // `1:` and `true:` are keys by their text.
            _ if dialect == Dialect::Strict => text
                .get(node.span.start()..node.span.end())
                .unwrap_or_default()
                .into(),
            _ if node.tag == Some(Tag::Binary) => match resolve_go(node, dialect) {
                GoScalar::Binary(Some(bytes)) if std::str::from_utf8(&bytes).is_ok() => {
                    String::from_utf8_lossy(&bytes).into()
                }
                _ => {
                    self.key = Some(PendingKey::Wrong);
                    return Err(Box::new(
                        SyntaxError::new(Problem::NotText, "this key is not UTF-8", node.span)
                            .help("write it as text"),
                    ));
                }
            },
            _ => ArcStr::clone(&node.text),
        };
        self.key = Some(PendingKey::Name(Key {
            text: name,
            span: node.span,
        }));
        Ok(())
    }

    fn merge(&mut self, key: Span, node: Node, dialect: Dialect) -> Result<(), Box<SyntaxError>> {
        match &node.value {
            Value::Mapping(_) => self.merged.push(node),
            Value::Sequence(items)
                if items
                    .iter()
                    .all(|item| matches!(item.value, Value::Mapping(_))) =>
            {
                self.merged.extend(items.iter().cloned());
            }
            _ if dialect == Dialect::Strict => {
                return self.add(
                    Key {
                        text: "<<".into(),
                        span: key,
                    },
                    node,
                );
            }
            _ => {
                return Err(Box::new(
                    SyntaxError::new(
                        Problem::Merge,
                        format!(
                            "`<<` takes a mapping or a list of mappings, and this is {}",
                            node.kind()
                        ),
                        node.span,
                    )
                    .help("name an anchor that holds a mapping: `<<: *name`"),
                ));
            }
        }
        Ok(())
    }

    /// Where `key` is among the entries.
    fn place(&self, key: &str) -> Option<usize> {
        if self.entries.len() > FEW {
            self.places.get(key).copied()
        } else {
            let mut keys = self.entries.iter().map(|entry| &*entry.key.text);
            keys.position(|other| other == key)
        }
    }

    fn add(&mut self, key: Key, value: Node) -> Result<(), Box<SyntaxError>> {
        if let Some(first) = self.place(&key.text) {
            return Err(duplicate(&key.text, key.span, self.entries[first].key.span));
        }
        self.push(Entry { key, value });
        Ok(())
    }

    /// Adds an entry whose key is new.
    fn push(&mut self, entry: Entry) {
        let count = self.entries.len();
        self.entries.push(entry);
        let unplaced = match count {
            0..FEW => return,
            FEW => 0..=FEW,
            _ => count..=count,
        };
        let entries = &self.entries;
        let places = unplaced.map(|place| (ArcStr::clone(&entries[place].key.text), place));
        self.places.extend(places);
    }

    /// The entries, with those that `<<` brings in behind them; `overridden` gets those that it would have brought in.
    fn finish(mut self, overridden: &mut BTreeMap<Span, Span>) -> Vec<Entry> {
        let own = self.entries.len();
        for other in std::mem::take(&mut self.merged) {
            for entry in other.entries() {
                match self.place(&entry.key.text) {
                    Some(place) if place < own => {
                        let key = self.entries[place].key.span;
                        overridden.entry(key).or_insert(entry.key.span);
                    }
                    Some(_) => {}
                    None => self.push(Entry {
                        key: entry.key.clone(),
                        value: Node {
                            is_merged: true,
                            ..entry.value.clone()
                        },
                    }),
                }
            }
        }
        self.entries
    }
}

/// The rule by which Go's libraries refuse a document that is mostly aliases: above 100 nodes at most 99 in 100
/// may come from aliases, falling to one in ten between 400,000 and 4,000,000 nodes.
fn is_excessive(nodes: usize, aliased: usize) -> bool {
    const SMALL: usize = 400_000;
    const LARGE: usize = 4_000_000;
    let allowed = match nodes {
        0..=SMALL => 0.99,
        LARGE.. => 0.10,
        _ => 0.99 - 0.89 * ((nodes - SMALL) as f64 / (LARGE - SMALL) as f64),
    };
    aliased > 100 && nodes > 1000 && aliased as f64 / nodes as f64 > allowed
}

pub(super) fn too_deep(depth: usize, span: Span) -> SyntaxError {
    SyntaxError::new(
        Problem::TooDeep,
        format!("nested deeper than {depth} levels"),
        span,
    )
    .help("flatten the document")
}

fn duplicate(key: &str, span: Span, first: Span) -> Box<SyntaxError> {
    let mut error = SyntaxError::new(
        Problem::DuplicateKey,
        format!("the key `{key}` is given twice"),
        span,
    )
    .help("remove one of the two");
    error.first = Some(first);
    Box::new(error)
}

fn complex_key(span: Span) -> SyntaxError {
    SyntaxError::new(
        Problem::ComplexKey,
        "a list or mapping cannot be a key here",
        span,
    )
    .help("quote the key if it is meant as text")
}
