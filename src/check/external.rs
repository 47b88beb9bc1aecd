//! What promtool, amtool and Compose say about a bundle.
//!
//! `promtool check config` runs with `--syntax-only`. The full check opens the credential and certificate files that the
//! configuration names, and those exist in the container, not here; what it adds for a bundle of ours is covered
//! otherwise: rule files by `promtool check rules`, references by the embedded checks.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rayon::prelude::*;

use super::message::{self, Texts};
use super::tool::{Answer, Program, RunError, Tool, Toolbox};
use super::{CheckOutcome, Verdict};
use crate::diagnostic::Diagnostic;

/// Directory of the rules that a ruler elsewhere evaluates.
const RULER: &str = "ruler";
const ALERTMANAGER: &str = "alertmanager/alertmanager.yml";
const COMPOSE: &str = "compose.yaml";
const ENVIRONMENT: &str = ".env.example";

/// A check that an external tool makes.
#[derive(Debug)]
pub struct ExternalCheck {
    /// Its name: `promtool/check-rules`.
    pub name: &'static str,
    /// Who makes it.
    pub tool: Tool,
    /// The files it reads, as a path inside the bundle with `*` for any name.
    pub files: &'static str,
    /// What it proves, in one line.
    pub summary: &'static str,
    /// How messages name the speaker.
    speaker: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    CheckConfig,
    CheckRules,
    TestRules,
    CheckAlertmanager,
    TestRoutes,
    Compose,
}

/// Every external check, in the order in which outcomes are told.
pub const EXTERNAL_CHECKS: &[ExternalCheck] = &[
    ExternalCheck {
        name: "promtool/check-config",
        tool: Tool::Promtool,
        files: "prometheus/*.yml",
        summary: "Prometheus can read its configuration",
        speaker: "promtool check config",
        kind: Kind::CheckConfig,
    },
    ExternalCheck {
        name: "promtool/check-rules",
        tool: Tool::Promtool,
        files: "{prometheus,ruler}/rules/*.yml",
        summary: "Prometheus can load every rule, and no rule is there twice",
        speaker: "promtool check rules",
        kind: Kind::CheckRules,
    },
    ExternalCheck {
        name: "promtool/test-rules",
        tool: Tool::Promtool,
        files: "{prometheus,ruler}/tests/*.yml",
        summary: "the unit tests of the rules pass",
        speaker: "promtool test rules",
        kind: Kind::TestRules,
    },
    ExternalCheck {
        name: "amtool/check-config",
        tool: Tool::Amtool,
        files: ALERTMANAGER,
        summary: "Alertmanager can read its configuration and notification templates",
        speaker: "amtool check-config",
        kind: Kind::CheckAlertmanager,
    },
    ExternalCheck {
        name: "amtool/routes-test",
        tool: Tool::Amtool,
        files: ALERTMANAGER,
        summary: "every alert reaches the receivers it is meant for",
        speaker: "amtool config routes test",
        kind: Kind::TestRoutes,
    },
    ExternalCheck {
        name: "docker-compose/config",
        tool: Tool::DockerCompose,
        files: COMPOSE,
        summary: "Compose accepts the file, in all its profiles",
        speaker: "docker-compose config",
        kind: Kind::Compose,
    },
];

/// An alert's labels, and who must be told about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRoute {
    /// All labels of the alert, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// Names of the receivers, in the order of their routes.
    pub receivers: Vec<String>,
}

/// How to check.
#[derive(Debug, Clone, Copy)]
pub struct ExternalOptions<'a> {
    /// Where the tools are.
    pub toolbox: &'a Toolbox,
    /// Tools whose absence is a failure.
    pub required: &'a [Tool],
    /// What `amtool config routes test` must find.
    pub routes: &'a [ExpectedRoute],
    /// How messages name the directory of the bundle, which may be a temporary one.
    pub shown: &'a Path,
    /// Longest time for one run of one tool.
    pub timeout: Duration,
}

