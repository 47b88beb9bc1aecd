//! The command line itself: help, manual, completions, colours, and the commands that need no profile.

use std::collections::BTreeSet;

use crate::program::{Program, SMALL, directory_with, repository, stackwright};

const COMMANDS: [&str; 13] = [
    "init",
    "render",
    "validate",
    "lint",
    "fix",
    "inspect",
    "adopt",
    "list",
    "explain",
    "promql",
    "schema",
    "completions",
    "man",
];

const LISTINGS: [&str; 12] = [
    "profiles",
    "alerts",
    "thresholds",
    "metrics",
    "dashboards",
    "panels",
    "flags",
    "flavours",
    "versions",
    "templates",
    "checks",
    "lints",
];

fn run(arguments: &str) -> crate::program::Run {
    stackwright(repository(), arguments)
}

#[test]
fn the_help_of_each_command_has_an_example_that_is_not_broken_over_lines() {
    for command in COMMANDS {
        let help = run(&format!("{command} --help")).ends(0).output;
        let example = help.split_once("Example").expect("an example").1;
        assert!(
            example.contains(&format!("stackwright {command}")),
            "{help}"
        );
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
        // Every line after the heading is indented, which a wrapped one is not.
        for line in example.lines().skip(1).filter(|line| !line.is_empty()) {
            assert!(line.starts_with("  "), "{command}: {line}");
        }
    }
}

#[test]
fn the_commands_in_the_tests_are_all_that_there_are() {
    let help = run("--help").ends(0).output;
    let listed: BTreeSet<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS.into_iter().collect());
    assert!(help.contains(
        "Exit status: 0 clean, 1 findings or drift, 2 could not run, 3 nothing to lint or adopt."
    ));
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_was_meant() {
    for (arguments, expected) in [
        ("rendr profile.yaml", "'render'"),
        ("render profile.yaml --chek", "'--check'"),
        ("render", "<PROFILE>"),
        ("list alert", "alerts"),
        ("validate", "<PATHS>"),
        ("completions tcsh", "bash"),
        ("", "Usage"),
    ] {
        let run = run(arguments).ends(2);
        assert!(run.errors.contains(expected), "{arguments}: {}", run.errors);
    }
    let version = run("--version").ends(0).output;
    assert_eq!(
        version,
        format!("stackwright {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_manual_names_every_command() {
    let manual = run("man").ends(0).output;
    assert!(manual.contains(".TH stackwright 1"), "{manual}");
    for command in COMMANDS {
        assert!(
            manual.contains(&format!("stackwright\\-{command}(1)")),
            "{command}"
        );
    }
}

#[test]
fn every_shell_has_completions_for_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&format!("completions {shell}")).ends(0).output;
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn bash_can_read_its_completions_and_completes_with_them() {
    let script = run("completions bash").ends(0).output;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("completions");
    std::fs::write(&path, script).expect("a file");
    let output = std::process::Command::new("bash")
        .arg("-c")
        .arg("source \"$0\"; COMP_WORDS=(stackwright ren); COMP_CWORD=1; _stackwright stackwright ren stackwright; echo \"${COMPREPLY[@]}\"")
        .arg(&path)
        .output()
        .expect("bash");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "render",
        "{output:?}"
    );
}

#[test]
fn every_listing_has_rows_and_is_valid_json() {
    for what in LISTINGS {
        let text = run(&format!("list {what}")).ends(0).output;
        assert!(!text.trim().is_empty(), "{what}");
        let json = run(&format!("list {what} --format json")).ends(0).json();
        assert_eq!(json["version"], 1);
        let entries = json["entries"].as_array().expect("entries");
        assert_eq!(entries.len(), text.lines().count(), "{what}");
        for (entry, line) in entries.iter().zip(text.lines()) {
            let name = entry["name"].as_str().expect("a name");
            assert!(!name.is_empty() && line.starts_with(name), "{what}: {line}");
            assert!(entry["summary"].is_string(), "{what}: {entry}");
        }
    }
}

#[test]
fn the_listings_in_the_tests_are_all_that_there_are() {
    let error = run("list nothing").ends(2).errors;
    let shown = error.split_once("[possible values: ").expect("values").1;
    let shown: Vec<&str> = shown
        .split_once(']')
        .expect("an end")
        .0
        .split(", ")
        .collect();
    assert_eq!(shown, LISTINGS);
}

#[test]
fn everything_that_is_listed_and_has_a_meaning_is_explained() {
    for what in [
        "alerts",
        "thresholds",
        "dashboards",
        "panels",
        "flags",
        "checks",
    ] {
        let json = run(&format!("list {what} --format json")).ends(0).json();
        let entries = json["entries"].as_array().expect("entries");
        // One of each kind is enough: all go the same way.
        let name = entries[entries.len() / 2]["name"].as_str().expect("a name");
        let text = run(&format!("explain {name}")).ends(0).output;
        assert!(text.starts_with(&format!("{name} (")), "{text}");
        assert!(text.lines().count() >= 2, "{text}");
    }
}

