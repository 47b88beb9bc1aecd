//! `validate`: of a profile, and of a bundle as it lies there.

use crate::program::{Program, SMALL, directory_with, files, stackwright};
use crate::tools::generations;

#[test]
fn without_tools_every_external_check_is_skipped_with_a_reason() {
    let directory = directory_with(SMALL);
    let before = files(directory.path());
    let run = Program::in_directory(directory.path())
        .arguments(["validate", "profile.yaml"])
        .variable("PATH", directory.path())
        .run()
        .ends(0);
    assert!(
        run.output.starts_with("build/demo/default:\n"),
        "{}",
        run.output
    );
    for tool in ["promtool", "amtool", "docker-compose"] {
        let reason = format!("`{tool}` is not in PATH");
        let lines: Vec<&str> = run
            .output
            .lines()
            .filter(|line| line.contains(&reason))
            .collect();
        assert!(!lines.is_empty(), "{}", run.output);
        assert!(
            lines.iter().all(|line| line.starts_with("  skipped  ")),
            "{lines:?}"
        );
    }
    assert!(!run.output.contains("passed   promtool"), "{}", run.output);
    assert_eq!(files(directory.path()), before);
}

#[test]
fn a_required_tool_that_is_missing_is_a_failure() {
    let directory = directory_with(SMALL);
    let validate = |arguments: &[&str]| {
        Program::in_directory(directory.path())
            .arguments(["validate", "profile.yaml"])
            .arguments(arguments)
            .variable("PATH", directory.path())
            .run()
    };
    let run = validate(&["--require", "promtool,amtool"]).ends(1);
    assert!(
        run.errors
            .contains("`promtool` is required, but was not found"),
        "{}",
        run.errors
    );
    assert!(
        run.errors
            .contains("`amtool` is required, but was not found"),
        "{}",
        run.errors
    );
    assert!(
        run.output.contains("skipped  docker-compose/config"),
        "{}",
        run.output
    );
    let json = validate(&["--require", "promtool", "--format", "json"])
        .ends(1)
        .json();
    let checks = json["bundles"][0]["checks"]
        .as_array()
        .expect("checks")
        .clone();
    for check in checks {
        let verdict = if check["check"]
            .as_str()
            .expect("a name")
            .starts_with("promtool/")
        {
            "failed"
        } else {
            "skipped"
        };
        if check["tool"].is_null()
            && check["check"]
                .as_str()
                .is_some_and(|name| name.contains("tool/") || name.contains("compose/"))
        {
            assert_eq!(check["verdict"], verdict, "{check}");
        }
    }
    let run = validate(&["--require", "prmtool"]).ends(2);
    assert!(run.errors.contains("promtool"), "{}", run.errors);
}

#[test]
fn a_bundle_is_checked_as_it_lies_there_and_stays_as_it_is() {
    let Some(generation) = generations()
        .into_iter()
        .find(|generation| generation.name == "new")
    else {
        return;
    };
    let path = generation
        .program("promtool")
        .parent()
        .expect("a folder")
        .to_owned();
    let directory = directory_with(SMALL);
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    let out = directory.path().join("out/default");
    let validate = |format: &str| {
        Program::in_directory(directory.path())
            .arguments(["validate", "out/default", "--format", format])
            .variable("PATH", &path)
            .run()
    };
    let before = files(directory.path());
    let text = validate("text").ends(0);
    assert!(
        text.output.contains("passed   promtool/check-config"),
        "{}",
        text.output
    );
    // Without its profile, too, both readers of the routes must agree.
    assert!(
        text.output.contains("passed   amtool/routes-test"),
        "{}",
        text.output
    );
    assert!(
        text.output.contains("(promtool 3.5.3"),
        "no version: {}",
        text.output
    );
    assert_eq!(files(directory.path()), before);
    let rules = out.join("prometheus/rules/availability.yml");
    let broken = "groups: [{name: x, rules: [{alert: A, expr: 'up =='}]}]\n";
    std::fs::write(&rules, broken).expect("rules");
    let run = validate("text").ends(1);
    assert!(
        run.errors.contains("error[promtool/check-rules]"),
        "{}",
        run.errors
    );
    assert!(
        run.errors
            .contains("--> out/default/prometheus/rules/availability.yml:"),
        "{}",
        run.errors
    );
    let json = validate("json").ends(1);
    assert_eq!(json.errors, "");
    let json = json.json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["bundles"][0]["bundle"], "out/default");
    assert!(
        json["bundles"][0]["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .any(|check| {
                check["verdict"] == "failed"
                    && check["check"] == "promtool/check-rules"
                    && check["diagnostics"][0]["location"]["file"]
                        == "out/default/prometheus/rules/availability.yml"
            })
    );
}

#[test]
fn several_things_are_checked_in_one_run() {
    let directory = directory_with(&format!(
        "{SMALL}environments: {{dev: {{}}, production: {{}}}}\n"
    ));
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    let run = Program::in_directory(directory.path())
        .arguments(["validate", "profile.yaml", "--env", "dev", "out/production"])
        .variable("PATH", directory.path())
        .run()
        .ends(0);
    let subjects: Vec<&str> = run
        .output
        .lines()
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert_eq!(subjects, ["build/demo/dev:", "out/production:"]);
    let run = stackwright(&directory, "validate profile.yaml --env prod").ends(2);
    assert!(
        run.errors.contains("has no environment `prod`"),
        "{}",
        run.errors
    );
    let run = stackwright(&directory, "validate out --no-tools").ends(0);
    let bundles = ["out/dev:\n", "out/production:\n"];
    assert!(
        bundles.iter().all(|line| run.output.contains(line)),
        "{}",
        run.output
    );
}

#[test]
fn everything_wrong_in_any_environment_is_said_once() {
    let directory = directory_with(&format!(
        "{SMALL}thresholds: {{memroy: {{warning: 80%}}}}\nenvironments: {{dev: {{}}, production: {{scrape: {{interval: soon}}}}}}\n"
    ));
    let run = stackwright(&directory, "validate profile.yaml").ends(2);
    assert_eq!(run.errors.matches("error[").count(), 2, "{}", run.errors);
    assert!(
        run.errors.contains("`memory`") && run.errors.contains("scrape.interval"),
        "{}",
        run.errors
    );
}

#[test]
fn a_profile_renders_for_exporters_of_every_age() {
    for version in ["v1.45.0", "v1.55.0", "v1.67.0", "v1.83.0"] {
        let profile = format!(
            "{SMALL}versions: {{redis_exporter: {version}}}\n\
             environments: {{default: {{targets: {{cache: {{key_policies: {{\"*\": {{ttl: 1d}}}}}}}}}}}}\n"
        );
        let directory = directory_with(&profile);
        let run = Program::in_directory(directory.path())
            .arguments(["render", "profile.yaml"])
            .run();
        assert_eq!(run.status, 0, "{version}: {}", run.errors);
    }
}
