//! Which metric somebody may have meant.

use super::Catalogue;
use super::exporter::Exporter;
use super::metric::MetricType;

/// A name to use instead of an unknown one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The right name.
    pub name: String,
    /// Expression to use where a mere rename gives something else.
    pub expr: Option<String>,
    /// What to beware of.
    pub note: Option<String>,
    /// Whether this is known (a removed metric, a misnomer) and not only a similar spelling.
    pub is_known: bool,
}

/// Less likeness than this is none. 1 is equal, 0 has nothing in common.
const ALIKE: f64 = 0.75;
/// More guesses than this help nobody.
const GUESSES: usize = 3;

/// The one of `known` that somebody who wrote `name` probably meant: few slips away for its length.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter();
    known
        .map(|candidate| (strsim::damerau_levenshtein(candidate, name), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

impl Catalogue {
    /// Best first; empty when nothing is like it. `name` is under the default namespace.
    pub fn closest(&self, name: &str) -> Vec<Suggestion> {
        self.exporters()
            .find_map(|exporter| exporter.known_replacements(name))
            .unwrap_or_else(|| self.similar(name))
    }

    fn similar(&self, name: &str) -> Vec<Suggestion> {
        let mut scored: Vec<(f64, String)> = self
            .exporters()
            .flat_map(|exporter| exporter.metrics.values())
            .filter_map(|metric| {
                let suffixes: &[&str] = match metric.kind {
                    MetricType::Histogram => &["_bucket", "_sum", "_count"],
                    MetricType::Summary => &["_sum", "_count"],
                    MetricType::Counter | MetricType::Gauge => &[],
                };
                let suffix = suffixes.iter().find(|suffix| name.ends_with(**suffix));
                let series = format!("{}{}", metric.name, suffix.copied().unwrap_or_default());
                let likeness = likeness(name, &series);
                (likeness >= ALIKE).then_some((likeness, series))
            })
            .collect();
        // Equal scores in the order of names, so that the answer does not depend on the files.
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        scored.dedup_by(|a, b| a.1 == b.1);
        scored
            .into_iter()
            .take(GUESSES)
            .map(|(_, name)| Suggestion {
                name,
                expr: None,
                note: None,
                is_known: false,
            })
            .collect()
    }
}

impl Exporter {
    /// What the tables of removed metrics and misnomers say about `name`.
    fn known_replacements(&self, name: &str) -> Option<Vec<Suggestion>> {
        let (names, expr, note) = match (self.removed(name), self.misnomer(name)) {
            (Some(removed), _) => (&removed.replaced_by, None, &removed.note),
            (None, Some(misnomer)) => (&misnomer.meant, misnomer.expr.as_ref(), &misnomer.note),
            (None, None) => return None,
        };
        let suggestions = names.iter().map(|name| Suggestion {
            name: name.clone(),
            expr: expr.cloned(),
            note: note.clone(),
            is_known: true,
        });
        Some(suggestions.collect())
    }
}

/// Letters or words in common, whichever says more: words find `memory_peak_used` for
/// `memory_used_peak`, letters find `redis_pu` for `redis_up`.
fn likeness(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b).max(shared_words(a, b))
}

/// Share of words that both names have, by Dice's coefficient.
fn shared_words(a: &str, b: &str) -> f64 {
    let mut rest: Vec<&str> = b.split('_').collect();
    let total = a.split('_').count() + rest.len();
    let mut shared = 0_u32;
    for word in a.split('_') {
        if let Some(at) = rest.iter().position(|other| *other == word) {
            rest.swap_remove(at);
            shared += 1;
        }
    }
    // Names have a handful of words: the conversion is exact.
    f64::from(2 * shared) / total as f64
}
