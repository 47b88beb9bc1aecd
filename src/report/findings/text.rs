use super::{Hidden, Report, more};
use crate::diagnostic::{Diagnostic, Level};
use crate::report::fold::folded;
use crate::report::text::{Style, concise, render};

impl Report<'_> {
    /// For people: the lines, how to mend them, and whether a program could. What is found alike in a file is told once. A text for
    /// each, so that nobody has to hold all of them.
    pub fn texts(&self, style: Style) -> impl Iterator<Item = String> {
        folded(self.findings).into_iter().map(move |folded| {
            let mut text = render(folded.diagnostic, style);
            text.push_str(&fix(folded.diagnostic));
            if let Some(more) = more(&folded) {
                text.push_str(&format!("  = {more}\n"));
            }
            text.push('\n');
            text
        })
    }

    /// One line for each finding.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.findings.iter().map(concise)
    }

    /// What was looked at, what was left out, and how much was found: after [`Self::texts`].
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for (path, overview) in self.setups {
            text.push_str(&format!("{path}: {overview}\n"));
        }
        for (path, why) in self.skipped {
            text.push_str(&format!("skipped {path}: {why}\n"));
        }
        if self.fixed > 0 {
            text.push_str(&format!("fixed: {}\n", self.fixed));
        }
        text.push_str(&counts(self));
        for hidden in hidden(self.hidden) {
            text.push_str(&format!("; {hidden}"));
        }
        text.push('\n');
        text
    }
}

fn fix(finding: &Diagnostic) -> String {
    finding.fix.as_ref().map_or_else(String::new, |fix| {
        let how = match fix.edits.is_empty() {
            true => "by hand",
            false => fix.safety.as_str(),
        };
        format!("  = fix ({how}): {}\n", fix.title)
    })
}

fn counts(report: &Report<'_>) -> String {
    let counted = |level: Level| {
        let count = report.count(level);
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", level.as_str())
    };
    match report.findings {
        [] => "nothing found".into(),
        _ => format!(
            "{}, {}, {} worth knowing",
            counted(Level::Error),
            counted(Level::Warning),
            report.count(Level::Info)
        ),
    }
}

fn hidden(hidden: Hidden) -> Vec<String> {
    let mut parts = Vec::new();
    if hidden.suppressed > 0 {
        parts.push(format!("{} suppressed", hidden.suppressed));
    }
    if let Some(untouched) = hidden.untouched {
        parts.push(format!("{untouched} not touched by the change"));
    }
    if let Some(known) = hidden.known {
        parts.push(format!("{known} in the baseline"));
    }
    if hidden.gone > 0 {
        parts.push(format!(
            "{} of the baseline gone (`--prune-baseline` removes them)",
            hidden.gone
        ));
    }
    parts
}
