//! Flags of programs that not every version has.

use serde::Deserialize;

use super::version::Version;

/// One entry of `templates/flags.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFlag {
    /// The program, as `templates/images.yaml` calls it.
    pub program: String,
    /// The flag, without dashes.
    pub flag: String,
    /// One of its values, where it is that which not every version has.
    #[serde(default)]
    pub value: Option<String>,
    /// First version with it.
    #[serde(default)]
    pub since: Option<Version>,
    /// First version without it.
    #[serde(default)]
    pub until: Option<Version>,
    /// The flag of the same meaning in the versions that do not have this one.
    #[serde(default)]
    pub now: Option<String>,
    /// What to do in its place, where no flag has the same meaning.
    #[serde(default)]
    pub instead: Option<String>,
    /// How it is known.
    pub source: String,
}

impl ProgramFlag {
    /// Whether a version has it.
    pub fn is_in(&self, version: Version) -> bool {
        self.since.is_none_or(|since| version >= since)
            && self.until.is_none_or(|until| version < until)
    }
}
