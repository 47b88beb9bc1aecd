//! `redis.conf`: read as Redis reads it, with places, and checked against what a version knows.

mod check;
mod line;

pub use check::{Finding, check, check_line};
pub use line::{Line, LineError, Word, bytes, lines, quoted, words};
