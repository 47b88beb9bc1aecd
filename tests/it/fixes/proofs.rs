//! Every case and every page of a lint, repaired.

use std::path::{Path, PathBuf};

use stackwright::diagnostic::Safety;
use stackwright::fix::Mended;
use stackwright::lint::{lints, page};
use stackwright::report::diff_between;
use stackwright::setup::Setup;

use super::{complaints, mended};

pub(super) fn directories(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a readable directory").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[test]
fn every_fix_of_every_case_stands_its_proof() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints");
    let mut wrong = Vec::new();
    let mut fixed = 0;
    for lint in lints() {
        for case in directories(&root.join(lint.id)) {
            let setup = Setup::open(&case.join("input"), None).expect("a readable case");
            let mended = mended(&setup, lint.id, Safety::Unsafe);
            fixed += mended.applied.len();
            let shown = case.strip_prefix(&root).unwrap_or(&case).display();
            wrong.extend(
                unexpected(&case, &mended)
                    .into_iter()
                    .map(|what| format!("{shown}: {what}")),
            );
            let complaints = complaints(&mended, lint.id, Safety::Unsafe);
            wrong.extend(complaints.iter().map(|what| format!("{shown}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fixed > 50, "only {fixed} fixes in all cases");
}

/// What is wrong with the difference that the fixes of a case make: it stands beside the case as `fixed.diff`.
fn unexpected(case: &Path, mended: &Mended) -> Option<String> {
    let path = case.join("fixed.diff");
    let difference: String = mended
        .changes
        .iter()
        .map(|(path, changed)| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            diff_between(path, path, &text(&changed.before), &text(&changed.after))
        })
        .collect();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        match difference.is_empty() {
            true => drop(std::fs::remove_file(&path)),
            false => std::fs::write(&path, &difference).expect("a writable checkout"),
        }
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (difference != expected)
        .then(|| format!("run again with UPDATE_EXPECTED=1 and read `git diff`:\n{difference}"))
}

#[test]
fn every_fix_of_every_page_s_example_stands_its_proof() {
    let mut wrong = Vec::new();
    for lint in lints() {
        let Some(page) = page(lint.id) else { continue };
        let example = page.files("Example");
        let files = example.iter().map(|file| (file.path, file.text.as_bytes()));
        let setup = Setup::of_texts("", files);
        let mended = mended(&setup, lint.id, Safety::Unsafe);
        let complaints = complaints(&mended, lint.id, Safety::Unsafe);
        wrong.extend(complaints.iter().map(|what| format!("{}: {what}", lint.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn repaired(path: &str, text: &str, only: &str) -> String {
    let setup = Setup::of_texts("", [(path, text.as_bytes())]);
    let mended = mended(&setup, only, Safety::Unsafe);
    assert_eq!(complaints(&mended, only, Safety::Unsafe), [""; 0]);
    mended
        .changes
        .iter()
        .find_map(|(_, changed)| changed.after.clone())
        .unwrap_or_else(|| text.to_owned())
}

#[test]
fn comments_placeholders_and_line_endings_survive() {
    let before = "# Routes.\r\nroute:\r\n  receiver: '${DEFAULT}' # whoever is there\r\n  routes:\r\n    - match:\r\n        severity: critical\r\n      # At night, too.\r\n      receiver: '${DEFAULT}'\r\nreceivers:\r\n  - name: '${DEFAULT}'\r\n";
    let after = repaired("alertmanager.yml", before, "alertmanager/deprecated-match");
    assert_eq!(
        after,
        before.replace(
            "match:\r\n        severity: critical",
            "matchers:\r\n        - 'severity=\"critical\"'"
        )
    );
}

#[test]
fn matchers_of_both_old_kinds_become_one_list() {
    let before = "route:\n  receiver: a\n  routes:\n    - match: {severity: critical, team: \"it's\"}\n      match_re:\n        job: redis|\"x\"\n      receiver: a\nreceivers: [{name: a}]\n";
    let after = repaired("alertmanager.yml", before, "alertmanager/deprecated-match");
    assert_eq!(
        after,
        "route:\n  receiver: a\n  routes:\n    - matchers: ['severity=\"critical\"', 'team=\"it''s\"', 'job=~\"redis|\\\"x\\\"\"']\n      receiver: a\nreceivers: [{name: a}]\n"
    );
}

#[test]
fn a_matcher_with_a_comment_in_it_is_left_to_people() {
    let before = "route:\n  receiver: a\n  routes:\n    - match:\n        # Pages somebody.\n        severity: critical\n      receiver: a\nreceivers: [{name: a}]\n";
    let after = repaired("alertmanager.yml", before, "alertmanager/deprecated-match");
    assert_eq!(after, before);
}

#[test]
fn a_file_that_cannot_be_read_is_not_touched() {
    let broken =
        "groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: up == 0\n   bad: [\n";
    assert_eq!(repaired("rules.yml", broken, ""), broken);
}

#[test]
fn secrets_become_files_that_compose_mounts() {
    let compose = "services:\n  alertmanager:\n    image: prom/alertmanager:v0.33.1\n    volumes:\n      - ./alertmanager.yml:/etc/alertmanager/alertmanager.yml # ours\n";
    let routes = "global:\n  smtp_smarthost: mail:25\n  smtp_from: a@b.c\n  smtp_auth_password: '${SMTP_PASSWORD}'\nroute: {receiver: a}\nreceivers:\n  - name: a\n    pagerduty_configs:\n      - routing_key: 0123456789abcdef\n";
    let files = [("compose.yaml", compose), ("alertmanager.yml", routes)];
    let setup = Setup::of_texts("", files.map(|(path, text)| (path, text.as_bytes())));
    let mut after = std::collections::BTreeMap::new();
    for only in ["alertmanager/unexpanded-env", "security/plaintext-secret"] {
        let mended = mended(&setup, only, Safety::Unsafe);
        assert_eq!(complaints(&mended, only, Safety::Unsafe), [""; 0]);
        for (path, changed) in mended.changes.iter() {
            after.insert(
                (only, path.to_owned()),
                changed.after.clone().unwrap_or_default(),
            );
        }
    }
    let of = |only, path: &str| after[&(only, path.to_owned())].as_str();
    let env = "alertmanager/unexpanded-env";
    assert_eq!(
        of(env, "alertmanager.yml"),
        routes.replace(
            "smtp_auth_password: '${SMTP_PASSWORD}'",
            "smtp_auth_password_file: /run/secrets/smtp_password"
        )
    );
    assert_eq!(
        of(env, "compose.yaml"),
        format!(
            "{}\n    secrets:\n      - smtp_password\n\nsecrets:\n  smtp_password:\n    environment: SMTP_PASSWORD\n",
            compose.trim_end()
        )
    );
    let plain = "security/plaintext-secret";
    assert_eq!(
        of(plain, "secrets/alertmanager_routing_key"),
        "0123456789abcdef"
    );
    assert!(of(plain, "compose.yaml").ends_with(
        "secrets:\n  alertmanager_routing_key:\n    file: ./secrets/alertmanager_routing_key\n"
    ));
    assert!(
        of(plain, "alertmanager.yml")
            .contains("routing_key_file: /run/secrets/alertmanager_routing_key\n")
    );
}
