use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{RULES, directory, lint};
use crate::program::repository;

/// All cases of all lints as one setup: every lint finds something in it.
const EVERYTHING: &str = "tests/lints";

fn output(format: &str) -> String {
    let run = lint(
        repository(),
        &[EVERYTHING, "--isolated", "--format", format],
    );
    assert_eq!((run.status, run.errors.as_str()), (1, ""), "{format}");
    run.output
}

fn json(format: &str) -> Value {
    serde_json::from_str(&output(format)).expect("JSON")
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a path of a report is a file of the repository.
fn is_file(path: &Value) -> bool {
    let path = path.as_str().expect("a path").replace("%20", " ");
    !path.starts_with("./") && repository().join(path).is_file()
}

#[test]
fn sarif_is_what_its_schema_wants_and_holds_every_finding() {
    let schema = repository().join("tests/schemas/sarif-2.1.0.json");
    let schema = std::fs::read_to_string(schema).expect("a schema");
    // A slip of the standard, of languages, which we do not name: a bracket that nothing has opened.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let log = json("sarif");
    let validator = jsonschema::validator_for(&schema).expect("a correct schema");
    let wrong: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");

    let run = &log["runs"][0];
    let rules = items(&run["tool"]["driver"]["rules"]);
    let results = items(&run["results"]);
    let findings = json("json");
    let findings = items(&findings["diagnostics"]);
    assert!(!findings.is_empty() && findings.len() == results.len());
    let mut fingerprints = BTreeSet::new();
    for (result, finding) in results.iter().zip(findings) {
        assert_eq!(result["ruleId"], finding["lint"]);
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], finding["lint"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(is_file(&place["artifactLocation"]["uri"]), "{place}");
        assert_eq!(place["region"]["startLine"], finding["location"]["line"]);
        assert_eq!(
            place["region"]["endColumn"],
            finding["location"]["end_column"]
        );
        assert_eq!(
            items(&result["relatedLocations"]).len(),
            items(&finding["related"]).len()
        );
        let fingerprint = &result["partialFingerprints"]["stackwright/v1"];
        assert_eq!(fingerprint, &finding["fingerprint"]);
        assert!(
            fingerprints.insert(fingerprint.to_string()),
            "{fingerprint} is not unique"
        );
    }
    assert!(
        results
            .iter()
            .any(|result| !items(&result["relatedLocations"]).is_empty())
    );
    assert!(
        results
            .iter()
            .any(|result| !items(&result["fixes"]).is_empty())
    );
    for rule in rules {
        let id = rule["id"].as_str().expect("an id");
        let page = repository().join(format!("docs/lints/{id}.md"));
        let page = std::fs::read_to_string(page).expect("a page");
        assert_eq!(rule["help"]["markdown"], page);
        assert!(
            rule["help"]["text"]
                .as_str()
                .is_some_and(|text| text.len() > 50),
            "{id}"
        );
        let has_link = page.contains("https://");
        assert_eq!(rule["helpUri"].is_string(), has_link, "{id}");
    }
}

/// The commands of a text as GitHub's runner reads them: level, properties, message.
fn commands(text: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let plain = |text: &str| {
        text.replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    };
    text.lines()
        .map(|line| {
            let (head, message) = line
                .strip_prefix("::")
                .and_then(|line| line.split_once("::"))
                .expect("a command");
            let (level, properties) = head.split_once(' ').expect("properties");
            let properties = properties
                .split(',')
                .filter_map(|property| property.split_once('='))
                .map(|(name, value)| (name.to_owned(), plain(value)))
                .collect();
            (level.to_owned(), properties, plain(message))
        })
        .collect()
}

#[test]
fn github_gets_one_annotation_for_what_is_found_alike_in_a_file() {
    let commands = commands(&output("github"));
    let findings = json("json");
    let mut alike = BTreeSet::new();
    for finding in items(&findings["diagnostics"]) {
        alike.insert((
            finding["location"]["file"].to_string(),
            finding["lint"].to_string(),
            finding["level"].to_string(),
            finding["message"].to_string(),
        ));
    }
    assert_eq!(commands.len(), alike.len());
    for (level, properties, message) in &commands {
        assert!(["error", "warning", "notice"].contains(&level.as_str()));
        assert!(is_file(&Value::from(properties["file"].as_str())));
        assert!(properties["line"].parse::<usize>().expect("a line") > 0);
        assert!(properties["title"].contains('/') && !message.is_empty());
        assert_eq!(
            properties.contains_key("col"),
            properties["line"] == properties["endLine"]
        );
    }
    assert!(
        commands
            .iter()
            .any(|(.., message)| message.contains("\nhelp: "))
    );
}

#[test]
fn what_is_found_alike_is_told_with_a_count_to_people_and_one_by_one_to_programs() {
    let directory = directory(&[(
        "rules.yml",
        "groups:\n  - name: a\n    rules:\n      - {alert: A, expr: 'sum(up{a=\"%,:\"}'}\n      - {alert: A, expr: 'sum(up{a=\"%,:\"}'}\n      - {alert: A, expr: 'sum(up{a=\"%,:\"}'}\n",
    )]);
    let run = |format: &str| {
        let arguments = ["rules.yml", "--select", "promql/syntax", "--format", format];
        lint(directory.path(), &arguments).ends(1).output
    };
    let text = run("text");
    assert_eq!(text.matches("error[promql/syntax]").count(), 1, "{text}");
    assert!(
        text.contains("= the same twice more: lines 5, 6\n"),
        "{text}"
    );
    let github = commands(&run("github"));
    assert_eq!(github.len(), 1);
    assert!(
        github[0].2.ends_with("\nthe same twice more: lines 5, 6"),
        "{github:?}"
    );
    assert_eq!(run("concise").lines().count(), 3);
    let count = |format: &str, list: &str| {
        let json: Value = serde_json::from_str(&run(format)).expect("JSON");
        items(json.pointer(list).expect("a list")).len()
    };
    assert_eq!(count("json", "/diagnostics"), 3);
    assert_eq!(count("sarif", "/runs/0/results"), 3);
    assert_eq!(count("gitlab", ""), 3);
}

#[test]
fn gitlab_gets_every_finding_with_a_fingerprint_of_its_own() {
    let issues = json("gitlab");
    let issues = items(&issues);
    let mut fingerprints = BTreeSet::new();
    for issue in issues {
        for key in ["description", "check_name", "fingerprint"] {
            assert!(
                issue[key].as_str().is_some_and(|text| !text.is_empty()),
                "{issue}"
            );
        }
        assert!(
            ["info", "minor", "major"].contains(&issue["severity"].as_str().expect("a severity"))
        );
        assert!(is_file(&issue["location"]["path"]), "{issue}");
        assert!(issue["location"]["lines"]["begin"].as_u64() > Some(0));
        assert!(
            fingerprints.insert(issue["fingerprint"].to_string()),
            "{issue}"
        );
    }
    assert_eq!(issues.len(), items(&json("json")["diagnostics"]).len());
}

#[test]
fn junit_is_xml_and_fails_where_the_run_does() {
    let text = output("junit");
    let xml = roxmltree::Document::parse(&text).expect("XML");
    let root = xml.root_element();
    let all = |name: &'static str| {
        root.descendants()
            .filter(move |node| node.has_tag_name(name))
    };
    let number = |name: &str| {
        root.attribute(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    assert_eq!(number("tests"), Some(all("testcase").count()));
    assert_eq!(number("failures"), Some(all("failure").count()));
    let mut findings = 0;
    for case in all("testcase") {
        let outcome = case.first_element_child().expect("what was found");
        let lines = outcome.text().expect("text").lines();
        let told = lines
            .filter(|line| {
                line.starts_with(&format!("{}:", case.attribute("file").expect("a file")))
            })
            .count();
        assert!(told > 0, "{:?}", case.attribute("name"));
        findings += told;
        let has_error = outcome.text().expect("text").contains(": error: ");
        assert_eq!(
            outcome.has_tag_name("failure"),
            has_error,
            "{:?}",
            outcome.text()
        );
    }
    assert_eq!(findings, items(&json("json")["diagnostics"]).len());
}

#[test]
fn a_clean_run_is_a_test_that_passes() {
    let directory = directory(&[(
        "rules.yml",
        "groups: [{name: a, rules: [{record: 'a:b', expr: up}]}]\n",
    )]);
    let run = |format: &str| {
        lint(directory.path(), &[".", "--format", format])
            .ends(0)
            .output
    };
    let text = run("junit");
    let xml = roxmltree::Document::parse(&text).expect("XML");
    assert_eq!(xml.root_element().attribute("tests"), Some("1"));
    assert_eq!(xml.root_element().attribute("failures"), Some("0"));
    assert_eq!(run("github"), "");
    assert_eq!(run("gitlab"), "[]\n");
    let sarif: Value = serde_json::from_str(&run("sarif")).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn every_format_ends_alike() {
    let directory = directory(&[("rules.yml", RULES)]);
    let empty = tempfile::tempdir().expect("a directory");
    for format in [
        "text", "concise", "json", "sarif", "github", "gitlab", "junit",
    ] {
        lint(directory.path(), &[".", "--format", format]).ends(1);
        lint(
            directory.path(),
            &[".", "--format", format, "--ignore", "promql"],
        )
        .ends(0);
        lint(empty.path(), &[".", "--format", format]).ends(3);
    }
    lint(directory.path(), &[".", "--format", "xml"]).ends(2);
}

#[test]
fn files_are_relative_to_the_working_directory() {
    let directory = directory(&[("a b/rules.yml", RULES), ("elsewhere/x", "")]);
    let sarif = |from: &str, path: &str| {
        let output = lint(&directory.path().join(from), &[path, "--format", "sarif"])
            .ends(1)
            .output;
        let json: Value = serde_json::from_str(&output).expect("JSON");
        let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        place["artifactLocation"].clone()
    };
    let here = serde_json::json!({"uri": "a%20b/rules.yml", "uriBaseId": "%SRCROOT%"});
    assert_eq!(sarif("", "."), here);
    assert_eq!(sarif("", directory.path().to_str().expect("a path")), here);
    assert_eq!(
        sarif("elsewhere", "../a b"),
        serde_json::json!({"uri": "../a%20b/rules.yml"})
    );
}
