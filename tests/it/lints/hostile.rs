//! Whatever lies in a directory, the linter reads it to its end and says what it left out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};
use stackwright::setup::Setup;

use super::cases::inputs;
use super::findings;
use crate::program::Program;

/// Files that are not what their names say, and files that want to be read for ever.
fn hostile(root: &Path) {
    let put = |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    put("binary.json", &[0x89, b'P', b'N', b'G', 0, 0xff, 0xfe]);
    put("cut/off.json", br#"{"title": "x", "panels": [{"id": 1,"#);
    put("empty.json", b"");
    put("empty.yml", b"");
    put("latin.yml", b"groups:\n  - name: caf\xe9\n");
    put("nul.yml", b"a: \0\n");
    put("tabs.yml", b"groups:\n\t- name: a\n");
    let wide: Vec<u8> = r#"{"title": "x", "schemaVersion": 30, "panels": []}"#
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    put("utf16.json", &[&[0xff, 0xfe], wide.as_slice()].concat());
    put("deep.json", "[".repeat(200_000).as_bytes());
    let nested = format!(
        r#"{{"title": "x", "schemaVersion": 30, "panels": [{}]}}"#,
        "[".repeat(5_000) + &"]".repeat(5_000)
    );
    put("deep_dashboard.json", nested.as_bytes());
    let deep: String = (0..3_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    put("deep.yml", deep.as_bytes());
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    put("bomb.yml", bomb.as_bytes());
    put(
        "helm/templates/rules.yaml",
        b"groups:\n{{- range .Values.groups }}\n  - name: {{ .name }}\n{{- end }}\n",
    );
    put(
        "erb/prometheus.yml",
        b"scrape_configs:\n<% @jobs.each do |job| %>\n  - job_name: <%= job %>\n<% end %>\n",
    );
    put(
        "round/compose.yaml",
        b"include: [b.yaml]\nservices: {a: {image: x, extends: {file: b.yaml, service: b}}}\n",
    );
    put(
        "round/b.yaml",
        b"include: [compose.yaml]\nservices: {b: {image: x, extends: {file: compose.yaml, service: a}}}\n",
    );
    put(
        "crlf/prometheus.yml",
        b"scrape_configs:\r\n  - job_name: a\r\n    static_configs: [{targets: ['a:1']}]\r\n",
    );
    put(
        "odd/dashboard.json",
        br#"{"title": {"a": 1}, "panels": {"a": 1}, "schemaVersion": "x", "templating": [], "uid": 5}"#,
    );
    put(
        "odd/rules.yml",
        b"groups:\n - {name: 5, rules: {alert: x}}\n - rules: [1, null, [], {alert: [], expr: {}}]\n",
    );
    fs::create_dir(root.join("directory.yml")).expect("a directory");
    symlink(".", root.join("loop")).expect("a link");
    symlink("nowhere", root.join("dangling.yml")).expect("a link");
    symlink("/dev/zero", root.join("zero.json")).expect("a link");
    let pipe = root.join("pipe.yml");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a pipe");
}

#[test]
fn every_command_reads_hostile_trees_to_their_end() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    hostile(directory.path());
    let run = |command: &str| {
        Program::in_directory(directory.path())
            .arguments([command, "."])
            .run()
    };
    let lint = run("lint").ends(1);
    for skipped in [
        "skipped ./binary.json: not UTF-8",
        "skipped ./bomb.yml: not YAML: almost all of this document is aliases",
        "skipped ./cut/off.json: not JSON: the document ends",
        "skipped ./dangling.yml: a symbolic link",
        "skipped ./deep.yml: not YAML: nested deeper than 200 levels",
        "skipped ./erb/prometheus.yml: a template",
        "skipped ./helm/templates/rules.yaml: a template",
        "skipped ./latin.yml: not UTF-8, see line 2",
        "skipped ./tabs.yml: not YAML: a tab is used for indentation",
        "skipped ./zero.json: a symbolic link",
    ] {
        assert!(lint.output.contains(skipped), "{skipped}\n{}", lint.output);
    }
    for told in ["error[rule/invalid-file]", "--> odd/rules.yml:3:"] {
        assert!(lint.output.contains(told), "{told}\n{}", lint.output);
    }
    run("inspect").ends(0);
    run("fix").ends(0);
    run("validate").ends(1);
    run("adopt").ends(3);
}

/// Bytes as the setups of the cases have them, but not where they belong.
const SPLICES: [&[u8]; 12] = [
    b"{",
    b"]",
    b"\"",
    b"'",
    b"\n",
    b": ",
    b"- ",
    b"*a",
    b"&a ",
    b"\xff",
    b"${X:-{{ .Y }}}",
    b"null",
];

/// Cuts, doubles or splices at a place that `seed` decides.
fn mutated(text: &[u8], seed: usize) -> Vec<u8> {
    let at = seed.wrapping_mul(2_654_435_761) % (text.len() + 1);
    let end = (at + 1 + seed % 40).min(text.len());
    let (before, middle, after) = (&text[..at], &text[at..end.max(at)], &text[end.max(at)..]);
    match seed % 4 {
        0 => before.to_vec(),
        1 => [before, after].concat(),
        2 => [before, middle, middle, after].concat(),
        _ => [before, SPLICES[seed / 4 % SPLICES.len()], after].concat(),
    }
}

#[test]
fn no_mutation_of_a_setup_makes_a_lint_fail() {
    let mut count = 0;
    for (number, files) in inputs().into_iter().enumerate() {
        for seed in [number, number * 7 + 3] {
            let texts: Vec<(&str, Vec<u8>)> = files
                .iter()
                .enumerate()
                .map(|(file, (path, text))| (path.as_str(), mutated(text, seed + file * 31)))
                .collect();
            let texts = texts.iter().map(|(path, text)| (*path, text.as_slice()));
            findings(&Setup::of_texts("", texts), "");
            count += 1;
        }
    }
    assert!(count > 500, "{count} setups");
}