#[test]
fn an_entry_is_explained_with_what_a_person_needs_to_know() {
    for (name, expected) in [
        (
            "RedisMemoryHigh",
            vec![
                "alert, group saturation",
                "expr",
                "redis:memory_used:ratio > THRESHOLD",
                "memory: warning 80%",
            ],
        ),
        (
            "redis_memory_max_bytes",
            vec!["gauge", "bytes", "Redis exporter"],
        ),
        (
            "redis_memory_fragmentation_ratio",
            vec![
                "No version of Redis exporter exposes this name",
                "redis_mem_fragmentation_ratio",
            ],
        ),
        (
            "memory",
            vec!["(threshold)", "warning: 80%", "RedisMemoryHigh"],
        ),
        (
            "hit-ratio",
            vec![
                "(threshold)",
                "(panel `Cache hit ratio`)",
                "query: ",
                "dashboards: ",
            ],
        ),
        ("--include-system-metrics", vec!["flag of redis_exporter"]),
        ("promtool/check-rules", vec!["(check)", "by: promtool"]),
    ] {
        let text = Program::in_directory(repository())
            .arguments(["explain", "--", name])
            .run()
            .ends(0)
            .output;
        for words in expected {
            assert!(text.contains(words), "{name}: no `{words}` in\n{text}");
        }
        assert!(!text.contains("<{"), "{name}: template syntax in\n{text}");
    }
}

#[test]
fn an_unknown_entry_is_2_with_the_nearest_name() {
    for (name, help) in [
        ("RedisDwn", "did you mean `RedisDown`?"),
        ("redis_memory_usd_bytes", "`redis_memory_used_bytes`"),
        ("memroy", "did you mean `memory`?"),
        (
            "../../etc/passwd",
            "`stackwright list alerts|metrics|thresholds|panels` names them",
        ),
    ] {
        let run = run(&format!("explain {name}")).ends(2);
        assert!(run.output.is_empty(), "{}", run.output);
        assert!(run.errors.contains(help), "{name}: {}", run.errors);
    }
}

#[test]
fn the_schema_is_valid() {
    let text = run("schema").ends(0).output;
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
        panic!("{error} at {}", error.instance_path());
    }
}

fn schema() -> jsonschema::Validator {
    jsonschema::validator_for(&run("schema").ends(0).json()).expect("a valid schema")
}

fn yaml(text: &str) -> serde_json::Value {
    serde_yaml::from_str(text).expect("YAML")
}

#[test]
fn every_profile_of_ours_fits_the_schema() {
    let schema = schema();
    let directory = repository().join("profiles");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).expect("profiles") {
        let path = entry.expect("an entry").path();
        let profile = yaml(&std::fs::read_to_string(&path).expect("a profile"));
        let errors: Vec<String> = schema
            .iter_errors(&profile)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        count += 1;
    }
    assert!(count >= 3, "{count} profiles");
}

#[test]
fn an_editor_knows_the_keys_of_an_overlay() {
    let schema = schema();
    for (overlay, fits) in [
        ("{targets: {cache: {maxmemory: 1gb}}}", true),
        ("{targets: {cache: null}}", true),
        ("{targets: {cache: {password: null, replicas: null}}}", true),
        ("{targets: null}", true),
        ("null", true),
        (
            "{notifications: {channels: {slack: {channel: '#x'}}}}",
            true,
        ),
        (
            "{notifications: {channels: {slack: {webhook: {file: x, env: null}}}}}",
            true,
        ),
        ("{thresholds: {memory: {for: {critical: null}}}}", true),
        (
            "{compose: {ports: {grafana: off, prometheus: null}, profiles: [x]}}",
            true,
        ),
        ("{target: {cache: {}}}", false),
        ("{targets: {cache: {adress: 'redis://x'}}}", false),
        ("{targets: {cache: {topology: sharded}}}", false),
        ("{name: other}", false),
        ("{notifications: {channels: {slack: {kind: slak}}}}", false),
        ("[]", false),
    ] {
        let profile = yaml(&format!("{SMALL}environments: {{dev: {overlay}}}\n"));
        assert_eq!(schema.is_valid(&profile), fits, "{overlay}");
    }
}

