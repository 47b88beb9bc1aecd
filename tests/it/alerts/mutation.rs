//! The test of the tests: every rendered alert is broken in every way a slip can break it, and its unit test
//! must notice.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use stackwright::artifact;
use stackwright::bundle::Artifact;
use stackwright::model::alert::Alerting;
use stackwright::quantity::Duration;
use stackwright::template::Templates;
use tempfile::TempDir;

use super::situation::{self, Situation};
use crate::tools::{Generation, generations};

/// How many test files one promtool reads.
const FILES_PER_RUN: usize = 24;

/// A mutant that is none: it must survive, or the others prove nothing.
const CONTROL: &str = "unchanged";

/// A broken copy of an expression, and what was done to it.
struct Broken {
    expr: String,
    what: String,
}

/// An expression, with the places that are text of its own: outside of quotes, braces and brackets.
struct Expression<'a> {
    text: &'a str,
    bare: Vec<bool>,
}

impl<'a> Expression<'a> {
    fn new(text: &'a str) -> Self {
        let (mut quoted, mut depth) = (false, 0_u32);
        let mut bare = Vec::with_capacity(text.len());
        let mut escaped = false;
        for char in text.bytes() {
            match char {
                b'"' if !escaped => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                _ => {}
            }
            bare.push(!quoted && depth == 0);
            if matches!(char, b'}' | b']') && !quoted {
                depth -= 1;
            }
            escaped = char == b'\\' && !escaped;
        }
        Self { text, bare }
    }

    fn is_bare(&self, start: usize, end: usize) -> bool {
        self.bare[start..end].iter().all(|bare| *bare)
    }

    fn replaced(&self, start: usize, end: usize, new: &str, what: String) -> Broken {
        Broken {
            expr: format!("{}{new}{}", &self.text[..start], &self.text[end..]),
            what,
        }
    }

