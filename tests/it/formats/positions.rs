//! A verdict for the wrong reason, or on the wrong line, is a defect.

use std::fmt::Write;

use super::{Format, cases, errors, expect_committed, place, verdict};
use stackwright::catalogue::Version;

/// Where upstream's verdict rests on a file that is not among its inputs.
const OTHER_FILE_ABSENT: [&str; 1] = ["prometheus-config/scrape_config_files_duplicate.bad.yml"];

#[test]
fn every_upstream_input_gets_the_upstream_verdict() {
    for case in cases() {
        let Some(expected) = &case.expect else {
            continue;
        };
        if OTHER_FILE_ABSENT.contains(&case.name.as_str()) {
            continue;
        }
        let found = errors(&case.path, case.format, case.format.newest());
        assert_eq!(
            verdict(&found),
            expected,
            "{}: upstream: {:?}, ours: {:?}",
            case.name,
            case.reason,
            found.iter().map(|error| &error.message).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_rejected_input_is_rejected_where_it_goes_wrong() {
    let cases = cases();
    if cases.is_empty() {
        return;
    }
    let mut table = String::new();
    for case in &cases {
        let found = errors(&case.path, case.format, case.format.newest());
        if found.is_empty() {
            continue;
        }
        writeln!(table, "{}", case.name).unwrap();
        for error in &found {
            writeln!(table, "  {}: {}", place(error), error.message).unwrap();
        }
    }
    expect_committed("tests/formats/positions.txt", &table);
}

#[test]
fn yaml_is_read_as_promtool_reads_it() {
    let Some(root) = crate::shared::shared("parity/yaml-quirks") else {
        return;
    };
    let verdicts = std::fs::read_to_string(root.join("verdicts.json")).expect("verdicts");
    let verdicts: serde_json::Value = serde_json::from_str(&verdicts).expect("JSON");
    let files = verdicts.as_object().expect("verdicts by file");
    assert_eq!(files.len(), 64);
    for (file, said) in files {
        let format = Format::Rules { legacy: false };
        let found = errors(&root.join(file), format, Version::new(3, 5, 3));
        assert_eq!(
            Some(verdict(&found)),
            said["promtool_check_rules_3.5.3"].as_str(),
            "{file}: promtool says {}, we say {:?}",
            said["message"],
            found.iter().map(|error| &error.message).collect::<Vec<_>>()
        );
    }
}
