//! YAML (and JSON, which YAML reads too) and TOML as trees that keep positions.
//!
//! A [`Node`] knows the bytes it was written in; a [`Route`] names a place in a tree
//! (`targets.cache.port`, `groups[2].expr`) and resolves to a [`Span`].

mod builder;
mod decoded;
mod edit;
mod go;
mod json;
mod json_text;
mod merge;
mod node;
mod reading;
mod route;
mod scalar;
mod shared;
mod texts;
mod tidy;
mod toml;
mod yaml;

pub use decoded::{written_offsets, written_span};
pub use edit::{Change, EditError, edited, splice};
pub use go::{GoScalar, resolve_go};
pub use json::parse_json;
pub use json_text::{Item, JsonText, Splice, spliced};
pub use merge::merge_patch;
pub use node::{Entry, Key, Node, ScalarStyle, Tag, Value};
pub use route::{Route, Step};
pub use scalar::resolve_plain;
pub use shared::Shared;
pub use toml::parse_toml;
pub use yaml::{Dialect, Document, Limits, Problem, SyntaxError, parse_yaml, read_yaml};
