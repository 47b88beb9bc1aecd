//! Words of messages: names that were meant, lists, versions.

use crate::catalogue::Version;

/// Less likeness than this is none, but for one slip in a short word: `fro`.
pub(super) const ALIKE: f64 = 0.65;
/// The same where names that nobody here knows are to be expected.
pub(super) const MUCH_ALIKE: f64 = 0.83;

/// The name most like `text`, if any is like it at all.
pub(super) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    alike(text, names, ALIKE)
}

/// The name most like `text` among those that are at least so like it: [`ALIKE`] or [`MUCH_ALIKE`].
pub(super) fn alike<'a>(
    text: &str,
    names: impl Iterator<Item = &'a str>,
    least: f64,
) -> Option<&'a str> {
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(text, name), name))
        .filter(|(likeness, _)| *likeness >= least)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, name)| name)
}

/// `3.5` as people say it; the patch only where it is not 0.
pub fn short(version: Version) -> String {
    match version.patch {
        0 => format!("{}.{}", version.major, version.minor),
        patch => format!("{}.{}.{patch}", version.major, version.minor),
    }
}

/// `a, b or c`.
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [] => "nothing".into(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}
