//! Where artifacts go and what runs them.

mod compose;

pub use compose::{ComposeContext, compose};
