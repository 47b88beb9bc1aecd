//! Every integration test, in one binary.

mod external_checks;
mod layers;
mod promql_parity;
mod tools;
