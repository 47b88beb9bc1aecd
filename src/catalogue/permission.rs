//! What an exporter's user must be allowed: `exporters/<exporter>/permissions.yaml`.

use indexmap::IndexMap;
use serde::Deserialize;

/// Commands that an exporter sends, and when.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// As ACL rules have them: `info`, `config|get`.
    pub commands: Vec<String>,
    /// Only with this flag, without dashes.
    #[serde(default)]
    pub flag: Option<String>,
    /// Not where these flags have these values.
    #[serde(default)]
    pub without: IndexMap<String, String>,
    /// Only for targets of this topology.
    #[serde(default)]
    pub topology: Option<String>,
    /// Whether keys are read.
    #[serde(default)]
    pub reads_keys: bool,
    /// Whether only the keys that `check-keys` and `check-single-keys` name are read.
    #[serde(default)]
    pub named_keys_only: bool,
    /// Where it comes from.
    pub source: String,
}

impl Permission {
    /// Whether an exporter with these flags, for a target of this topology, sends the commands.
    pub fn is_needed(&self, flags: &IndexMap<String, String>, topology: &str) -> bool {
        let has_flag = |flag: &String| flags.get(flag).is_some_and(|value| value != "false");
        self.flag.as_ref().is_none_or(has_flag)
            && self.topology.as_deref().is_none_or(|it| it == topology)
            && self
                .without
                .iter()
                .all(|(flag, value)| flags.get(flag) != Some(value))
    }
}
