//! Same profile, same bytes, wherever and whenever; and nothing of the surroundings in them.

use crate::program::{Program, files, repository};

#[test]
fn the_surroundings_change_nothing() {
    for name in ["starter", "gatewayz", "trinity"] {
        let profile = repository().join(format!("profiles/{name}.yaml"));
        let render = |variables: &[(&str, &str)]| {
            let directory = tempfile::tempdir().expect("a directory");
            let program = Program::in_directory(directory.path())
                .arguments(["render", "--out", "out", "--quiet"])
                .argument(&profile);
            variables
                .iter()
                .fold(program, |program, (name, value)| {
                    program.variable(name, value)
                })
                .run()
                .ends(0);
            let here = directory.path().to_string_lossy().into_owned();
            let files = files(&directory.path().join("out"));
            for (path, bytes) in &files {
                let text = String::from_utf8_lossy(bytes);
                assert!(
                    !text.contains(&here),
                    "{path} names the directory it was written in"
                );
                assert!(!text.contains('\r') && text.ends_with('\n'), "{path}");
                assert!(
                    !text
                        .lines()
                        .any(|line| line.ends_with(' ') || line.ends_with('\t')),
                    "{path} has a line that ends with a space"
                );
            }
            files
        };
        let first = render(&[]);
        assert!(first.len() > 20);
        let second = render(&[
            ("TZ", "Asia/Kathmandu"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("HOSTNAME", "elsewhere"),
            ("USER", "somebody"),
            ("HOME", "/nonexistent"),
            ("RAYON_NUM_THREADS", "7"),
            ("SOURCE_DATE_EPOCH", "1"),
        ]);
        assert_eq!(
            first.keys().collect::<Vec<_>>(),
            second.keys().collect::<Vec<_>>()
        );
        for (path, bytes) in first {
            assert!(second[&path] == bytes, "{name}: {path} differs");
        }
    }
}

#[test]
fn no_secret_of_the_surroundings_reaches_any_output() {
    const SECRET: &str = "hunter2-correct-horse";
    let profile = "\
name: demo
targets:
  cache: {address: 'redis://cache', password: {env: REDIS_PASSWORD}, server: {}}
  queue: {address: 'redis://queue', password: {file: secrets/queue}}
exporters: {redis-exporter: {mode: sidecar}}
notifications:
  channels:
    slack: {kind: slack, channel: '#x', webhook: {env: SLACK_WEBHOOK_URL}}
    mail: {kind: email, to: [a@example.com], from: b@example.com, smarthost: 'mail:25', username: b, password: {env: SMTP_PASSWORD}}
    pager: {kind: pagerduty, routing_key: {file: secrets/pager}}
    hook: {kind: webhook, url: {env: HOOK_URL}}
";
    let directory = crate::program::directory_with(profile);
    std::fs::create_dir(directory.path().join("secrets")).expect("a folder");
    for name in ["queue", "pager"] {
        std::fs::write(directory.path().join("secrets").join(name), SECRET).expect("a file");
    }
    let run = |arguments: &str| {
        let run = [
            "REDIS_PASSWORD",
            "SLACK_WEBHOOK_URL",
            "SMTP_PASSWORD",
            "HOOK_URL",
            "GRAFANA_ADMIN_PASSWORD",
        ]
        .into_iter()
        .fold(Program::in_directory(directory.path()), |program, name| {
            program.variable(name, SECRET)
        })
        .arguments(arguments.split(' '))
        .run();
        assert!(
            !run.output.contains(SECRET) && !run.errors.contains(SECRET),
            "{arguments}"
        );
        run
    };
    run("render profile.yaml --out out").ends(0);
    run("render profile.yaml --out out --check --format json").ends(0);
    run("validate profile.yaml --format json");
    let written = files(&directory.path().join("out"));
    assert!(String::from_utf8_lossy(&written["default/compose.yaml"]).contains("REDIS_PASSWORD"));
    for (path, bytes) in written {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{path}");
    }
}
