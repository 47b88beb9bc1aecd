use crate::diagnostic::Diagnostic;

/// A diagnostic, and the others that say the same of the same file elsewhere.
#[derive(Debug)]
pub struct Folded<'d> {
    /// The first of them.
    pub diagnostic: &'d Diagnostic,
    /// The lines of the others, sorted.
    pub more: Vec<usize>,
}

/// Puts together what says the same of one file; the order of the first ones stays.
pub fn folded(diagnostics: &[Diagnostic]) -> Vec<Folded<'_>> {
    let mut all: indexmap::IndexMap<_, Folded<'_>> = indexmap::IndexMap::new();
    for diagnostic in diagnostics {
        let location = diagnostic.location.as_ref();
        let key = (
            location.map(|location| location.file.path()),
            diagnostic.id.as_str(),
            diagnostic.level,
            diagnostic.message.as_str(),
        );
        match all.entry(key) {
            indexmap::map::Entry::Vacant(entry) => {
                entry.insert(Folded {
                    diagnostic,
                    more: Vec::new(),
                });
            }
            indexmap::map::Entry::Occupied(mut entry) => {
                let line =
                    location.map(|location| location.file.position(location.span.start()).line);
                entry.get_mut().more.extend(line);
            }
        }
    }
    all.into_values().collect()
}
