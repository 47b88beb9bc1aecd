//! Repairs: what a lint offers as edits, applied in rounds, each proven before anything is written.
//!
//! Nothing here touches a file but [`write()`]. [`mend`] takes a setup and gives back the setup as it would be.

mod changes;
pub mod mislabelled;
mod proof;
mod rounds;
mod write;

pub use changes::{Changed, Changes};
pub use proof::Defect;
pub use rounds::{Applied, Mended, Refused, Wish, mend};
pub use write::{Backup, WriteFailure, write};