    /// Words and operators between white space and parentheses.
    fn tokens(&self) -> Vec<(usize, usize)> {
        let mut tokens = Vec::new();
        let mut start = None;
        for (at, char) in self.text.char_indices() {
            let is_break =
                self.bare[at] && (char.is_whitespace() || matches!(char, '(' | ')' | ','));
            match (start, is_break) {
                (None, false) => start = Some(at),
                (Some(from), true) => {
                    tokens.push((from, at));
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            tokens.push((from, self.text.len()));
        }
        tokens.retain(|(start, end)| self.is_bare(*start, *end));
        tokens
    }

    fn depth_at(&self, at: usize) -> i32 {
        self.text[..at]
            .bytes()
            .zip(&self.bare)
            .map(|(char, bare)| match char {
                b'(' if *bare => 1,
                b')' if *bare => -1,
                _ => 0,
            })
            .sum()
    }

    /// End of the parenthesis around `at`, or of the text.
    fn end_of_level(&self, at: usize) -> usize {
        let depth = self.depth_at(at);
        (at..self.text.len())
            .find(|end| {
                self.text.as_bytes()[*end] == b')'
                    && self.bare[*end]
                    && self.depth_at(*end) == depth
            })
            .unwrap_or(self.text.len())
    }

    fn comparisons(&self, broken: &mut Vec<Broken>) {
        for (start, end) in self.tokens() {
            let others: &[&str] = match &self.text[start..end] {
                ">" => &[">=", "<"],
                "<" => &["<=", ">"],
                ">=" => &[">", "<"],
                "<=" => &["<", ">"],
                "==" => &["!=", ">", "<", ">=", "<="],
                _ => continue,
            };
            for other in others {
                let what = format!("`{}` becomes `{other}`", &self.text[start..end]);
                broken.push(self.replaced(start, end, other, what));
            }
        }
    }

    fn arithmetic(&self, broken: &mut Vec<Broken>) {
        for (start, end) in self.tokens() {
            let other = match &self.text[start..end] {
                "+" => "-",
                "-" => "+",
                "*" => "/",
                "/" => "*",
                _ => continue,
            };
            let what = format!("`{}` becomes `{other}`", &self.text[start..end]);
            broken.push(self.replaced(start, end, other, what));
        }
    }

    fn numbers(&self, broken: &mut Vec<Broken>) {
        for (start, end) in self.tokens() {
            let Ok(number) = self.text[start..end].parse::<f64>() else {
                continue;
            };
            let before = self.text[..start].trim_end();
            let selected = before
                .trim_end_matches(['>', '=', '<', ' '])
                .rsplit(|char: char| char.is_whitespace() || char == '(')
                .find(|word| word.contains('{'))
                .unwrap_or_default();
            let name = selected.split('{').next().unwrap_or_default();
            let is_inner = self.depth_at(start) > 0 && before.contains("increase(");
            // A fraction of an error is no error, nobody has one byte of memory or one client at most, and a share is never negative: 1 means the same.
            let is_presence = number == 0.0
                && (is_inner
                    || name.ends_with("_bytes")
                    || name.ends_with("clients")
                    || name.ends_with(":ratio"));
            let (up, down) = if number == 0.0 {
                ((!is_presence).then_some(1.0), Some(-1.0))
            } else if number.fract() == 0.0 && number <= 3.0 && number > 0.0 {
                (Some(number + 1.0), Some(number - 1.0))
            } else {
                (Some(number * 1.1), Some(number * 0.9))
            };
            for other in [up, down].into_iter().flatten() {
                broken.push(self.replaced(
                    start,
                    end,
                    &other.to_string(),
                    format!("{number} becomes {other}"),
                ));
            }
        }
    }

    /// Guards that are joined by `and`, `or` and `unless`.
    fn joined(&self, broken: &mut Vec<Broken>) {
        let tokens = self.tokens();
        let is_join = |(start, end): &(usize, usize)| {
            matches!(&self.text[*start..*end], "and" | "or" | "unless")
        };
        for (start, end) in tokens.iter().filter(|token| is_join(token)) {
            let depth = self.depth_at(*start);
            let stop = tokens
                .iter()
                .filter(|token| is_join(token) && token.0 > *start)
                .find(|token| {
                    self.depth_at(token.0) == depth
                        // `and` and `unless` bind tighter than `or`.
                        && (&self.text[*start..*end] != "or" || &self.text[token.0..token.1] == "or")
                })
                .map_or(self.text.len(), |token| token.0)
                .min(self.end_of_level(*start));
            let what = format!("without `{}`", self.text[*start..stop].trim());
            broken.push(self.replaced(*start, stop, "", what));
        }
    }

    /// Comparisons with a number that only filter.
    fn filters(&self, broken: &mut Vec<Broken>) {
        let tokens = self.tokens();
        for pair in tokens.windows(2) {
            let ((start, end), (number, stop)) = (pair[0], pair[1]);
            let is_comparison = matches!(
                &self.text[start..end],
                ">" | "<" | ">=" | "<=" | "==" | "!="
            );
            if is_comparison
                && self.text[number..stop].parse::<f64>().is_ok()
                && self.text[end..number].trim().is_empty()
            {
                let what = format!("without `{}`", &self.text[start..stop]);
                broken.push(self.replaced(start, stop, "", what));
            }
        }
    }

    /// Where matchers stand.
    fn matcher_places(&self) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        let (mut start, mut quoted, mut escaped) = (None, false, false);
        for (at, char) in self.text.char_indices() {
            match (char, start) {
                ('"', _) if !escaped => quoted = !quoted,
                ('{', _) if !quoted => start = Some(at + 1),
                (',' | '}', Some(from)) if !quoted => {
                    places.push((from, at));
                    start = (char == ',').then_some(at + 1);
                }
                _ => {}
            }
            escaped = char == '\\' && !escaped;
        }
        places
    }

    /// Without the matchers that satisfy `is_unwanted`.
    fn without_matchers(&self, is_unwanted: impl Fn(&str) -> bool) -> String {
        let mut expr = self.text.to_owned();
        for (start, end) in self.matcher_places().into_iter().rev() {
            if is_unwanted(self.text[start..end].trim()) {
                // A label that nothing has is empty everywhere: this matches all.
                expr.replace_range(start..end, "nothing=\"\"");
            }
        }
        expr
    }

    /// Matchers beside the job's, each wherever it stands: `a unless a offset 5m` needs the same ones twice.
    fn matchers(&self, broken: &mut Vec<Broken>) {
        let matchers: BTreeSet<&str> = self
            .matcher_places()
            .into_iter()
            .map(|(start, end)| self.text[start..end].trim())
            .filter(|matcher| !matcher.is_empty() && !is_job(matcher))
            .collect();
        for matcher in matchers {
            broken.push(Broken {
                expr: self.without_matchers(|other| other == matcher),
                what: format!("without `{matcher}`"),
            });
        }
    }

    fn broken(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        self.comparisons(&mut broken);
        self.arithmetic(&mut broken);
        self.numbers(&mut broken);
        self.joined(&mut broken);
        self.filters(&mut broken);
        self.matchers(&mut broken);
        broken
    }
}

fn is_job(matcher: &str) -> bool {
    matcher.starts_with("job=")
}

/// A rule file that is broken in one place, with the tests of the whole one.
struct Mutant {
    /// The alert or recording rule.
    rule: String,
    what: String,
    artifacts: Vec<Artifact>,
}

fn mutants(situation: &Situation) -> Vec<Mutant> {
    let catalogue = situation::catalogue();
    let (whole, _) = situation.resolve(&catalogue);
    let names: indexmap::IndexSet<String> =
        whole.rules().map(|rule| rule.alert.name.clone()).collect();
    let mut mutants = Vec::new();
    for name in names {
        let only = situation.only(&catalogue, &name);
        let (mut alerting, problems) = only.resolve(&catalogue);
        assert!(problems.is_empty(), "{problems:#?}");
        // Recording rules have tests of their own.
        let tests: Vec<Artifact> = artifact::rule_tests(&alerting, &Templates::embedded())
            .unwrap()
            .into_iter()
            .filter(|artifact| !artifact.path.as_str().ends_with("/recording.yml"))
            .collect();
        broken_alerts(&name, &mut alerting, &tests, &mut mutants);
    }
    broken_recordings(whole, &mut mutants);
    mutants
}

fn mutant(rule: &str, what: String, broken: &Alerting<'_>, tests: &[Artifact]) -> Mutant {
    let mut artifacts = artifact::rules(broken, &Templates::embedded()).unwrap();
    artifacts.extend_from_slice(tests);
    Mutant {
        rule: rule.to_owned(),
        what,
        artifacts,
    }
}

fn broken_alerts(
    name: &str,
    alerting: &mut Alerting<'_>,
    tests: &[Artifact],
    mutants: &mut Vec<Mutant>,
) {
    let mut add = |broken: &Alerting<'_>, what: String| {
        mutants.push(mutant(name, what, broken, tests));
    };
    add(alerting, CONTROL.to_owned());
    // Rules for each job differ in the job only, and rules for each application in its names.
    let scope = &alerting.groups[0].rules[0].scope;
    let rules = alerting.groups[0].rules.iter();
    let distinct = rules.filter(|rule| rule.scope == *scope).count();
    // Recording rules and alerts both say which jobs they are about; either is enough.
    let mut copy = alerting.clone();
    for recording in &mut copy.recording {
        recording.expr = Expression::new(&recording.expr).without_matchers(is_job);
    }
    for rule in &mut copy.groups[0].rules {
        rule.expr = Expression::new(&rule.expr).without_matchers(is_job);
    }
    add(&copy, "without the job".to_owned());
    for rule in 0..distinct {
        let original = &alerting.groups[0].rules[rule];
        let severity = original.severity.as_str();
        for broken in Expression::new(&original.expr).broken() {
            let mut copy = alerting.clone();
            copy.groups[0].rules[rule].expr = broken.expr;
            add(&copy, format!("{severity}: {}", broken.what));
        }
        if !original.pending.is_zero() {
            let mut copy = alerting.clone();
            copy.groups[0].rules[rule].pending = Duration::default();
            add(&copy, format!("{severity}: without `for`"));
            let mut copy = alerting.clone();
            copy.groups[0].rules[rule].pending = original.pending.times(2);
            add(&copy, format!("{severity}: `for` is twice as long"));
        }
        let mut copy = alerting.clone();
        copy.groups[0].rules.remove(rule);
        if copy.groups[0].rules.is_empty() {
            copy.groups[0].rules = alerting.groups[0].rules.clone();
            copy.groups[0].rules[0].expr = "vector(0) > 0".into();
        }
        add(&copy, format!("{severity}: not there"));
    }
}

