//! PromQL: a lossless parser with a position for every part, and what an expression does.
//!
//! [`parse`] reads an expression, says everything that is wrong with it, and keeps every token; the tree that
//! it returns is walked by [`Parsed::selectors`], [`Parsed::comparisons`] and the like. A verdict is always for
//! a given Prometheus: see [`Options::target`] and [`Parsed::features`].

pub mod analysis;
mod check;
mod error;
mod feature;
mod function;
mod lexer;
mod literal;
mod node;
mod number;
mod operator;
mod parser;
mod printer;
mod regexp;
mod scan;
mod select;
mod token;
mod tree;
mod variable;
mod version;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::ops::Index;

pub use error::{ErrorKind, ParseError, Replacement};
pub use feature::{Feature, FeatureUse, Requirements};
pub use function::{Arity, Function, ValueType};
pub use node::{
    Aggregation, At, AtTime, Binary, Call, Extension, Fill, GroupModifier, Grouping, Kind,
    METRIC_NAME, Matcher, Matching, Modifiers, Name, Node, NodeId, Number, Placeholder, Range,
    Selector, Side, Subquery, Text,
};
pub use number::Duration;
pub use operator::{AggregateOp, BinaryOp, MatchOp, Sign};
pub use parser::DEEPEST;
pub use select::{Comparison, SelectorUse};
pub use token::{Keyword, Token, TokenKind};
pub use variable::Variable;
pub use version::{NotAVersion, Support, Target, Version};

use crate::source::Span;

/// How many errors of one expression are worth reading; further ones of its tokens and grammar are dropped.
const MOST_ERRORS: usize = 20;

/// How an expression is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The Prometheus whose verdict [`Parsed::errors`] gives; the newest with every feature allowed by default.
    pub target: Target,
    /// Whether Grafana fills in variables and macros before Prometheus reads the expression.
    pub grafana: bool,
}

impl Options {
    /// For the newest Prometheus, behind Grafana.
    pub fn grafana() -> Self {
        Self {
            grafana: true,
            ..Self::default()
        }
    }
}

/// An expression that has been read, valid or not.
#[derive(Debug, Clone)]
pub struct Parsed {
    text: String,
    nodes: Vec<Node>,
    /// Nodes that have only literals in them, in their order, with their values.
    constants: Vec<(NodeId, f64)>,
    /// Whether Grafana's variables were read.
    is_grafana: bool,
    root: NodeId,
    /// Everything wrong with it, in the order of the text.
    pub errors: Vec<ParseError>,
    /// Every comment.
    pub comments: Vec<Token>,
    /// What it uses that not every Prometheus has, in the order of the text.
    pub features: Vec<FeatureUse>,
    /// Every reference to a Grafana variable, also within strings.
    pub variables: Vec<Variable>,
}

/// Reads `text` for the newest Prometheus, with every experimental feature allowed.
pub fn parse(text: &str) -> Parsed {
    parse_with(text, &Options::default())
}

/// Reads `text` as `options` say. Takes time and space linear in its length.
pub fn parse_with(text: &str, options: &Options) -> Parsed {
    let lexed = lexer::lex(text, options.grafana);
    let outcome = parser::parse(text, &lexed.tokens, options.grafana, lexed.truncated);
    let mut errors = lexed.errors;
    errors.extend(outcome.errors);
    // What is missing at the end of a text that breaks off would only show up as further misfits.
    if !lexed.truncated {
        let misfits = check::check(&outcome.nodes, &errors);
        errors.extend(misfits);
    }
    let mut features = outcome.features;
    features.sort_by_key(|used| used.span);
    errors.extend(
        features
            .iter()
            .filter_map(|used| used.problem(&options.target)),
    );
    errors.sort_by_key(|error| error.span);
    Parsed {
        text: text.to_owned(),
        is_grafana: options.grafana,
        constants: select::constants(&outcome.nodes),
        nodes: outcome.nodes,
        root: outcome.root,
        errors,
        comments: lexed.comments,
        features,
        variables: outcome.variables,
    }
}

/// Why `pattern` is no regular expression for Go, whose dialect Prometheus and Alertmanager use everywhere.
///
/// # Errors
///
/// What is wrong with it, in one line.
pub fn check_regex(pattern: &str) -> Result<(), String> {
    regexp::read(pattern).map(|_| ()).map_err(|error| error.0)
}

/// Every text that `pattern`, anchored at both ends, matches; `None` where they are not a short list.
pub fn regex_alternatives(pattern: &str) -> Option<Vec<String>> {
    regexp::alternatives(pattern)
}

/// Reads bytes that need not be text: what is not UTF-8 is an error at the first such byte.
pub fn parse_bytes(bytes: &[u8], options: &Options) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse_with(text, options),
        Err(error) => {
            let start = error.valid_up_to();
            let length = error.error_len().unwrap_or(bytes.len() - start);
            let mut parsed = parse_with(&String::from_utf8_lossy(bytes), options);
            parsed.errors = vec![ParseError::syntax(
                Span::new(start, start + length),
                "the expression is not UTF-8",
            )];
            parsed
        }
    }
}

impl Parsed {
    /// Whether the Prometheus it was read for accepts it.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// The first `{{…}}`, which some other program should have filled in before.
    pub fn template(&self) -> Option<Span> {
        let mut places = self.errors.iter().map(|error| error.span);
        places.find(|place| self.slice(*place).starts_with("{{"))
    }

    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every token but comments; the last is [`TokenKind::End`]. Read anew: few want them, and they take more room than the tree.
    pub fn tokens(&self) -> Vec<Token> {
        lexer::lex(&self.text, self.is_grafana).tokens
    }

    /// The bytes of `span`; empty where there are none.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start()..span.end()).unwrap_or_default()
    }

    /// The node that is the whole expression; [`Kind::Invalid`] where nothing could be read.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// What the whole expression evaluates to.
    pub fn value_type(&self) -> ValueType {
        self[self.root].value_type
    }

    /// Every node, children before parents. After an error some belong to no other node.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (NodeId(u32::try_from(index).unwrap_or(u32::MAX)), node))
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// What `target` does not understand of it, over and above what is wrong for every Prometheus.
    pub fn problems_for(&self, target: &Target) -> Vec<ParseError> {
        self.features
            .iter()
            .filter_map(|used| used.problem(target))
            .collect()
    }

    /// The Prometheus that understands it.
    pub fn requirements(&self) -> Requirements {
        Requirements::of(&self.features)
    }

    /// `id`, or what stands in its parentheses.
    pub fn bare(&self, id: NodeId) -> NodeId {
        let mut id = id;
        while let Kind::Paren(inner) = &self[id].kind {
            id = *inner;
        }
        id
    }

    /// The parent of every node, by [`NodeId::index`]; `None` for the root and for what an error left over.
    pub fn parents(&self) -> Vec<Option<NodeId>> {
        let mut parents = vec![None; self.nodes.len()];
        for (id, node) in self.nodes() {
            node.kind.for_each_child(|child| {
                if let Some(parent) = parents.get_mut(child.index()) {
                    *parent = Some(id);
                }
            });
        }
        parents
    }
}

impl Index<NodeId> for Parsed {
    type Output = Node;

    /// The node of that number. Panics on a number of another expression.
    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }
}
