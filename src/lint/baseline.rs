//! Findings that a project knows and has not mended yet, so that only new ones fail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fingerprint::fingerprint;
use crate::diagnostic::Diagnostic;

/// Known findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<Key, Known>,
}

/// What findings have in common that the baseline does not tell apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    file: String,
    lint: String,
    fingerprint: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    count: usize,
    message: String,
}

/// How a baseline is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// As seen from the baseline, with `/`.
    file: String,
    lint: String,
    fingerprint: String,
    /// How many findings are alike.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: usize,
    /// For people: which finding this is.
    message: String,
}

const fn one() -> usize {
    1
}

const fn is_one(count: &usize) -> bool {
    *count == 1
}

/// What a baseline makes of findings.
#[derive(Debug, Default)]
pub struct Compared {
    /// Those that are not in it.
    pub new: Vec<Diagnostic>,
    /// How many are in it.
    pub known: usize,
    /// How many of it were not found, of those that were looked for.
    pub gone: usize,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// Why the text is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if written.version != 1 {
            return Err(format!("its version is {}, expected 1", written.version));
        }
        let mut baseline = Self::default();
        for entry in written.findings {
            let key = Key {
                file: entry.file,
                lint: entry.lint,
                fingerprint: entry.fingerprint,
            };
            baseline.add(key, &entry.message, entry.count);
        }
        Ok(baseline)
    }

    /// All of `findings`; `path` says how the baseline calls a finding's file.
    pub fn of(findings: &[Diagnostic], path: impl Fn(&Diagnostic) -> String) -> Self {
        let mut baseline = Self::default();
        for finding in findings {
            baseline.add(key(finding, path(finding)), &finding.message, 1);
        }
        baseline
    }

    fn add(&mut self, key: Key, message: &str, count: usize) {
        let known = self.known.entry(key).or_insert_with(|| Known {
            count: 0,
            message: message.to_owned(),
        });
        known.count += count;
    }

    /// Its text; sorted, so that a change of it can be reviewed.
    pub fn text(&self) -> String {
        let findings = self.known.iter().map(|(key, known)| Entry {
            file: key.file.clone(),
            lint: key.lint.clone(),
            fingerprint: key.fingerprint.clone(),
            count: known.count,
            message: known.message.clone(),
        });
        let written = Written {
            version: 1,
            findings: findings.collect(),
        };
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        text
    }

    /// How many findings it holds.
    pub fn len(&self) -> usize {
        self.known.values().map(|known| known.count).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Tells new findings from known ones. Of findings that are alike the first ones are the known ones. `is_looked_at` says
    /// of a file and a lint whether findings of it would be among these.
    pub fn compare(
        &self,
        findings: Vec<Diagnostic>,
        path: impl Fn(&Diagnostic) -> String,
        is_looked_at: impl Fn(&str, &str) -> bool,
    ) -> Compared {
        let mut left: BTreeMap<&Key, usize> = self
            .known
            .iter()
            .filter(|(key, _)| is_looked_at(&key.file, &key.lint))
            .map(|(key, known)| (key, known.count))
            .collect();
        let mut compared = Compared::default();
        for finding in findings {
            match left.get_mut(&key(&finding, path(&finding))) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    compared.known += 1;
                }
                _ => compared.new.push(finding),
            }
        }
        compared.gone = left.values().sum();
        compared
    }

    /// The same without what was not found any more, which `found` tells.
    #[must_use]
    pub fn pruned(&self, found: &Self, is_looked_at: impl Fn(&str, &str) -> bool) -> Self {
        let mut pruned = self.clone();
        pruned.known.retain(|key, known| {
            if is_looked_at(&key.file, &key.lint) {
                let found = found.known.get(key).map_or(0, |found| found.count);
                known.count = known.count.min(found);
            }
            known.count > 0
        });
        pruned
    }

    /// `found` instead of what was looked at; the rest stays.
    #[must_use]
    pub fn replaced(&self, found: Self, is_looked_at: impl Fn(&str, &str) -> bool) -> Self {
        let mut replaced = found;
        for (key, known) in &self.known {
            if !is_looked_at(&key.file, &key.lint) {
                replaced.known.insert(key.clone(), known.clone());
            }
        }
        replaced
    }
}

fn key(finding: &Diagnostic, file: String) -> Key {
    Key {
        fingerprint: fingerprint(finding, &file),
        lint: finding.id.clone(),
        file,
    }
}