fn broken_recordings(mut alerting: Alerting<'_>, mutants: &mut Vec<Mutant>) {
    alerting.groups.clear();
    let tests = artifact::rule_tests(&alerting, &Templates::embedded()).unwrap();
    mutants.push(mutant("recording", CONTROL.to_owned(), &alerting, &tests));
    for at in 0..alerting.recording.len() {
        let rule = &alerting.recording[at];
        let expression = Expression::new(&rule.expr);
        let mut broken = expression.broken();
        // What reads another recording rule leaves it to that one to choose the job.
        if expression
            .matcher_places()
            .iter()
            .any(|(start, end)| is_job(&rule.expr[*start..*end]))
        {
            broken.push(Broken {
                expr: expression.without_matchers(is_job),
                what: "without the job".to_owned(),
            });
        }
        for broken in broken {
            let mut copy = alerting.clone();
            copy.recording[at].expr = broken.expr;
            mutants.push(mutant(&rule.rule.name, broken.what, &copy, &tests));
        }
    }
}

/// The test files that pass, of those given. Verdicts come one per file and in order, but only the older
/// generation names the file; so both outputs go into one text.
fn passing(generation: &Generation, files: &[PathBuf]) -> Vec<PathBuf> {
    let mut log = tempfile::tempfile().unwrap();
    Command::new(generation.program("promtool"))
        .args(["test", "rules"])
        .args(files)
        .stdout(log.try_clone().unwrap())
        .stderr(log.try_clone().unwrap())
        .status()
        .unwrap();
    let mut text = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut text).unwrap();
    assert!(
        !text.contains("could not parse") && !text.contains("parse error"),
        "a mutant is no PromQL: {text}"
    );
    let verdicts: Vec<bool> = text
        .lines()
        .filter_map(|line| match line {
            "  SUCCESS" => Some(true),
            "  FAILED:" => Some(false),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts.len(), files.len(), "{}: {text}", generation.name);
    files
        .iter()
        .zip(verdicts)
        .filter(|(_, passes)| *passes)
        .map(|(file, _)| file.clone())
        .collect()
}

