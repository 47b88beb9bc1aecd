//! Prometheus's own verdicts on its own inputs.

use stackwright::promql;

use crate::shared::shared;

#[test]
fn every_upstream_input_gets_the_upstream_verdict() {
    let Some(path) = shared("parity/promql.json") else {
        return;
    };
    let text = std::fs::read_to_string(&path).expect("the parity file is readable");
    let cases: Vec<(String, bool)> = serde_json::from_str(&text).expect("the parity file is JSON");
    assert!(cases.len() >= 200, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for (text, must_fail) in &cases {
        let parsed = promql::parse(text);
        if parsed.is_valid() == *must_fail {
            let errors: Vec<String> = parsed.errors.iter().map(ToString::to_string).collect();
            wrong.push(format!(
                "{text:?} must fail: {must_fail}, errors: {errors:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
