//! Outcomes of checks as lines and as JSON.

use serde_json::{Value, json};

use super::Console;
use crate::check::{CheckOutcome, Verdict};
use crate::report;

/// One line for each outcome: verdict, check, subject, tool.
pub fn outcome_lines(outcomes: &[CheckOutcome], console: Console) -> String {
    let width = outcomes
        .iter()
        .map(|outcome| outcome.check.len())
        .max()
        .unwrap_or(0);
    outcomes
        .iter()
        .map(|outcome| {
            let (verdict, rest) = match &outcome.verdict {
                Verdict::Passed => (console.paint("passed ", "32"), String::new()),
                Verdict::Failed(diagnostics) => (
                    console.paint("failed ", "31"),
                    match diagnostics.len() {
                        1 => ": 1 error".to_owned(),
                        count => format!(": {count} errors"),
                    },
                ),
                Verdict::Skipped(reason) => (console.paint("skipped", "33"), format!(": {reason}")),
            };
            let tool = outcome
                .tool
                .as_ref()
                .map_or_else(|| "embedded".to_owned(), ToString::to_string);
            let by = if matches!(outcome.verdict, Verdict::Skipped(_)) {
                String::new()
            } else {
                format!(" ({tool})")
            };
            format!(
                "  {verdict}  {:width$}  {}{by}{rest}\n",
                outcome.check, outcome.subject
            )
        })
        .collect()
}

/// An outcome as machines read it.
pub fn outcome_json(outcome: &CheckOutcome) -> Value {
    let (verdict, reason, diagnostics) = match &outcome.verdict {
        Verdict::Passed => ("passed", None, Vec::new()),
        Verdict::Failed(diagnostics) => (
            "failed",
            None,
            diagnostics.iter().map(report::diagnostic_json).collect(),
        ),
        Verdict::Skipped(reason) => ("skipped", Some(reason), Vec::new()),
    };
    json!({
        "check": outcome.check,
        "subject": outcome.subject,
        "tool": outcome.tool.as_ref().map(ToString::to_string),
        "verdict": verdict,
        "reason": reason,
        "diagnostics": diagnostics,
    })
}