fn write(directory: &Path, mutant: &Mutant) -> PathBuf {
    let mut test = PathBuf::new();
    for artifact in &mutant.artifacts {
        let path = directory.join(artifact.path.as_str());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &artifact.text).unwrap();
        if artifact.path.as_str().contains("/tests/") {
            test = path;
        }
    }
    test
}

#[test]
fn no_broken_alert_survives_its_unit_test() {
    let generations = generations();
    if generations.is_empty() {
        return;
    }
    let mutants = mutants(&situation::everything());
    let directory = TempDir::new().unwrap();
    let files: Vec<PathBuf> = mutants
        .iter()
        .enumerate()
        .map(|(number, mutant)| write(&directory.path().join(number.to_string()), mutant))
        .collect();
    // What the newer generation notices need not be shown to the older one.
    let mut survivors: Vec<PathBuf> = files.clone();
    for generation in generations.iter().rev() {
        survivors = survivors
            .par_chunks(FILES_PER_RUN)
            .flat_map_iter(|files| passing(generation, files))
            .collect();
    }
    let mut report = String::new();
    for (mutant, file) in mutants.iter().zip(&files) {
        if (mutant.what == CONTROL) != survivors.contains(file) {
            let _ = writeln!(report, "{}: {}", mutant.rule, mutant.what);
        }
    }
    let controls = mutants
        .iter()
        .filter(|mutant| mutant.what == CONTROL)
        .count();
    eprintln!(
        "{} mutants of {controls} test files, {} survive",
        mutants.len() - controls,
        survivors.len() - controls.min(survivors.len())
    );
    assert!(
        report.is_empty(),
        "these survive, or do not although they are unchanged:\n{report}"
    );
}
