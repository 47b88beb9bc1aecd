//! What a profile means for one environment: complete, with no default left to apply.

pub mod address;
pub mod alert;
pub mod annotation;
pub mod application;
pub mod consumer;
pub mod dashboard;
pub mod exporter;
mod exporter_flags;
pub mod exporter_user;
pub mod glob;
pub mod image;
pub mod inhibition;
pub mod job;
pub mod key_policy;
pub mod key_scan;
pub mod label;
pub mod logs;
pub mod memory_pressure;
pub mod notification;
pub mod probe;
pub mod prometheus;
pub mod redis_conf;
pub mod remote;
pub mod routing;
pub mod scrape;
pub mod secret;
pub mod series;
pub mod service;
mod stack;
pub mod target;
pub mod threshold;

pub use stack::{Stack, StackError};
