//! Alerts end to end: resolved for several situations, rendered, and proven with promtool.

mod mutation;
mod proof;
mod situation;
