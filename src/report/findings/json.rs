use serde_json::{Value, json};

use super::Report;
use crate::diagnostic::Level;
use crate::lint::fingerprints;
use crate::report::json::diagnostic;

impl Report<'_> {
    /// One JSON object, for programs.
    pub fn json(&self) -> String {
        let diagnostics: Vec<Value> = self
            .findings
            .iter()
            .zip(fingerprints(self.findings))
            .map(|(finding, fingerprint)| {
                let mut finding = diagnostic(finding);
                finding["fingerprint"] = fingerprint.into();
                finding
            })
            .collect();
        let json = json!({
            "version": 1,
            "diagnostics": diagnostics,
            "summary": {
                "fixed": self.fixed,
                "errors": self.count(Level::Error),
                "warnings": self.count(Level::Warning),
                "infos": self.count(Level::Info),
                "suppressed": self.hidden.suppressed,
                "untouched": self.hidden.untouched,
                "baseline": self.hidden.known.map(|known| json!({"known": known, "gone": self.hidden.gone})),
                "setups": self.setups.iter().map(|(path, found)| json!({"path": path, "found": found})).collect::<Vec<_>>(),
                "skipped": self.skipped.iter().map(|(file, why)| json!({"file": file, "why": why})).collect::<Vec<_>>(),
            },
        });
        format!("{json:#}\n")
    }
}
