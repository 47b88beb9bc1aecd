//! Alerts end to end: resolved for several situations, rendered, and proven with promtool.

mod healthy;
mod mutation;
mod proof;
mod resolution;
mod situation;
