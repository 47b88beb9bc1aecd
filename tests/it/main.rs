//! Every integration test, in one binary.

mod deploy;
mod external_checks;
mod layers;
mod promql_parity;
mod tools;
