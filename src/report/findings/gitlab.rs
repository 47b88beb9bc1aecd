use serde_json::{Value, json};

use super::{Report, file, line, sentence};
use crate::diagnostic::{Diagnostic, Level};
use crate::lint::fingerprints;

impl Report<'_> {
    /// GitLab's code quality report: what Code Climate says, as far as GitLab reads it.
    pub fn gitlab(&self) -> String {
        let issues: Vec<Value> = self
            .findings
            .iter()
            .zip(fingerprints(self.findings))
            .map(|(finding, fingerprint)| issue(finding, &fingerprint))
            .collect();
        format!("{:#}\n", Value::from(issues))
    }
}

fn issue(finding: &Diagnostic, fingerprint: &str) -> Value {
    let end = finding.location.as_ref().map_or(1, |location| {
        location.file.position(location.span.end()).line
    });
    json!({
        "type": "issue",
        "check_name": finding.id,
        "description": sentence(finding),
        "categories": ["Bug Risk"],
        "severity": match finding.level {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Info => "info",
        },
        "fingerprint": fingerprint,
        "location": {
            "path": file(finding),
            "lines": {"begin": line(finding), "end": end},
        },
    })
}
