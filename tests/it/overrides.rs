//! `--templates DIR`.

use crate::program::{Run, SMALL, directory_with, files, repository, stackwright};

const PROVIDERS: &str = "stack/grafana/provisioning/dashboards/dashboards.yaml.j2";

/// Renders with one overriding template; also tells whether anything was written.
fn with(path: &str, text: &str) -> (Run, Option<String>) {
    let directory = directory_with(SMALL);
    let file = directory.path().join("templates").join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(&file, text).expect("a template");
    let run = stackwright(
        &directory,
        "render profile.yaml --templates templates --out out",
    );
    let written = files(directory.path());
    let rendered = "out/default/grafana/provisioning/dashboards/dashboards.yaml";
    let rendered = written
        .get(rendered)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert_eq!(
        written.keys().any(|path| path.starts_with("out/")),
        run.status == 0
    );
    (run, rendered)
}

fn providers() -> String {
    std::fs::read_to_string(repository().join("templates").join(PROVIDERS)).expect("a template")
}

#[track_caller]
fn refused(text: &str, words: &str, place: &str) {
    let (run, _) = with(PROVIDERS, text);
    let run = run.ends(2);
    assert!(run.errors.contains(words), "{}", run.errors);
    let place = format!("--> templates/{PROVIDERS}:{place}");
    assert!(
        run.errors.contains(&place),
        "no `{place}` in\n{}",
        run.errors
    );
}

#[test]
fn an_override_takes_effect() {
    let text = providers().replace("updateIntervalSeconds: 30", "updateIntervalSeconds: 77");
    let (run, rendered) = with(PROVIDERS, &text);
    run.ends(0);
    assert!(
        rendered
            .expect("a file")
            .contains("updateIntervalSeconds: 77\n")
    );
}

#[test]
fn an_override_that_does_not_parse_is_shown_at_its_line() {
    refused("a: 1\nb: <% if x %>\nc: 2\n", "", "");
    refused("a: 1\nb: <{ folders +* 2 }>\n", "", "2:");
    refused("a: 1\n\nb: <% nonsense %>\n", "nonsense", "3:");
    refused("a: <{ folders\n", "", "");
}

#[test]
fn an_undefined_value_is_named_at_its_line() {
    refused(
        "a: 1\nb: 2\nc: <{ nobody }>\n",
        "`nobody` is not a value that this template is given",
        "3:7",
    );
    refused(
        "a: 1\nb: <{ folders[0].titel }>\n",
        "is not a value that this template is given",
        "2:",
    );
    refused("a: <{ folders|nofilter }>\n", "nofilter", "1:");
    refused("a: <{ nofunction() }>\n", "nofunction", "1:");
}

#[test]
fn a_template_that_does_not_come_to_an_end_is_stopped() {
    let text =
        "<% for a in range(100000) %><% for b in range(100000) %>x<% endfor %><% endfor %>\n";
    let (run, _) = with(PROVIDERS, text);
    let run = run.ends(2);
    assert!(
        run.errors.contains("this template does not come to an end"),
        "{}",
        run.errors
    );
    let (run, _) = with(PROVIDERS, &format!("<% include '{PROVIDERS}' %>\n"));
    assert!(run.ends(2).errors.contains("error[template/"));
}

#[test]
fn an_override_of_nothing_is_refused_with_the_nearest_name() {
    let (run, _) = with("stack/prometheus/prometheus.yaml.j2", "x");
    let run = run.ends(2);
    assert!(
        run.errors
            .contains("`stack/prometheus/prometheus.yaml.j2` overrides no template of ours"),
        "{}",
        run.errors
    );
    assert!(
        run.errors
            .contains("did you mean `stack/prometheus/prometheus.yml.j2`?"),
        "{}",
        run.errors
    );
    let (run, _) = with("README.md", "x");
    assert!(run.ends(2).errors.contains("overrides no template of ours"));
    let (run, _) = with("versions.yaml", "tools: {}\n");
    assert!(run.ends(2).errors.contains("overrides no template of ours"));
}

#[test]
fn an_override_cannot_switch_escaping_off_or_read_other_files() {
    for text in [
        "a: <{ folders|safe }>\n",
        "<% include '../../../../etc/passwd' %>\n",
        "<% include '/etc/passwd' %>\n",
    ] {
        let (run, _) = with(PROVIDERS, text);
        assert!(run.ends(2).errors.contains("error[template/"));
    }
}
