//! `docs/agreement.md`: how far the native validators agree with upstream.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Case, cases, compose, errors, expect_committed, targets, verdict};
use stackwright::catalogue::Version;
use stackwright::diagnostic::Level;

/// Verdicts of released tools that rest on something else than the format, with what that is.
fn known_difference(case: &str, version: &str) -> Option<&'static str> {
    match (case, version) {
        (
            "prometheus-config/kubernetes_empty_apiserver.good.yml"
            | "prometheus-config/kubernetes_selectors_endpoints.good.yml"
            | "prometheus-config/kubernetes_selectors_node.good.yml"
            | "prometheus-config/kubernetes_selectors_service.good.yml",
            "2.42.0",
        ) => Some("Debian builds this promtool without the Kubernetes service discovery"),
        ("prometheus-config/scrape_config_files_global_duplicate.bad.yml", "3.5.3") => Some(
            "the file that is listed twice is not among the inputs, so promtool found nothing twice",
        ),
        ("prometheus-config/scrape_config_files_duplicate.bad.yml", "upstream") => {
            Some("the file that holds the second job of the name is not among the inputs")
        }
        _ => None,
    }
}

#[derive(Default)]
struct Tally {
    asked: usize,
    agreed: usize,
}

#[test]
fn agreement_with_upstream_is_written_down() {
    let cases = cases();
    if cases.is_empty() {
        return;
    }
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    let mut differences = Vec::new();
    let mut verdicts = String::new();
    for case in &cases {
        let (folder, file) = case.name.split_once('/').expect("a folder");
        let newest = errors(&case.path, case.format, case.format.newest());
        for (version, expected) in questions(case) {
            let found = if version == "upstream" {
                verdict(&newest)
            } else {
                let version: Version = version.parse().expect("a version");
                verdict(&errors(&case.path, case.format, version))
            };
            let tally = tallies
                .entry((folder.to_owned(), version.clone()))
                .or_default();
            tally.asked += 1;
            if found == expected {
                tally.agreed += 1;
            } else {
                let why = known_difference(&case.name, &version).unwrap_or("unexplained");
                differences.push(format!(
                    "| `{file}` | {version} | {expected} | {found} | {why} |"
                ));
            }
        }
        let (place, message) = newest.first().map_or_else(
            || (String::new(), String::new()),
            |error| (super::place(error), error.message.replace('|', "\\|")),
        );
        let expected = case.expect.as_deref().unwrap_or("not said");
        let ours = verdict(&newest);
        writeln!(
            verdicts,
            "| `{file}` | {expected} | {ours} | {place} | {message} |"
        )
        .unwrap();
    }
    for project in compose::projects() {
        for ((_, tool, version), expected) in compose::GENERATIONS.iter().zip(&project.verdicts) {
            let found = verdict(&project.errors(*version));
            let judge = format!("docker-compose {tool}");
            let tally = tallies
                .entry(("compose".to_owned(), judge.clone()))
                .or_default();
            tally.asked += 1;
            if found == expected {
                tally.agreed += 1;
            } else {
                let why = compose::known_difference(&project.name, tool).unwrap_or("unexplained");
                let name = &project.name;
                differences.push(format!(
                    "| `{name}` | {judge} | {expected} | {found} | {why} |"
                ));
            }
        }
    }
    for (extension, _, inputs) in targets::inputs() {
        for input in inputs {
            let (_, text) = &input.files[0];
            for ((tool, version), expected) in targets::GENERATIONS.iter().zip(&input.verdicts) {
                let mut found = targets::found(extension, text, *version);
                found.retain(|one| one.level == Level::Error);
                let tally = tallies
                    .entry(("targets".to_owned(), (*tool).to_owned()))
                    .or_default();
                tally.asked += 1;
                if verdict(&found) == expected {
                    tally.agreed += 1;
                } else {
                    differences.push(format!(
                        "| `{}` | {tool} | {expected} | unexplained |",
                        input.name
                    ));
                }
            }
        }
    }
    let mut page = String::from(
        "# Agreement with upstream\n\n\
         The native validators against the upstream projects' own test inputs, by verdict, reason and position; for \
         Compose and files of targets against two generations of docker-compose and promtool, on inputs of our own \
         (`tests/formats/*/*.cases`, what we say to each is in `messages.txt` beside them). Debian builds its docker-compose 2.26.1 with the library of 2.33, \
         and it is compared as that.\n\
         On inputs that are made by chance (expressions from the grammar, every field of the tools' structs in every block, slips in \
         real files) `tests/it/differential` compares every verdict with promtool's and amtool's; what is said differently stands \
         there as an exception with its reason. `STACKWRIGHT_SEED` asks for other inputs, `STACKWRIGHT_CASES` for more.\n\
         Written by `UPDATE_EXPECTED=1 cargo test --test it formats`.\n\n\
         | inputs | judged by | agree | of |\n|---|---|---|---|\n",
    );
    for ((folder, version), tally) in &tallies {
        writeln!(
            page,
            "| {folder} | {version} | {} | {} |",
            tally.agreed, tally.asked
        )
        .unwrap();
    }
    page.push_str(
        "\n## Differences\n\n| input | judged by | verdict | ours | why |\n|---|---|---|---|---|\n",
    );
    for difference in &differences {
        assert!(!difference.contains("unexplained"), "{difference}");
        writeln!(page, "{difference}").unwrap();
    }
    page.push_str(
        "\n## Every input\n\nFor the newest version; the first error of each.\n\n\
         | input | upstream | ours | place | what we say |\n|---|---|---|---|---|\n",
    );
    page.push_str(&verdicts);
    expect_committed("docs/agreement.md", &page);
}

/// Who judged a case, and how.
fn questions(case: &Case) -> impl Iterator<Item = (String, String)> {
    let upstream = case
        .expect
        .iter()
        .map(|expected| ("upstream".to_owned(), expected.clone()));
    upstream.chain(case.tools.clone())
}
