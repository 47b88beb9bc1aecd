//! A safe fix of a rule file keeps what its expressions mean: promtool evaluates each before and after, over series that are made
//! for it, and wherever the original has a result the other one has the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use stackwright::catalogue::Known;
use stackwright::diagnostic::Safety;
use stackwright::facts::Facts;
use stackwright::lint::{Selection, check, lints, page};
use stackwright::promql::{Kind, MatchOp, Parsed, parse, regex_alternatives};
use stackwright::setup::Setup;

use super::catalogue::is_mended;
use super::proofs::directories;
use super::{CATALOGUE, mended};
use crate::shared::shared;
use crate::tools::{Generation, generations};

/// An expression before and after its fix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    before: String,
    after: String,
}

/// The expressions of a setup's rules, file by file.
fn expressions(setup: &Setup) -> BTreeMap<String, Vec<String>> {
    let facts = Facts::of(setup, &CATALOGUE);
    let mut expressions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &facts.rule_files {
        let of_file = expressions
            .entry(setup.document(file.document).path.to_string())
            .or_default();
        for (_, rule) in file.rules() {
            let text = rule.expression.map(|id| facts.expression(id).text.as_str());
            of_file.push(text.unwrap_or_default().to_owned());
        }
    }
    expressions
}

/// What safe fixes do to the expressions of a setup's rules.
fn pairs(setup: &Setup, only: &str) -> BTreeSet<Pair> {
    let mended = mended(setup, only, Safety::Safe);
    if mended.changes.is_empty() {
        return BTreeSet::new();
    }
    let (before, after) = (expressions(setup), expressions(&mended.setup));
    assert_eq!(
        before.len(),
        after.len(),
        "a fix makes or loses a rule file"
    );
    let mut pairs = BTreeSet::new();
    for (path, old) in before {
        let new = &after[&path];
        assert_eq!(old.len(), new.len(), "{path}: a fix makes or loses a rule");
        let both = old.into_iter().zip(new);
        pairs.extend(
            both.filter(|(old, new)| old != *new)
                .map(|(before, new)| Pair {
                    before,
                    after: new.clone(),
                }),
        );
    }
    pairs
}

/// Values that a label can have, such that each matcher takes some of them and refuses others by a hair.
fn values(op: MatchOp, value: &str) -> Vec<String> {
    let meant = match op {
        MatchOp::Equal | MatchOp::NotEqual => vec![value.to_owned()],
        _ => regex_alternatives(value).unwrap_or_else(|| {
            let bare = value.trim_matches(['^', '$', '(', ')']);
            vec![bare.replace(".*", "z").replace(".+", "z")]
        }),
    };
    let mut values = vec![String::new()];
    for value in meant.into_iter().take(3) {
        values.extend([format!("x{value}"), format!("{value}x"), value]);
    }
    values
}

/// More series than this of one metric tell nothing new.
const SERIES_AT_MOST: usize = 60;

/// The metrics that both expressions read, each with the labels that they look at and the values worth trying. Of what its exporter no longer has,
/// there are no series.
fn metrics(both: &[&Parsed]) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut metrics: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let mut grouped: BTreeSet<String> = BTreeSet::new();
    for parsed in both {
        for used in parsed.selectors() {
            let names = used.selector.metric_names();
            for name in names.unwrap_or_else(|| vec!["anything".to_owned()]) {
                if matches!(CATALOGUE.know(&name), Some(Known::Removed(..))) {
                    continue;
                }
                let labels = metrics.entry(name).or_default();
                for matcher in used.selector.label_matchers() {
                    labels
                        .entry(matcher.label.text.to_string())
                        .or_default()
                        .extend(values(matcher.op, &matcher.value.text()));
                }
            }
        }
        for (_, node) in parsed.nodes() {
            let names = match &node.kind {
                Kind::Aggregation(aggregation) => aggregation
                    .grouping
                    .as_ref()
                    .map(|grouping| &grouping.labels),
                Kind::Binary(binary) => binary.matching.as_ref().map(|matching| &matching.labels),
                _ => None,
            };
            grouped.extend(
                names
                    .into_iter()
                    .flatten()
                    .map(|name| name.text.to_string()),
            );
        }
    }
    for labels in metrics.values_mut() {
        for name in &grouped {
            let values = labels.entry(name.clone()).or_default();
            if values.is_empty() {
                values.extend(match name.as_str() {
                    "le" => ["0.1", "1", "+Inf"].map(str::to_owned).to_vec(),
                    _ => ["a", "b"].map(str::to_owned).to_vec(),
                });
            }
        }
        let instances = labels.entry("instance".to_owned()).or_default();
        // As many as there are courses of samples, so that each value of each label has each of them.
        instances.extend(["one", "two", "three", "four", "five", "six"].map(str::to_owned));
    }
    metrics
}