#[test]
fn every_profile_of_ours_renders_as_init_writes_it() {
    let names = run("list profiles --format json").ends(0).json();
    for entry in names["entries"].as_array().expect("entries") {
        let name = entry["name"].as_str().expect("a name");
        assert!(!entry["summary"].as_str().unwrap_or_default().is_empty());
        let directory = tempfile::tempdir().expect("a directory");
        let said = stackwright(&directory, &format!("init --like {name}"))
            .ends(0)
            .output;
        assert_eq!(
            said,
            "wrote profile.yaml\nnext: edit it, then run `stackwright render profile.yaml`\n\
             for completion in your editor: `stackwright schema > profile.schema.json` beside it\n"
        );
        let text =
            std::fs::read_to_string(directory.path().join("profile.yaml")).expect("profile.yaml");
        assert!(
            text.starts_with("# yaml-language-server: $schema=profile.schema.json\n"),
            "{name}"
        );
        assert!(text.lines().filter(|line| line.contains('#')).count() >= 5);
        let rendered = stackwright(&directory, "render profile.yaml --format json").ends(0);
        let environments = rendered.json()["environments"].clone();
        let environments = environments.as_array().expect("environments");
        assert!(!environments.is_empty());
        for one in environments {
            let bundle = directory
                .path()
                .join(one["directory"].as_str().expect("a path"));
            assert!(bundle.join("manifest.json").exists(), "{bundle:?}");
        }
    }
}

#[test]
fn init_never_overwrites_and_knows_its_profiles() {
    let directory = directory_with("mine");
    let path = directory.path().join("profile.yaml");
    let run = stackwright(&directory, "init").ends(2);
    assert!(run.errors.contains("never overwrites"), "{}", run.errors);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
    let run = stackwright(&directory, "init --like startr other.yaml").ends(2);
    assert!(
        run.errors.contains("did you mean `starter`?"),
        "{}",
        run.errors
    );
    let run = stackwright(&directory, "init no/such/directory.yaml").ends(2);
    assert!(
        run.errors.contains("no such file or directory"),
        "{}",
        run.errors
    );
    assert_eq!(crate::program::files(directory.path()).len(), 1);
    let printed = stackwright(&directory, "init --like gatewayz -").ends(0);
    assert!(printed.output.contains("name: gatewayz"));
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let directory = directory_with("name: demo\ntarget: {}\n");
    let errors = |arguments: &str, variable: Option<&str>| {
        let program = Program::in_directory(directory.path())
            .arguments(["render", "profile.yaml"])
            .arguments(arguments.split_whitespace());
        let program = match variable {
            Some(value) => program.variable("NO_COLOR", value),
            None => program,
        };
        program.run().ends(2).errors
    };
    let is_coloured = |text: String| text.contains('\u{1b}');
    assert!(is_coloured(errors("--color always", None)));
    assert!(is_coloured(errors("--color always", Some("1"))));
    assert!(!is_coloured(errors("--color never", None)));
    // Not a terminal.
    assert!(!is_coloured(errors("--color auto", None)));
    assert!(!is_coloured(errors("", None)));
    assert!(!is_coloured(errors("", Some("1"))));
}

#[test]
fn a_terminal_is_coloured_unless_no_color_is_set() {
    let directory = directory_with("name: demo\ntarget: {}\n");
    let shown = |variable: &str| {
        let command = format!(
            "{variable} {} render profile.yaml",
            env!("CARGO_BIN_EXE_stackwright")
        );
        std::process::Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(directory.path())
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .stdin(std::process::Stdio::null())
            .output()
            .ok()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(coloured) = shown("") else {
        println!("not run: no `script` to make a terminal with");
        return;
    };
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    assert!(coloured.contains("unknown-key"), "{coloured}");
    let plain = shown("NO_COLOR=1").expect("script");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(
        shown("NO_COLOR=").expect("script").contains('\u{1b}'),
        "an empty NO_COLOR is none"
    );
}

#[test]
fn quiet_leaves_out_everything_but_errors_and_results() {
    let directory = directory_with(SMALL);
    let run = stackwright(&directory, "render profile.yaml --quiet").ends(0);
    assert_eq!((run.output.as_str(), run.errors.as_str()), ("", ""));
    let json = stackwright(&directory, "render profile.yaml --quiet --format json").ends(0);
    assert!(json.json()["environments"].is_array());
    std::fs::remove_file(directory.path().join("build/demo/default/compose.yaml")).expect("a file");
    let run = stackwright(&directory, "--quiet render profile.yaml --check").ends(1);
    assert_eq!(run.output, "build/demo/default/compose.yaml: missing\n");
    let run = stackwright(&directory, "render nothing.yaml -q").ends(2);
    assert!(run.errors.contains("profile/unreadable"), "{}", run.errors);
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
    let shell = |command: &str| {
        let command = command.replace("stackwright", env!("CARGO_BIN_EXE_stackwright"));
        std::process::Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {command}")])
            .output()
            .expect("bash")
    };
    let output = shell("stackwright list metrics | true");
    assert!(output.status.success(), "{output:?}");
    if std::path::Path::new("/dev/full").exists() {
        let output = shell("stackwright schema > /dev/full");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.contains("cannot write to standard output"),
            "{errors}"
        );
    }
}
