//! Every integration test, in one binary.

mod external_checks;
mod layers;
mod tools;
