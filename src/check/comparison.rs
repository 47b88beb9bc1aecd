//! One file, judged by us and by the checker of the program that reads it.
//!
//! A tool speaks for its own version. So the question is not whether it says what we say for the version that somebody
//! asks about, but what we would say for the tool's: where that differs, one of us is wrong, and somebody must be told.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::formats::{Format, Product, Readers, Reading, short};
use super::message::{self, Texts};
use super::tool::{RunError, Tool, ToolVersion, Toolbox};
use super::{CheckOutcome, Verdict};
use crate::catalogue::Version;
use crate::diagnostic::{Diagnostic, Level};
use crate::source::{SourceFile, Span};

/// Longest time for one run of a tool: 100,000 rules take promtool a quarter of it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a tool is asked about a file of some format.
#[derive(Debug)]
struct Question {
    format: Format,
    tool: Tool,
    check: &'static str,
    /// How messages name the speaker.
    speaker: &'static str,
    arguments: &'static [&'static str],
}

/// Unit tests are missing: promtool runs them, and a test that fails is no question of format.
static QUESTIONS: [Question; 3] = [
    Question {
        format: Format::Prometheus,
        tool: Tool::Promtool,
        check: "promtool/check-config",
        speaker: "promtool check config",
        arguments: &["check", "config", "--syntax-only"],
    },
    Question {
        format: Format::Rules,
        tool: Tool::Promtool,
        check: "promtool/check-rules",
        speaker: "promtool check rules",
        arguments: &["check", "rules", "--lint=none"],
    },
    Question {
        format: Format::Alertmanager,
        tool: Tool::Amtool,
        check: "amtool/check-config",
        speaker: "amtool check-config",
        arguments: &["check-config"],
    },
];

/// A file on disk that we have judged.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    /// Where it lies.
    pub path: &'a Path,
    /// Its format.
    pub format: Format,
    /// Its text, under the name that messages show.
    pub file: &'a Arc<SourceFile>,
    /// What was read.
    pub reading: &'a Reading,
    /// For whom it was judged.
    pub readers: &'a Readers<'a>,
    /// Whether we accept it for them.
    pub is_accepted: bool,
}

/// The tool that can judge files of a format.
pub fn judge(format: Format) -> Option<Tool> {
    question(format).map(|question| question.tool)
}

fn question(format: Format) -> Option<&'static Question> {
    QUESTIONS.iter().find(|question| question.format == format)
}

/// What the tool says of a file, and whether it is what we would say; `None` where no tool judges such files, or it is
/// not there. It starts no service discovery and has no network.
pub fn compare(judged: &Judged<'_>, toolbox: &Toolbox) -> Option<CheckOutcome> {
    let question = question(judged.format)?;
    let program = toolbox.find(question.tool).ok()?;
    let outcome = |verdict| CheckOutcome {
        check: question.check,
        subject: judged.file.path().display().to_string(),
        tool: Some(program.version.clone()),
        verdict,
    };
    let answer = match ask(question, judged, toolbox) {
        Ok(answer) => answer,
        Err(error) => {
            let message = format!("{}: {error}", question.speaker);
            let diagnostic = Diagnostic::error(question.check, message);
            return Some(outcome(Verdict::Failed(vec![
                diagnostic.at(judged.file, Span::default()),
            ])));
        }
    };
    Some(outcome(verdict(judged, &program.version, answer)))
}

/// Why the tool rejects the file; nothing where it accepts it.
fn ask(
    question: &Question,
    judged: &Judged<'_>,
    toolbox: &Toolbox,
) -> Result<Option<Diagnostic>, RunError> {
    let program = toolbox
        .find(question.tool)
        .map_err(|reason| RunError::Io(std::io::Error::other(reason.to_owned())))?;
    let path = judged.path.canonicalize()?;
    let (Some(directory), Some(name)) = (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) else {
        return Err(RunError::Io(std::io::Error::other("its name is not UTF-8")));
    };
    // A name must not be taken for a flag.
    let name_argument = format!("./{name}");
    let arguments: Vec<&str> = question
        .arguments
        .iter()
        .copied()
        .chain([name_argument.as_str()])
        .collect();
    let home = tempfile::tempdir()?;
    let answer = toolbox.run(program, &arguments, directory, Some(home.path()), TIMEOUT)?;
    if answer.status.success() {
        return Ok(None);
    }
    let shown = judged.file.path().parent().unwrap_or(Path::new(""));
    let mut texts = Texts::new(directory, shown);
    let said = format!("{}\n{}", answer.stdout, answer.stderr).replace("./", "");
    let findings = message::read(question.check, question.speaker, &said, name, &mut texts);
    let fallback = || {
        let message = format!(
            "{}: rejects the file without a reason ({})",
            question.speaker, answer.status
        );
        Diagnostic::error(question.check, message).at(judged.file, Span::default())
    };
    Ok(Some(findings.into_iter().next().unwrap_or_else(fallback)))
}

fn verdict(judged: &Judged<'_>, tool: &ToolVersion, rejected: Option<Diagnostic>) -> Verdict {
    let validator = judged.format.validator();
    let Some(version) = Version::from_tag(&tool.version) else {
        return Verdict::Skipped(format!(
            "`{tool}` tells no version that could be compared with"
        ));
    };
    // No tool is told of feature flags, and without one it allows none.
    let as_tool = Readers {
        features: Some(&[]),
        ..judged.readers.with(validator.product, version)
    };
    let said = validator.check(judged.file, judged.reading, &as_tool);
    let ours = said
        .into_iter()
        .find(|diagnostic| diagnostic.level == Level::Error);
    match (ours, rejected) {
        (None, None) if judged.is_accepted => Verdict::Passed,
        (Some(_), Some(theirs)) if !judged.is_accepted => Verdict::Failed(vec![theirs]),
        // It is right for its version, and we for the one that was asked about.
        (None, None) => Verdict::Skipped(other_version("accepts", tool, validator.product, judged)),
        (Some(_), Some(_)) => {
            Verdict::Skipped(other_version("rejects", tool, validator.product, judged))
        }
        (Some(ours), None) => {
            let mut disagreement = Diagnostic::error(
                "validate/disagreement",
                format!("{tool} accepts this file, and we do not: {}", ours.message),
            );
            disagreement.location = ours.location;
            Verdict::Failed(vec![disagreement.help(
                "one of us is wrong; if it is us, please report it with the file",
            )])
        }
        (None, Some(theirs)) => {
            let mut disagreement = Diagnostic::error(
                "validate/disagreement",
                format!(
                    "{tool} does not accept this file, and we do: {}",
                    theirs.message
                ),
            );
            disagreement.location = theirs.location;
            Verdict::Failed(vec![disagreement.help(
                "one of us is wrong; if it is us, please report it with the file",
            )])
        }
    }
}

fn other_version(verb: &str, tool: &ToolVersion, product: Product, judged: &Judged<'_>) -> String {
    format!(
        "{tool} {verb} it, as {product} of its version does without feature flags; this is about {asked}",
        product = product.as_str(),
        asked = short(judged.readers.version(product)),
    )
}
