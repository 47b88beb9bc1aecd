//! Where artifacts go and what runs them.

mod assemble;
mod compose;

pub use assemble::assemble;
pub use compose::{ComposeContext, compose};