impl<'a> ExternalOptions<'a> {
    /// Nothing is required, no routes are tested, and a run may take a minute: unit tests of thousands of rules do.
    pub fn new(toolbox: &'a Toolbox, shown: &'a Path) -> Self {
        Self {
            toolbox,
            required: &[],
            routes: &[],
            shown,
            timeout: Duration::from_secs(60),
        }
    }
}

/// Runs every [`EXTERNAL_CHECKS`] on the bundle of one environment: the directory that holds `compose.yaml`. Outcomes come
/// in the order of that list, then of the file names; several tools run at a time.
///
/// A check whose tool or files are missing is one skipped outcome. Nothing in `bundle` is written.
pub fn external(bundle: &Path, options: &ExternalOptions<'_>) -> Vec<CheckOutcome> {
    EXTERNAL_CHECKS
        .par_iter()
        .flat_map(|check| run_all(check, bundle, options))
        .collect()
}

fn run_all(
    check: &'static ExternalCheck,
    bundle: &Path,
    options: &ExternalOptions<'_>,
) -> Vec<CheckOutcome> {
    let whole = |tool, verdict| {
        vec![CheckOutcome {
            check: check.name,
            subject: check.files.to_owned(),
            tool,
            verdict,
        }]
    };
    let failed = |message: String| {
        let diagnostic = Diagnostic::error(check.name, message);
        whole(None, Verdict::Failed(vec![diagnostic]))
    };
    let program = match options.toolbox.find(check.tool) {
        Ok(program) => program,
        Err(reason) if options.required.contains(&check.tool) => {
            return failed(format!(
                "`{}` is required, but was not found: {reason}",
                check.tool
            ));
        }
        Err(reason) => return whole(None, Verdict::Skipped(reason.to_owned())),
    };
    // Tools run in this directory, and Compose names files by their absolute path.
    let bundle = match bundle.canonicalize() {
        Ok(bundle) => bundle,
        Err(error) => return failed(format!("`{}`: {error}", options.shown.display())),
    };
    let files = match matching(&bundle, check.files) {
        Ok(files) => files,
        Err(error) => return failed(format!("`{}`: {error}", check.files)),
    };
    if files.is_empty() {
        let reason = format!("there is no `{}`", check.files);
        return whole(Some(program.version.clone()), Verdict::Skipped(reason));
    }
    if check.kind == Kind::TestRoutes && options.routes.is_empty() {
        let reason = "there is no alert whose route the files alone decide".to_owned();
        return whole(Some(program.version.clone()), Verdict::Skipped(reason));
    }
    files
        .into_par_iter()
        .map(|subject| {
            let run = Run {
                check,
                bundle: &bundle,
                program,
                options,
                subject: &subject,
            };
            let verdict = run.verdict();
            CheckOutcome {
                check: check.name,
                tool: Some(program.version.clone()),
                verdict,
                subject,
            }
        })
        .collect()
}

/// Paths inside `bundle` that fit `pattern`, sorted. A `*` stands only for the stem of the file name, and `{a,b}` only for
/// the first directory.
fn matching(bundle: &Path, pattern: &str) -> io::Result<Vec<String>> {
    let choice = pattern
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'));
    if let Some((directories, rest)) = choice {
        let mut files = Vec::new();
        for directory in directories.split(',') {
            files.extend(matching(bundle, &format!("{directory}{rest}"))?);
        }
        return Ok(files);
    }
    let Some((directory, extension)) = pattern.split_once('*') else {
        let exists = bundle.join(pattern).try_exists()?;
        return Ok(exists.then(|| pattern.to_owned()).into_iter().collect());
    };
    let entries = match fs::read_dir(bundle.join(directory)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        // A name that is not UTF-8 is none of ours; the check for foreign files reports it.
        if let Some(name) = name.to_str()
            && name.ends_with(extension)
        {
            files.push(format!("{directory}{name}"));
        }
    }
    files.sort();
    Ok(files)
}

