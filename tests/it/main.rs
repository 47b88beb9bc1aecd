//! Every integration test, in one binary.

mod dashboards;
mod deploy;
mod alerts;
mod examples;
mod external_checks;
mod layers;
mod profile_cases;
mod program;
mod promql_parity;
mod reference;
mod tools;
