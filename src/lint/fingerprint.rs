use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::diagnostic::Diagnostic;

/// What stays the same of a finding while lines move and messages are reworded: the lint, the file, the text that it points at,
/// and the names that its message gives. 32 hexadecimal digits; equal for findings that nothing else tells apart.
///
/// `path` is the finding's file, as seen from a place that stays the same.
pub fn fingerprint(finding: &Diagnostic, path: &str) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text);
        hash.update([0]);
    };
    add("stackwright/1");
    add(&finding.id);
    add(path);
    let meant = meant(finding);
    for word in meant.split_whitespace() {
        add(word);
    }
    add("");
    // What stands in backticks is the reader's; the words around it are ours and may become better ones.
    for name in finding.message.split('`').skip(1).step_by(2) {
        add(name);
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

/// The text that a finding points at; the line, where it points between two characters. Nothing where it may be a secret: a hash of
/// a short one can be turned back.
fn meant(finding: &Diagnostic) -> &str {
    let Some(location) = &finding.location else {
        return "";
    };
    if finding.id.starts_with("security/") {
        return "";
    }
    let span = match location.span.is_empty() {
        false => location.span,
        true => {
            let line = location.file.position(location.span.start()).line;
            location.file.line_span(line)
        }
    };
    let text = location.file.text();
    text.get(span.start()..span.end()).unwrap_or_default()
}

/// Fingerprints of all findings, each with its number among those that are alike, from 1: `0123…:2`. So no two are the same.
pub fn fingerprints(findings: &[Diagnostic]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let location = finding.location.as_ref();
            let path = location.map_or_else(String::new, |location| {
                location.file.path().to_string_lossy().replace('\\', "/")
            });
            let fingerprint = fingerprint(finding, &path);
            let count = seen.entry(fingerprint.clone()).or_default();
            *count += 1;
            format!("{fingerprint}:{count}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{SourceFile, Span};

    fn finding(text: &str, meant: &str, message: &str) -> Diagnostic {
        let file = Arc::new(SourceFile::new("a.yml", text));
        let start = text.find(meant).expect("a place");
        Diagnostic::error("a/b", message).at(&file, Span::new(start, start + meant.len()))
    }

    #[test]
    fn a_fingerprint_survives_what_does_not_matter() {
        let of = |text, meant, message| fingerprint(&finding(text, meant, message), "a.yml");
        let first = of("expr: up == 0", "up == 0", "alert `Down` reads `up`");
        assert_eq!(
            first,
            of(
                "# new\n\nexpr: up ==\n  0",
                "up ==\n  0",
                "`Down`: `up` is read"
            )
        );
        assert_ne!(
            first,
            of("expr: up == 1", "up == 1", "alert `Down` reads `up`")
        );
        assert_ne!(
            first,
            of("expr: up == 0", "up == 0", "alert `Gone` reads `up`")
        );
        let one = finding("expr: up == 0", "up == 0", "alert `Down` reads `up`");
        assert_ne!(first, fingerprint(&one, "b.yml"));
        let secret = |text| {
            let mut finding = finding(text, text, "`password` holds a secret");
            finding.id = "security/plaintext-secret".into();
            fingerprint(&finding, "a.yml")
        };
        assert_eq!(secret("hunter2"), secret("correct horse"));
        let all = fingerprints(&[one.clone(), one]);
        assert_ne!(all[0], all[1]);
        assert_eq!(all[0].split(':').next(), all[1].split(':').next());
    }
}
