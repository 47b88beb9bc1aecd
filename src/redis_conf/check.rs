//! What a version of Redis says of a redis.conf.

use std::collections::BTreeMap;

use super::line::{Line, LineError, Word, bytes, lines};
use crate::catalogue::{Directive, DirectiveKind, DirectiveLookup, Directives, Version, nearest};
use crate::diagnostic::Level;
use crate::source::Span;

/// Something wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub span: Span,
    /// An error keeps Redis from starting.
    pub level: Level,
    /// What, in one line.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Finding {
    /// Something with which Redis does not start.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            level: Level::Error,
            message: message.into(),
            help: None,
        }
    }

    /// The same, with advice in the imperative.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<LineError> for Finding {
    fn from(error: LineError) -> Self {
        Self::error(error.span(), error.to_string())
            .help("put a word with spaces or quotes in it between `\"` and `\"`, and a `\\` before each `\"` of its own")
    }
}

/// Everything wrong with a text, in its order. Of a version that nobody has looked at, unknown names are warnings.
pub fn check(text: &str, directives: &Directives, version: Option<Version>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for line in lines(text) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                findings.push(error.into());
                continue;
            }
        };
        let before = findings.len();
        findings.extend(check_line(&line, directives, version));
        let name = line.name();
        let repeats = match directives.look_up(&name, version) {
            DirectiveLookup::Known(known) => known.iter().any(|it| it.repeats),
            _ => true,
        };
        if seen.insert(name.clone(), ()).is_some() && !repeats && findings.len() == before {
            let message = format!("`{name}` is there twice, and only this one holds");
            let mut finding =
                Finding::error(line.directive.span, message).help("remove one of them");
            finding.level = Level::Warning;
            findings.push(finding);
        }
    }
    findings
}

/// What is wrong with one line.
pub fn check_line(
    line: &Line,
    directives: &Directives,
    version: Option<Version>,
) -> Option<Finding> {
    let name = line.name();
    let at = line.directive.span;
    let redis = version.map_or_else(|| "Redis".to_owned(), |version| format!("Redis {version}"));
    let mut finding = match directives.look_up(&name, version) {
        DirectiveLookup::OfModule => return None,
        DirectiveLookup::Known(known) => {
            let comment = line
                .arguments
                .iter()
                .find(|word| word.is_plain && word.text.starts_with('#'));
            if let Some(comment) = comment.filter(|it| it.span != line.arguments[0].span) {
                let span = Span::new(comment.span.start(), line.span.end());
                let message =
                    "Redis knows no comments behind a directive; it takes this for arguments";
                return Some(
                    Finding::error(span, message).help("put the comment on a line of its own"),
                );
            }
            let mut wrong = None;
            for directive in known {
                match value(directive, line) {
                    None => return None,
                    found => wrong = found,
                }
            }
            return wrong;
        }
        DirectiveLookup::OtherVersions(directive) => {
            let message = match (directive.since, directive.until) {
                (Some(since), _) => format!("{redis} does not know `{name}` yet; {since} does"),
                (None, Some(until)) => {
                    format!("{redis} does not know `{name}` any more; {until} did")
                }
                (None, None) => format!("{redis} does not know `{name}`"),
            };
            let help = directive.now.as_ref().map_or_else(
                || "remove it, or use another version".to_owned(),
                |now| format!("it is called `{now}` today"),
            );
            Finding::error(at, message).help(help)
        }
        DirectiveLookup::Unknown { meant } => {
            let near = meant.map(ToOwned::to_owned).or_else(|| {
                let names = directives.names(version);
                nearest(&name, names).map(ToOwned::to_owned)
            });
            let finding = Finding::error(at, format!("{redis} has no directive `{name}`"));
            match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help("remove it; Redis does not start with it"),
            }
        }
    };
    if !directives.speaks_of(version) {
        finding.level = Level::Warning;
    }
    Some(finding)
}

