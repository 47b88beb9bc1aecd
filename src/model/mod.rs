//! What a profile means for one environment: complete, with no default left to apply.

pub mod dashboard;
pub mod exporter;
pub mod job;
pub mod scrape;
pub mod secret;
pub mod target;