/// One check of one file.
struct Run<'a> {
    check: &'static ExternalCheck,
    bundle: &'a Path,
    program: &'a Program,
    options: &'a ExternalOptions<'a>,
    subject: &'a str,
}

impl Run<'_> {
    fn verdict(&self) -> Verdict {
        let mut texts = Texts::new(self.bundle, self.options.shown);
        match self.findings(&mut texts) {
            Ok(findings) if findings.is_empty() => Verdict::Passed,
            Ok(findings) => Verdict::Failed(findings),
            Err(error) => Verdict::Failed(vec![self.about(error.to_string(), &mut texts)]),
        }
    }

    fn findings(&self, texts: &mut Texts) -> Result<Vec<Diagnostic>, RunError> {
        let scratch = tempfile::tempdir()?;
        let home = scratch.path();
        match self.check.kind {
            Kind::CheckConfig => {
                // Rules that another program evaluates are those of an agent, which must have none.
                let is_agent = self.bundle.join(RULER).is_dir();
                let command: &[&str] = match is_agent {
                    true => &["check", "config", "--syntax-only", "--agent"],
                    false => &["check", "config", "--syntax-only"],
                };
                self.run_and_read(command, home, texts)
            }
            Kind::CheckRules => self.run_and_read(
                &["check", "rules", "--lint=all", "--lint-fatal"],
                home,
                texts,
            ),
            Kind::TestRules => self.run_and_read(&["test", "rules"], home, texts),
            Kind::CheckAlertmanager => self.run_and_read(&["check-config"], home, texts),
            Kind::TestRoutes => self.wrong_routes(home, texts),
            Kind::Compose => {
                let variables = home.join(ENVIRONMENT);
                fs::write(&variables, self.compose_variables()?)?;
                let arguments = [
                    "--env-file".into(),
                    variables.into_os_string(),
                    "--profile".into(),
                    "*".into(),
                    "--file".into(),
                    self.subject.into(),
                    "config".into(),
                    "--quiet".into(),
                ];
                let answer = self.run(&arguments, home)?;
                Ok(self.read(&answer, texts))
            }
        }
    }

    fn run_and_read(
        &self,
        command: &[&str],
        home: &Path,
        texts: &mut Texts,
    ) -> Result<Vec<Diagnostic>, RunError> {
        let arguments: Vec<&str> = command.iter().copied().chain([self.subject]).collect();
        let answer = self.run(&arguments, home)?;
        Ok(self.read(&answer, texts))
    }

    fn run(&self, arguments: &[impl AsRef<OsStr>], home: &Path) -> Result<Answer, RunError> {
        let timeout = self.options.timeout;
        let toolbox = self.options.toolbox;
        let mut answer = toolbox.run(self.program, arguments, self.bundle, Some(home), timeout)?;
        // Compose names files by their absolute paths, which tell the reader nothing where the bundle is a temporary one.
        for directory in [self.bundle, home] {
            let prefix = format!("{}/", directory.display());
            for said in [&mut answer.stdout, &mut answer.stderr] {
                *said = said.replace(&prefix, "");
            }
        }
        Ok(answer)
    }

    fn read(&self, answer: &Answer, texts: &mut Texts) -> Vec<Diagnostic> {
        let said = format!("{}\n{}", answer.stdout, answer.stderr);
        // promtool only warns of this and passes: tests of rules that are not there prove nothing.
        if self.check.kind == Kind::TestRules
            && let Some((_, pattern)) = said.split_once("no file match pattern ")
        {
            let pattern = pattern.lines().next().unwrap_or_default();
            let message = format!("no file matches `{pattern}` of `rule_files`");
            return vec![self.about(message, texts)];
        }
        if answer.status.success() {
            return Vec::new();
        }
        let (name, speaker) = (self.check.name, self.check.speaker);
        let findings = message::read(name, speaker, &said, self.subject, texts);
        if findings.is_empty() {
            let message = format!("rejects the file without a reason ({})", answer.status);
            return vec![self.about(message, texts)];
        }
        findings
    }

    fn about(&self, message: impl std::fmt::Display, texts: &mut Texts) -> Diagnostic {
        let message = format!("{}: {message}", self.check.speaker);
        message::about(self.check.name, message, self.subject, texts)
    }

    /// One diagnostic for every set of labels that is routed to somebody else.
    fn wrong_routes(&self, home: &Path, texts: &mut Texts) -> Result<Vec<Diagnostic>, RunError> {
        let answers: Vec<(&ExpectedRoute, Answer)> = self
            .options
            .routes
            .par_iter()
            .map(|route| {
                let file = format!("--config.file={}", self.subject);
                let arguments: Vec<OsString> = ["config", "routes", "test", &file]
                    .into_iter()
                    .map(OsString::from)
                    .chain(route.labels.iter().map(matcher).map(OsString::from))
                    .collect();
                Ok((route, self.run(&arguments, home)?))
            })
            .collect::<Result<_, RunError>>()?;
        // A file that cannot be read fails the same way for every set.
        if let Some((_, answer)) = answers.iter().find(|(_, answer)| !answer.status.success()) {
            return Ok(self.read(answer, texts));
        }
        Ok(answers
            .into_iter()
            .filter_map(|(route, answer)| {
                let reached = answer.stdout.trim_end();
                let expected = route.receivers.join(",");
                (reached != expected).then(|| {
                    let labels: Vec<String> = route.labels.iter().map(matcher).collect();
                    self.about(
                        format_args!(
                            "an alert {{{}}} reaches `{reached}`, not `{expected}`",
                            labels.join(", ")
                        ),
                        texts,
                    )
                })
            })
            .collect())
    }

    /// The example environment, and a value for whatever else the file cannot do without. `1` is a word, a number and a
    /// port.
    fn compose_variables(&self) -> io::Result<String> {
        let compose = fs::read(self.bundle.join(self.subject))?;
        let mut variables = match fs::read_to_string(self.bundle.join(ENVIRONMENT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        let given: BTreeSet<String> = variables
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, _)| name.trim().to_owned())
            .collect();
        for name in without_default(&String::from_utf8_lossy(&compose)) {
            if !given.contains(name) {
                variables.push_str(&format!("\n{name}=1"));
            }
        }
        variables.push('\n');
        Ok(variables)
    }
}

