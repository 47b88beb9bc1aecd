//! Expressions: promtool says of each in a rule file whether it is one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use stackwright::promql::{Options, Target, Version, parse_with};

use super::expressions::{expression, pattern, slipped};
use super::random::Random;
use crate::shared::shared;
use crate::tools::{Generation, generations};

/// Every expression is asked about alone, in files of so many.
const IN_A_FILE: usize = 2_000;

/// A promtool, and the flags it is started with.
struct Judge {
    promtool: std::path::PathBuf,
    target: Target,
}

impl Judge {
    fn all() -> Vec<Self> {
        let of = |generation: &Generation, version: Version, flags: &[&str]| Self {
            promtool: generation.program("promtool"),
            target: Target {
                version,
                enabled: Some(flags.iter().map(|flag| (*flag).to_owned()).collect()),
            },
        };
        match generations().as_slice() {
            [old, new] => vec![
                of(old, Version::new(2, 42), &[]),
                of(new, Version::new(3, 5), &[]),
                of(new, Version::new(3, 5), &["promql-experimental-functions"]),
            ],
            _ => Vec::new(),
        }
    }

    /// What is wrong with each of `expressions`, where something is: its message with line and column before it.
    fn errors(&self, expressions: &[String]) -> BTreeMap<usize, String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("rules.yml");
        let mut found = BTreeMap::new();
        for (chunk, expressions) in expressions.chunks(IN_A_FILE).enumerate() {
            let mut rules = String::from("groups:\n- name: g\n  rules:\n");
            for (index, expression) in expressions.iter().enumerate() {
                writeln!(
                    rules,
                    "  - {{record: r{index}, expr: {}}}",
                    quoted(expression)
                )
                .unwrap();
            }
            std::fs::write(&file, rules).expect("a rule file");
            let flags = self.target.enabled.iter().flatten();
            let output = Command::new(&self.promtool)
                .args(flags.map(|flag| format!("--enable-feature={flag}")))
                .args(["check", "rules"])
                .arg(&file)
                .output()
                .expect("promtool runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            let mut of_this = 0;
            for line in said.lines() {
                let Some((_, rest)) = line.split_once("group \"g\", rule ") else {
                    continue;
                };
                let (number, message) = rest.split_once(',').expect("a number and a message");
                let number: usize = number.parse().expect("a number");
                let message = message
                    .split_once("expression: ")
                    .map_or(message, |(_, said)| said);
                found.insert(chunk * IN_A_FILE + number - 1, message.to_owned());
                of_this += 1;
            }
            assert!(
                of_this > 0 || said.contains("SUCCESS"),
                "promtool read no rules: {}",
                said.lines().take(5).collect::<Vec<_>>().join("\n")
            );
        }
        found
    }
}

/// As a YAML scalar that every reader takes for exactly this.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            other => write!(out, "\\U{:08x}", u32::from(other)).unwrap(),
        }
    }
    out.push('"');
    out
}

/// What Prometheus reads and nobody means, and ours refuses.
fn is_excepted(text: &str) -> bool {
    // Up to 3.5 any letter or `_` in brackets is a colon: `x[5 m]` is the subquery `x[5:]`. A wrong unit, said the issue.
    let letter_in_brackets = || {
        text.split('[').skip(1).any(|inside| {
            let inside = inside.split(']').next().unwrap_or_default();
            inside.contains([' ', '\t', '\n'])
                && inside.contains(|c: char| c.is_ascii_alphabetic() || c == '_')
        })
    };
    // Upstream's newest parser refuses a range behind `@ start()`; 2.42 and 3.5 took it, because it is no timestamp.
    let range_behind_preprocessor = || {
        let without_comments = text.lines().map(|line| line.split('#').next());
        let text = without_comments.flatten().collect::<String>();
        let text: String = text.split_whitespace().collect();
        text.contains("start()[") || text.contains("end()[")
    };
    letter_in_brackets() || range_behind_preprocessor()
}

/// Fails with what is said differently of `expressions`.
fn compare(expressions: &[String]) {
    for judge in Judge::all() {
        let errors = judge.errors(expressions);
        let version = judge.target.version;
        let options = Options {
            target: judge.target.clone(),
            grafana: false,
        };
        let mut wrong = Vec::new();
        let mut placed = 0;
        for (index, text) in expressions.iter().enumerate() {
            let parsed = parse_with(text, &options);
            let said = errors.get(&index);
            if let Some(at) = said.and_then(|said| offset(text, said)) {
                let mut spans = parsed.errors.iter().map(|error| error.span);
                placed += usize::from(spans.any(|span| span.start() <= at && at <= span.end()));
            }
            if parsed.is_valid() != said.is_none() && !(said.is_none() && is_excepted(text)) {
                let said = said.map_or("accepts it", |said| said);
                let ours: Vec<String> = parsed.errors.iter().map(ToString::to_string).collect();
                wrong.push(format!(
                    "{text:?}\n    promtool: {said}\n    ours: {ours:?}"
                ));
            }
        }
        println!(
            "{version}: {} expressions, {} refused, {placed} of them where promtool says",
            expressions.len(),
            errors.len()
        );
        assert!(
            wrong.is_empty(),
            "{} of {} for {version}:\n{}",
            wrong.len(),
            expressions.len(),
            wrong[..wrong.len().min(40)].join("\n")
        );
    }
}

/// The byte that promtool's `line:column` means.
fn offset(text: &str, said: &str) -> Option<usize> {
    let mut parts = said.splitn(3, ':');
    let line: usize = parts.next()?.parse().ok()?;
    let column: usize = parts.next()?.parse().ok()?;
    let before = text.split_inclusive('\n').take(line - 1).map(str::len);
    Some(before.sum::<usize>() + column - 1)
}

#[test]
fn expressions_get_the_verdict_of_promtool() {
    let mut random = Random::new(super::seed());
    let expressions: Vec<String> = (0..super::cases(4_000))
        .map(|_| expression(&mut random))
        .filter(|text| !text.is_empty())
        .collect();
    compare(&expressions);
}

#[test]
fn patterns_get_the_verdict_of_promtool() {
    let mut random = Random::new(super::seed());
    let expressions: Vec<String> = (0..super::cases(4_000))
        .map(|_| {
            let pattern = pattern(&mut random);
            match random.below(3) {
                0 => format!(
                    "{{a=~'{}'}}",
                    pattern.replace('\\', "\\\\").replace('\'', "\\'")
                ),
                1 => format!("{{a!~`{pattern}`}}"),
                _ => format!("x{{a=~`{pattern}`}}"),
            }
        })
        .collect();
    compare(&expressions);
}

#[test]
fn slips_in_upstreams_inputs_get_the_verdict_of_promtool() {
    let Some(path) = shared("parity/promql.json") else {
        return;
    };
    let text = std::fs::read_to_string(&path).expect("the parity file is readable");
    let inputs: Vec<(String, bool)> = serde_json::from_str(&text).expect("the parity file is JSON");
    let mut random = Random::new(super::seed());
    let expressions: Vec<String> = (0..super::cases(4_000))
        .map(|_| slipped(&inputs[random.below(inputs.len())].0, &mut random))
        .filter(|text| !text.is_empty())
        .collect();
    compare(&expressions);
}
