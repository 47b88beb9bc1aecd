//! Applying fixes in rounds: in each one, as many as do not want the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Changes, Edits, Paths};
use super::proof::{Before, Defect, prove};
use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Fix, Safety};
use crate::facts::Facts;
use crate::facts::given::Given;
use crate::lint::{Policy, Selection, judge, lint};
use crate::setup::Setup;

/// Fixes that are still found after so many rounds make room for each other for ever.
const MOST_ROUNDS: usize = 50;

/// Which fixes are wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Of which lints.
    pub selection: Selection,
    /// Up to which safety.
    pub safety: Safety,
    /// What is told at all: what is suppressed is not mended.
    pub policy: Policy,
    /// What is known of the setup beyond its files.
    pub given: Given,
}

impl Wish {
    /// Whether the fix of a finding is wanted.
    pub fn wants<'d>(&self, finding: &'d Diagnostic) -> Option<&'d Fix> {
        Self::fix(finding).filter(|fix| fix.safety <= self.safety && self.selects(finding))
    }

    /// Whether the lint of a finding is one of those that are wanted.
    pub fn selects(&self, finding: &Diagnostic) -> bool {
        lint(&finding.id).is_some_and(|lint| self.selection.includes(lint))
    }

    /// The fix of a finding, where it can be made and is not only described.
    pub fn fix(finding: &Diagnostic) -> Option<&Fix> {
        finding.fix.as_ref().filter(|fix| !fix.edits.is_empty())
    }
}

/// A fix that was applied; the places are those before its round.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What it mends.
    pub finding: Diagnostic,
    /// What it does.
    pub fix: Fix,
}

/// A fix that was not applied.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What it would have mended.
    pub finding: Diagnostic,
    /// Why it is not applied.
    pub defect: Defect,
}

/// What came of it.
#[derive(Debug)]
pub struct Mended {
    /// The setup as it would be.
    pub setup: Setup,
    /// What differs.
    pub changes: Changes,
    /// What was done, in the order of doing.
    pub applied: Vec<Applied>,
    /// What a lint offers and the proof refuses.
    pub refused: Vec<Refused>,
    /// What all lints say of [`Self::setup`].
    pub findings: Vec<Diagnostic>,
}

/// A fix that could be made in this round.
struct Candidate {
    /// Index of its finding.
    finding: usize,
    edits: Edits,
}

/// Applies the fixes that are wanted, round by round, until none is left that stands the proof. Doing it again changes nothing.
pub fn mend(setup: &Setup, catalogue: &Catalogue, wish: &Wish) -> Mended {
    let look = |setup: &Setup| {
        judge(&Facts::knowing(setup, catalogue, &wish.given), &wish.policy).findings
    };
    let mut texts: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut applied = Vec::new();
    let mut refused: Vec<Refused> = Vec::new();
    let mut now = setup.with(&texts);
    let mut findings = look(&now);
    // What was refused in this state is tried again only when nothing else is left to do.
    let mut avoided: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let mut round = Round {
            before: Before {
                setup: &now,
                findings: &findings,
            },
            look: &look,
            refused: Vec::new(),
        };
        let candidates = round.candidates(wish, &avoided);
        let outcome = round.apply(&candidates);
        let newly_refused = round.refused;
        let is_retry = avoided.is_empty();
        avoided.extend(
            newly_refused
                .iter()
                .map(|(finding, _)| key(&findings[*finding])),
        );
        match outcome {
            Some(outcome) => {
                applied.extend(outcome.fixed.iter().filter_map(|index| {
                    let finding = findings[*index].clone();
                    let fix = finding.fix.clone()?;
                    Some(Applied { finding, fix })
                }));
                texts.extend(outcome.texts);
                now = outcome.setup;
                findings = outcome.findings;
            }
            None if is_retry => {
                refused = newly_refused
                    .into_iter()
                    .map(|(finding, defect)| Refused {
                        finding: findings[finding].clone(),
                        defect,
                    })
                    .collect();
                break;
            }
            None => avoided.clear(),
        }
    }
    let changes = Changes::between(setup, &texts, texts.keys().map(String::as_str));
    Mended {
        setup: now,
        changes,
        applied,
        refused,
        findings,
    }
}