/// One label as amtool takes it, quoted so that every value is only a value.
fn matcher((name, value): (&String, &String)) -> String {
    let value = value
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('\n', r"\n");
    format!("{name}=\"{value}\"")
}

/// Names of the variables that a Compose file refers to without a default: `$A`, `${A}`, `${A?…}`, `${A:?…}`.
fn without_default(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (braced, body) = match rest.strip_prefix('{') {
            Some(body) => (true, body),
            None => (false, rest),
        };
        let end = body
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(body.len());
        let (name, after) = body.split_at(end);
        let needed = !braced || ["}", "?", ":?"].iter().any(|sign| after.starts_with(sign));
        if needed && name.starts_with(|c: char| !c.is_ascii_digit()) {
            names.insert(name);
        }
        // Defaults may hold further references.
        rest = after;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_without_a_default_need_a_value() {
        let text = "a: ${A} $B ${C:?say C} ${D?}\nb: ${E:-x} ${F-${G}} ${H:+x} $$I $$$J $1 $";
        assert_eq!(
            without_default(text),
            BTreeSet::from(["A", "B", "C", "D", "G", "J"])
        );
    }

    #[test]
    fn a_label_value_stays_a_value() {
        let value = "a\"b\\c\nd,{}".to_owned();
        assert_eq!(matcher((&"x".to_owned(), &value)), r#"x="a\"b\\c\nd,{}""#);
    }
}