/// What is wrong with the arguments.
fn value(directive: &Directive, line: &Line) -> Option<Finding> {
    let name = &directive.name;
    let arguments = line.arguments.as_slice();
    let wrong = |word: &Word, expected: &str| {
        let message = format!("`{name}` takes {expected}, not `{}`", word.text);
        Some(Finding::error(word.span, message))
    };
    match directive.kind {
        DirectiveKind::Words => {
            let (least, most) = directive.arguments.unwrap_or((0, None));
            let fits = arguments.len() >= least && most.is_none_or(|most| arguments.len() <= most);
            return (!fits).then(|| {
                let expected = match most {
                    Some(most) if most == least => format!("{least} words"),
                    Some(most) => format!("{least} to {most} words"),
                    None => format!("at least {least} words"),
                };
                let message = format!(
                    "`{name}` takes {expected}, and here are {}",
                    arguments.len()
                );
                Finding::error(line.span, message)
            });
        }
        DirectiveKind::Save => return save(line),
        DirectiveKind::OutputBufferLimit => return output_buffer_limit(line),
        DirectiveKind::Ignored => {
            let message = format!("`{name}` is read and has no effect");
            let mut finding = Finding::error(line.span, message).help("remove it");
            finding.level = Level::Warning;
            return Some(finding);
        }
        _ => {}
    }
    let [word] = arguments else {
        let message = format!("`{name}` takes one word, and here are {}", arguments.len());
        return Some(
            Finding::error(line.span, message).help("put a word with spaces between `\"` and `\"`"),
        );
    };
    let text = word.text.as_str();
    match directive.kind {
        DirectiveKind::Bool if !is_one_of(text, ["yes", "no"]) => wrong(word, "`yes` or `no`"),
        DirectiveKind::Enum if !is_one_of(text, directive.values.iter().map(String::as_str)) => {
            let values = directive.values.iter().map(String::as_str);
            let near = nearest(text, values);
            let finding = wrong(word, &format!("one of {}", directive.values.join(", ")))?;
            Some(match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding,
            })
        }
        DirectiveKind::Integer => {
            let [low, high] = directive.range.unwrap_or([i64::MIN, i64::MAX]);
            match text.parse::<i64>() {
                Ok(number) if (low..=high).contains(&number) => None,
                Ok(_) => wrong(word, &format!("a number from {low} to {high}")),
                Err(_) => wrong(word, "a whole number without a unit"),
            }
        }
        DirectiveKind::Memory if bytes(text).is_none() => wrong(word, "a size such as `100mb`"),
        DirectiveKind::MemoryOrPercent => {
            let percent = text.strip_suffix('%').map(str::parse::<u8>);
            let fits = matches!(percent, Some(Ok(0..=100))) || bytes(text).is_some();
            if fits {
                None
            } else {
                wrong(word, "a size such as `100mb`, or a share such as `5%`")
            }
        }
        DirectiveKind::Octal if u32::from_str_radix(text, 8).is_err() => {
            wrong(word, "permissions such as `700`")
        }
        _ => None,
    }
}

fn is_one_of<'v>(text: &str, values: impl IntoIterator<Item = &'v str>) -> bool {
    values
        .into_iter()
        .any(|value| value.eq_ignore_ascii_case(text))
}

/// `save ""`, `save 900 1`, and several pairs in one line.
fn save(line: &Line) -> Option<Finding> {
    let arguments = line.arguments.as_slice();
    if matches!(arguments, [only] if only.text.is_empty()) {
        return None;
    }
    let number = |word: &Word, least: i64| word.text.parse::<i64>().is_ok_and(|it| it >= least);
    let wrong = arguments.chunks(2).find(
        |pair| !matches!(pair, [seconds, changes] if number(seconds, 1) && number(changes, 0)),
    );
    let span = match (arguments, wrong) {
        ([], _) => line.span,
        (_, Some([first, .., last])) => Span::new(first.span.start(), last.span.end()),
        (_, Some([only])) => only.span,
        _ => return None,
    };
    let message = "`save` takes pairs of seconds and changes";
    Some(Finding::error(span, message).help("write `save 900 1`, or `save \"\"` for no snapshots"))
}

/// `client-output-buffer-limit normal 0 0 0`, and several classes in one line.
fn output_buffer_limit(line: &Line) -> Option<Finding> {
    let is_class = |word: &Word| is_one_of(&word.text, ["normal", "replica", "slave", "pubsub"]);
    let is_size = |word: &Word| bytes(&word.text).is_some();
    let is_time = |word: &Word| word.text.parse::<u32>().is_ok();
    let fits = |group: &[Word]| {
        matches!(group, [class, hard, soft, seconds]
            if is_class(class) && is_size(hard) && is_size(soft) && is_time(seconds))
    };
    let arguments = line.arguments.as_slice();
    if !arguments.is_empty() && arguments.chunks(4).all(fits) {
        return None;
    }
    let message = "`client-output-buffer-limit` takes a class, two sizes and seconds";
    Some(
        Finding::error(line.span, message)
            .help("write `client-output-buffer-limit pubsub 32mb 8mb 60`; classes are normal, replica and pubsub"),
    )
}