/// One of the combinations of values, as PromQL writes it.
fn series(
    name: &str,
    labels: &BTreeMap<String, BTreeSet<String>>,
    mut combination: usize,
) -> String {
    let mut written = Vec::new();
    for (label, values) in labels {
        let value = values
            .iter()
            .nth(combination % values.len())
            .expect("a value");
        combination /= values.len();
        if !value.is_empty() {
            written.push(format!(
                "{label}={}",
                serde_json::Value::from(value.as_str())
            ));
        }
    }
    format!("{name}{{{}}}", written.join(","))
}

/// An hour of samples, a minute apart: below, at and above what is compared with, growing slowly, fast, and with a restart.
fn samples(thresholds: &[f64], number: usize) -> String {
    let threshold = thresholds[number % thresholds.len()];
    match number % 6 {
        0 => format!("{}+0x60", threshold / 2.0),
        1 => format!("{threshold}+0x60"),
        2 => format!("{}+0x60", threshold.mul_add(1.5, 1.0)),
        3 => "0+1x60".to_owned(),
        4 => format!("0+{}x60", threshold.abs() + 1.0),
        _ => "0+7x30 0+7x29".to_owned(),
    }
}

/// The unit test that shows what both expressions of a pair have.
fn unit_test(number: usize, pair: &Pair) -> serde_json::Value {
    let (before, after) = (parse(&pair.before), parse(&pair.after));
    let mut thresholds: Vec<f64> = [&before, &after]
        .iter()
        .flat_map(|parsed| parsed.comparisons())
        .filter_map(|comparison| Some(comparison.threshold?.0))
        .filter(|threshold| threshold.is_finite())
        .collect();
    thresholds.push(1.0);
    let mut input = Vec::new();
    for (name, labels) in metrics(&[&before, &after]) {
        let all: usize = labels.values().map(BTreeSet::len).product();
        // A step that shares no factor with small numbers comes by every value.
        let step = if all > SERIES_AT_MOST { 37 } else { 1 };
        let mut seen = BTreeSet::new();
        for index in 0..all.min(SERIES_AT_MOST) {
            let series = series(&name, &labels, index * step % all);
            if seen.insert(series.clone()) {
                input.push(json!({"series": series, "values": samples(&thresholds, input.len())}));
            }
        }
    }
    let asked = ["10m", "45m"].iter().flat_map(|time| {
        [
            ("before", pair.before.as_str()),
            ("after", pair.after.as_str()),
            ("canary", "vector(1)"),
        ]
        .map(|(what, text)| {
            json!({
                "expr": format!("{text}\n# {number} {what} {time} #"),
                "eval_time": time,
                "exp_samples": [],
            })
        })
    });
    json!({"interval": "1m", "input_series": input, "promql_expr_test": asked.collect::<Vec<_>>()})
}

/// What promtool got for each question, by the mark behind it. What has no result is not there.
fn results(generation: &Generation, pairs: &[Pair]) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let tests: Vec<_> = pairs
        .iter()
        .enumerate()
        .map(|(number, pair)| unit_test(number, pair))
        .collect();
    let file = json!({"rule_files": [], "evaluation_interval": "1m", "tests": tests});
    let path = directory.path().join("test.yml");
    std::fs::write(&path, file.to_string()).expect("a writable directory");
    let output = Command::new(generation.program("promtool"))
        .args(["test", "rules"])
        .arg(&path)
        .output()
        .expect("promtool runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // Each question expects nothing, so that each answer is a failure that tells it.
    let mut results = BTreeMap::new();
    for block in said.split("    expr: \"").skip(1) {
        let mark = block
            .split("\\n# ")
            .nth(1)
            .and_then(|rest| rest.split(" #").next());
        let mark = mark.unwrap_or_else(|| panic!("an answer without a question: {block}"));
        if let Some((_, got)) = block.split_once("got:") {
            results.insert(mark.to_owned(), got.trim().to_owned());
        }
    }
    for (number, pair) in pairs.iter().enumerate() {
        let canary = format!("{number} canary 10m");
        assert!(
            results.contains_key(&canary),
            "{pair:?} was not evaluated: {said}"
        );
    }
    results
}

/// Pairs whose second expression says something else where the first one has a result; and in how many questions it had one.
fn differences(generation: &Generation, pairs: &[Pair]) -> (Vec<String>, usize) {
    let results = results(generation, pairs);
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (number, pair) in pairs.iter().enumerate() {
        for time in ["10m", "45m"] {
            let Some(before) = results.get(&format!("{number} before {time}")) else {
                continue;
            };
            compared += 1;
            let after = results.get(&format!("{number} after {time}"));
            if after != Some(before) {
                wrong.push(format!("{pair:?} at {time}:\n{before}\n{after:?}"));
            }
        }
    }
    (wrong, compared)
}

