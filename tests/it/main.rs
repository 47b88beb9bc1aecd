//! Every integration test, in one binary.

mod alerts;
mod cli;
mod dashboards;
mod deploy;
mod determinism;
mod drift;
mod examples;
mod external_checks;
mod formats;
mod hostile_input;
mod installed;
mod interruption;
mod layers;
mod lints;
mod overrides;
mod profile_cases;
mod program;
mod promql_command;
mod promql_parity;
mod promql_setups;
mod readme;
mod reference;
mod shared;
mod strange_texts;
mod tools;
mod validation;
