use std::fmt::Write;

use indexmap::IndexMap;

use super::{Report, file, line, sentence};
use crate::diagnostic::Diagnostic;

/// The findings of one lint in one file.
type Case<'r> = Vec<&'r Diagnostic>;

impl Report<'_> {
    /// JUnit's XML: a test suite for each file that something was found in, a test case in it for each lint that found it. A case
    /// fails where the run does; what is below that is its output.
    pub fn junit(&self) -> String {
        let mut suites: IndexMap<String, IndexMap<&str, Case<'_>>> = IndexMap::new();
        for finding in self.findings {
            let cases = suites.entry(file(finding)).or_default();
            cases.entry(&finding.id).or_default().push(finding);
        }
        let fails = |case: &Case<'_>| case.iter().any(|finding| finding.level >= self.fails_from);
        let count =
            |cases: &IndexMap<&str, Case<'_>>| cases.values().filter(|case| fails(case)).count();
        let tests: usize = suites.values().map(IndexMap::len).sum();
        let failures: usize = suites.values().map(count).sum();
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // Programs that read this take a report without a test for a broken run.
        let _infallible = writeln!(
            xml,
            "<testsuites name=\"stackwright lint\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">",
            tests.max(1)
        );
        if suites.is_empty() {
            xml.push_str(
                "  <testsuite name=\"stackwright lint\" tests=\"1\" failures=\"0\" errors=\"0\">\n",
            );
            xml.push_str("    <testcase name=\"nothing found\" classname=\"stackwright\"/>\n  </testsuite>\n");
        }
        for (path, cases) in &suites {
            let path = attribute(path);
            let _infallible = writeln!(
                xml,
                "  <testsuite name=\"{path}\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
                cases.len(),
                count(cases)
            );
            for (lint, case) in cases {
                let first = case.first().map_or(1, |finding| line(finding));
                let _infallible = writeln!(
                    xml,
                    "    <testcase name=\"{}\" classname=\"{path}\" file=\"{path}\" line=\"{first}\">",
                    attribute(lint)
                );
                xml.push_str(&outcome(case, fails(case)));
                xml.push_str("    </testcase>\n");
            }
            xml.push_str("  </testsuite>\n");
        }
        xml.push_str("</testsuites>\n");
        xml
    }
}

fn outcome(case: &Case<'_>, fails: bool) -> String {
    let told: Vec<String> = case
        .iter()
        .map(|finding| {
            format!(
                "{}:{}: {}: {}",
                file(finding),
                line(finding),
                finding.level.as_str(),
                sentence(finding)
            )
        })
        .collect();
    let told = text(&told.join("\n"));
    if !fails {
        return format!("      <system-out>{told}</system-out>\n");
    }
    // Of several findings the worst, and of those the first.
    let worst = case.iter().rev().max_by_key(|finding| finding.level);
    let message = worst.map_or_else(String::new, |finding| match case.len() {
        1 => finding.message.clone(),
        count => format!("{} (and {} more)", finding.message, count - 1),
    });
    let level = worst.map_or("", |finding| finding.level.as_str());
    format!(
        "      <failure type=\"{level}\" message=\"{}\">{told}</failure>\n",
        attribute(&message)
    )
}

fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\t' => escaped.push(char),
            // XML has no way to write these at all.
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}')
            }
            char => escaped.push(char),
        }
    }
    escaped
}

fn attribute(value: &str) -> String {
    text(value)
        .replace('"', "&quot;")
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}
