//! Checks of a whole bundle, and what came of them.

pub mod comparison;
mod embedded;
mod external;
pub mod formats;
mod message;
pub mod pattern;
pub mod tool;

pub use embedded::{
    ApplicationMetric, EMBEDDED_CHECKS, EmbeddedCheck, EmbeddedContext, Readings, ScrapedExporter,
    certain_routes, embedded,
};
pub use external::{EXTERNAL_CHECKS, ExpectedRoute, ExternalCheck, ExternalOptions, external};

use crate::diagnostic::Diagnostic;
use tool::ToolVersion;

/// What came of a check.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The check ran and found nothing.
    Passed,
    /// The check found this, or could not run although it was required. Never empty.
    Failed(Vec<Diagnostic>),
    /// The check did not run, for this reason. Never a synonym of passed.
    Skipped(String),
}

/// One check of one thing.
#[derive(Debug, Clone)]
pub struct CheckOutcome {
    /// Name of the check, such as `promtool/check-rules`; also the id of its diagnostics.
    pub check: &'static str,
    /// What was checked: a path inside the bundle, with `*` where it stands for several files.
    pub subject: String,
    /// Who checked; `None` for what is embedded, and where the tool was not found.
    pub tool: Option<ToolVersion>,
    /// What came of it.
    pub verdict: Verdict,
}

impl CheckOutcome {
    /// Whether this must make the whole run fail. A skip does not.
    pub const fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }
}
