//! Every integration test, in one binary.

mod external_checks;
mod tools;
