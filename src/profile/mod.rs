//! What the user wrote: the profile's shape, loading it, and laying overlays over it. Every error
//! has a position.

mod address;
mod load;
mod overlay;
mod schema;
mod secret;
mod threshold;
mod written;

pub use address::{Address, AddressError};
pub use load::{DEFAULT_ENVIRONMENT, EnvironmentProfile, ProfileDocument};
pub use schema::{Problem, json_schema, suggestion};
pub use secret::SecretRef;
pub use threshold::ThresholdValue;
pub use written::*;
