//! `docs/seed-systems.md`: every row of the five systems, each held to what it claims.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::repository;
use crate::shared::shared;

const SYSTEMS: [&str; 5] = ["gatewayz", "trinity", "gplus", "alfred", "gunicorn"];

/// A row of the page.
struct Row {
    system: String,
    described: String,
    marks: Vec<String>,
    profile: String,
    bundle: String,
}

/// Cells of a table row; `\|` is no border.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner
        .replace(r"\|", "\u{1}")
        .split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"))
        .collect()
}

/// What stands in backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(repository().join("docs/seed-systems.md")).unwrap();
    let mut system = String::new();
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            system = heading.to_owned();
        }
        if system.is_empty() || !line.starts_with("| ") || line.starts_with("| described") {
            continue;
        }
        let cells = cells(line);
        let [described, marks, profile, bundle] = cells.as_slice() else {
            panic!("{line}: {} cells", cells.len());
        };
        rows.push(Row {
            system: system.clone(),
            described: described.clone(),
            marks: marks.split(' ').map(ToOwned::to_owned).collect(),
            profile: profile.clone(),
            bundle: bundle.clone(),
        });
    }
    rows
}

/// The profile itself and each of its overlays: where a field can stand.
fn layers(system: &str) -> Vec<Value> {
    let path = repository().join(format!("profiles/{system}.yaml"));
    let profile: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let overlays = profile["environments"].as_object().cloned().unwrap();
    std::iter::once(profile)
        .chain(overlays.into_values())
        .collect()
}

/// Whether a `field.of.the.profile: value` is in one of the layers; any value where none is given.
fn is_written(layers: &[Value], claim: &str) -> bool {
    let (route, value) = match claim.split_once(": ") {
        Some((route, value)) => (route, Some(value)),
        None => (claim, None),
    };
    layers.iter().any(|layer| {
        let mut found = Some(layer);
        for key in route.split('.') {
            found = found.and_then(|found| found.get(key));
        }
        let Some(found) = found else { return false };
        value.is_none_or(|value| {
            found
                .as_str()
                .map_or_else(|| found.to_string(), ToOwned::to_owned)
                == value
        })
    })
}

/// Every file that a cell names below the system's examples, with the texts behind it.
fn claims<'c>(examples: &Path, cell: &'c str) -> BTreeMap<&'c str, Vec<&'c str>> {
    let mut claims: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut file = None;
    for text in code(cell) {
        if text.contains('/') && examples.join(text).is_file() {
            file = Some(text);
            claims.entry(text).or_default();
        } else if let Some(file) = file {
            claims.entry(file).or_default().push(text);
        }
    }
    claims
}

/// Without white space, because JSON is indented in the files and not on the page.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The part of a cell that names files; what follows the first full stop outside of backticks is prose.
fn evidence(cell: &str) -> &str {
    let mut is_code = false;
    for (at, char) in cell.char_indices() {
        match char {
            '`' => is_code = !is_code,
            '.' if !is_code => return &cell[..at],
            _ => {}
        }
    }
    cell
}

/// Every file below a directory, one after the other.
fn texts_below(directory: &Path) -> String {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .map(|entry| entry.expect("a directory that can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| fs::read_to_string(entry.path()).expect("a text"))
        .collect()
}

#[test]
fn every_claim_about_the_five_systems_holds() {
    let codes = texts_below(&repository().join("src/model"));
    let mut problems = Vec::new();
    let mut held = 0;
    for row in rows() {
        let place = format!("{}, {}", row.system, row.described);
        let examples = repository().join("examples").join(&row.system);
        let layers = layers(&row.system);
        for claim in code(&row.profile) {
            held += 1;
            if !is_written(&layers, claim) {
                problems.push(format!("{place}: no layer of the profile has `{claim}`"));
            }
        }
        let evidence = evidence(&row.bundle);
        let claims = claims(&examples, evidence);
        for (file, texts) in &claims {
            let content = fs::read_to_string(examples.join(file)).unwrap();
            for text in texts {
                held += 1;
                if !squeezed(&content).contains(&squeezed(text)) {
                    problems.push(format!("{place}: `{file}` has no `{text}`"));
                }
            }
        }
        let is_proven = claims.values().any(|texts| !texts.is_empty());
        let is_marked = |mark: &str| row.marks.iter().any(|own| own == mark);
        if is_marked("✓") && (!is_proven || code(&row.profile).is_empty()) {
            problems.push(format!("{place}: ticked off without a field and a file"));
        }
        // A file that does not exist would be taken for prose.
        if let Some(stray) = code(evidence).first()
            && claims.is_empty()
            && is_marked("✓")
        {
            problems.push(format!("{place}: there is no file `{stray}`"));
        }
        if is_marked("X") || is_marked("D") || is_marked("L") {
            let sentence = row.bundle.replace(|char: char| !char.is_alphabetic(), "");
            if sentence.chars().count() < 20 {
                problems.push(format!("{place}: nothing is said about it"));
            }
        }
        for name in code(&row.bundle) {
            if name.starts_with("profile/") && !codes.contains(&format!("\"{name}\"")) {
                problems.push(format!("{place}: nothing says `{name}`"));
            }
            let is_lint = name.split_once('/').is_some_and(|(area, name)| {
                let is_area =
                    !area.is_empty() && repository().join("docs/lints").join(area).is_dir();
                is_area && !name.contains(['/', '.'])
            });
            if is_lint && !repository().join(format!("docs/lints/{name}.md")).is_file() {
                problems.push(format!("{place}: there is no lint `{name}`"));
            }
        }
        for mark in &row.marks {
            if !["✓", "D", "X", "L"].contains(&mark.as_str()) {
                problems.push(format!("{place}: `{mark}` is no mark"));
            }
        }
    }
    assert!(held > 300, "{held}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_row_of_the_five_systems_is_forgotten() {
    let rows = rows();
    for system in SYSTEMS {
        assert!(rows.iter().any(|row| row.system == system), "{system}");
    }
    let Some(design) = shared("design/seed-systems.md") else {
        return;
    };
    let design = fs::read_to_string(design).unwrap();
    let mut missing = Vec::new();
    let mut number = 0;
    let mut system = None;
    for line in design.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            let mut numbered = (1..).zip(SYSTEMS);
            let found = numbered.find(|(number, _)| heading.starts_with(&format!("1.{number} ")));
            system = found.map(|(_, system)| system);
        } else if line.starts_with("## ") {
            system = None;
        }
        let Some(system) = system else { continue };
        if !line.starts_with("| ") || line.starts_with("| described") {
            continue;
        }
        number += 1;
        let cells = cells(line);
        let mut own = rows.iter().filter(|row| row.system == system);
        let Some(row) = own.find(|row| row.described == cells[0]) else {
            missing.push(format!("{system}: `{}` is not there", cells[0]));
            continue;
        };
        // What the design wants generated is ticked off.
        let verdict = cells.last().unwrap();
        let is_generated = verdict.starts_with('G')
            || ["; G", "observation G", "alert G", "probe G"]
                .iter()
                .any(|it| verdict.contains(it));
        let is_done = row.marks.iter().any(|mark| mark == "✓");
        if is_generated && !is_done {
            missing.push(format!("`{}` ({verdict}) is not ticked off", cells[0]));
        }
    }
    assert_eq!(number, rows.len());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