/// The same finding in two rounds.
fn key(finding: &Diagnostic) -> String {
    let file = finding
        .location
        .as_ref()
        .map_or_else(String::new, |location| {
            location.file.path().display().to_string()
        });
    format!("{}\n{file}\n{}", finding.id, finding.message)
}

/// What a round came to.
struct Outcome {
    fixed: Vec<usize>,
    texts: BTreeMap<String, Option<String>>,
    setup: Setup,
    findings: Vec<Diagnostic>,
}

struct Round<'r, L> {
    before: Before<'r>,
    look: &'r L,
    /// Findings by index, and what is wrong with their fixes.
    refused: Vec<(usize, Defect)>,
}

impl<L: Fn(&Setup) -> Vec<Diagnostic>> Round<'_, L> {
    /// The fixes that are wanted and want different bytes, in the order of the findings.
    fn candidates(&mut self, wish: &Wish, avoided: &BTreeSet<String>) -> Vec<Candidate> {
        let paths = Paths::of_setup(self.before.setup);
        let mut taken = Edits::default();
        let mut candidates = Vec::new();
        for (index, finding) in self.before.findings.iter().enumerate() {
            let Some(fix) = wish.wants(finding) else {
                continue;
            };
            if avoided.contains(&key(finding)) {
                continue;
            }
            let edits = match Edits::of(fix, &paths) {
                Ok(edits) => edits,
                Err(why) => {
                    self.refused.push((index, Defect::Edits(why)));
                    continue;
                }
            };
            if edits.paths().any(|path| self.is_broken(path)) {
                continue;
            }
            if let Some(path) = edits
                .created()
                .find(|path| self.before.setup.listing().exists(path))
            {
                let why = format!("`{path}` exists already");
                self.refused.push((index, Defect::Edits(why)));
                continue;
            }
            if taken.join(&edits) {
                candidates.push(Candidate {
                    finding: index,
                    edits,
                });
            }
        }
        candidates
    }

    /// Whether a file cannot be read as it is: then it is not touched.
    fn is_broken(&self, path: &str) -> bool {
        self.before
            .setup
            .at(path)
            .any(|document| document.syntax_error.is_some())
    }

    /// Applies all candidates if that stands the proof, else those of them that do.
    fn apply(&mut self, candidates: &[Candidate]) -> Option<Outcome> {
        let all: Vec<&Candidate> = candidates.iter().collect();
        match self.attempt(&all) {
            Ok(outcome) => return outcome,
            Err(defect) => {
                if let [only] = all[..] {
                    self.refused.push((only.finding, defect));
                    return None;
                }
            }
        }
        let half = all.len() / 2;
        let mut sound = self.sound(&all[..half]);
        sound.extend(self.sound(&all[half..]));
        // What is sound alone may not be so together; then the next rounds take the rest.
        while !sound.is_empty() {
            if let Ok(outcome) = self.attempt(&sound) {
                return outcome;
            }
            if let [only] = sound[..] {
                self.refused.push((only.finding, Defect::Disputed));
                return None;
            }
            sound.truncate(sound.len() / 2);
        }
        None
    }

    /// Those of the candidates that stand the proof, found by halving.
    fn sound<'c>(&mut self, candidates: &[&'c Candidate]) -> Vec<&'c Candidate> {
        match self.attempt(candidates) {
            Ok(_) => candidates.to_vec(),
            Err(defect) => {
                if let [only] = candidates {
                    self.refused.push((only.finding, defect));
                    return Vec::new();
                }
                let (first, second) = candidates.split_at(candidates.len() / 2);
                let mut sound = self.sound(first);
                sound.extend(self.sound(second));
                sound
            }
        }
    }

    /// The setup with these fixes; `None` where there are none.
    fn attempt(&self, candidates: &[&Candidate]) -> Result<Option<Outcome>, Defect> {
        if candidates.is_empty() {
            return Ok(None);
        }
        let mut edits = Edits::default();
        for candidate in candidates {
            edits.join(&candidate.edits);
        }
        let fixed: Vec<usize> = candidates
            .iter()
            .map(|candidate| candidate.finding)
            .collect();
        let texts = edits.applied(self.before.setup);
        let setup = self.before.setup.with(&texts);
        let findings = prove(&self.before, &edits, &fixed, &setup, self.look)?;
        Ok(Some(Outcome {
            fixed,
            texts,
            setup,
            findings,
        }))
    }
}
