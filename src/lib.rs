//! `stackwright` builds the watch over a Redis fleet.
//!
//! The order of the `mod` lines is the architecture: a module may import only modules above it
//! (held by `tests/it/layers.rs`).

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod source;
pub mod quantity;
pub mod document;
pub mod promql;
pub mod diagnostic;
pub mod bundle;
pub mod template;
pub mod catalogue;
pub mod redis_conf;
pub mod profile;
pub mod model;
pub mod artifact;
pub mod platform;
pub mod check;
pub mod setup;
pub mod facts;
pub mod lint;
pub mod config;
pub mod fix;
pub mod adopt;
pub mod report;
pub mod commands;
pub mod cli;