/// Whether there is a safe fix of an expression in a rule file: to look is much cheaper than to mend.
fn offers_any(setup: &Setup) -> bool {
    let selection = Selection {
        select: vec!["promql".to_owned()],
        ignore: Vec::new(),
    };
    let facts = Facts::of(setup, &CATALOGUE);
    let is_of_rules = |path: &Path| {
        let mut files = facts.rule_files.iter();
        files.any(|file| setup.document(file.document).file().path() == path)
    };
    check(&facts, &selection)
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .filter(|fix| fix.safety == Safety::Safe)
        .flat_map(|fix| &fix.edits)
        .any(|edit| is_of_rules(edit.location.file.path()))
}

/// A rule file with every kind of matcher that can be written in a simpler way, in every kind of expression.
fn generated() -> String {
    let patterns = [
        "redis",
        "^redis$",
        "(redis)",
        "(?:redis)",
        ".*",
        "^.*$",
        "re.is",
        "redis|",
        "redis|cache",
    ];
    let shapes = [
        "redis_up{job~} == 0",
        "redis_connected_clients{instance!=\"\",job~} > 10",
        "sum by (job) (rate(redis_commands_total{job~}[5m])) > 1",
        "sum without (instance) (redis_memory_used_bytes{job~}) / on (job) sum by (job) (redis_memory_max_bytes > 0) > 2",
        "redis_up{job~} unless on (instance) redis_connected_clients{job~} > 5",
        "count(redis_up{job~} == 1) or vector(0)",
    ];
    let mut rules = Vec::new();
    for shape in shapes {
        for pattern in patterns {
            for op in ["=~", "!~"] {
                let expr = shape.replace("job~", &format!("job{op}\"{pattern}\""));
                let record = format!("generated:rule{}", rules.len());
                rules.push(json!({"record": record, "expr": expr}));
            }
        }
    }
    json!({"groups": [{"name": "generated", "rules": rules}]}).to_string()
}

/// Safe fixes of all cases, pages and, where they are present, real setups.
fn all_pairs() -> Vec<Pair> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints");
    let mut all = BTreeSet::new();
    for lint in lints() {
        let cases = directories(&root.join(lint.id));
        for case in cases.iter().filter(|case| is_mended(case)) {
            let setup = Setup::open(&case.join("input"), None).expect("a readable case");
            all.extend(pairs(&setup, lint.id));
        }
        let Some(page) = page(lint.id) else { continue };
        let example = page.files("Example");
        let files = example.iter().map(|file| (file.path, file.text.as_bytes()));
        all.extend(pairs(&Setup::of_texts("", files), lint.id));
    }
    let generated = generated();
    all.extend(pairs(
        &Setup::of_texts("", [("rules.yml", generated.as_bytes())]),
        "",
    ));
    if let Some(root) = shared("setups") {
        for path in directories(&root) {
            let setup = Setup::open(&path, Some(&root)).expect("a readable setup");
            if offers_any(&setup) {
                all.extend(pairs(&setup, "promql"));
            }
        }
    }
    all.into_iter().collect()
}

#[test]
fn safe_fixes_of_rules_have_the_same_results() {
    let pairs = all_pairs();
    assert!(
        pairs.len() >= 40,
        "only {} expressions are changed",
        pairs.len()
    );
    for generation in generations() {
        let (wrong, compared) = differences(&generation, &pairs);
        assert!(
            wrong.is_empty(),
            "{}: {}",
            generation.name,
            wrong.join("\n")
        );
        assert!(compared >= 40, "only {compared} results of {pairs:#?}");
        if std::env::var_os("SHOW_PAIRS").is_some() {
            println!("{pairs:#?}");
        }
        println!(
            "{}: {} expressions, {compared} results compared",
            generation.name,
            pairs.len()
        );
    }
}

#[test]
fn other_results_are_noticed() {
    let pair = |before: &str, after: &str| Pair {
        before: before.into(),
        after: after.into(),
    };
    let pairs = [
        pair("a{job=~\"b\"} > 1", "a{job=\"b\"} > 2"),
        pair("a{job=~\"b.*\"}", "a{job=\"b\"}"),
        pair("sum by (c) (rate(a_total[5m]))", "sum(rate(a_total[5m]))"),
        pair("a{job!~\"b\"}", "a{job!=\"bx\"}"),
    ];
    for generation in generations() {
        let (wrong, _) = differences(&generation, &pairs);
        for pair in &pairs {
            let is_noticed = wrong
                .iter()
                .any(|said| said.starts_with(&format!("{pair:?}")));
            assert!(is_noticed, "{}: {pair:?} passes", generation.name);
        }
    }
}
