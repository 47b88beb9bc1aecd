//! How a lint says what it finds.

use super::Lint;
use super::options::Options;
use super::policy::Policy;
use super::suppress::{Applied, Suppressing};
use crate::diagnostic::{Diagnostic, Edit, Fix, Level, Location, Safety};
use crate::facts::text::placeholder;
use crate::setup::{Document, Place, Setup};
use crate::source::Span;

/// What one lint has found so far.
#[derive(Debug)]
pub struct Findings<'f> {
    lint: &'f Lint,
    setup: &'f Setup,
    circumstances: Circumstances<'f>,
    found: Vec<Diagnostic>,
}

/// What a lint may look at besides the facts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'f> {
    pub policy: &'f Policy,
    pub suppressing: &'f Suppressing<'f>,
    /// What all lints found but those of the area `config`.
    pub of_others: &'f [Diagnostic],
}

impl<'f> Findings<'f> {
    pub(super) const fn new(
        lint: &'f Lint,
        setup: &'f Setup,
        circumstances: Circumstances<'f>,
    ) -> Self {
        Self {
            lint,
            setup,
            circumstances,
            found: Vec::new(),
        }
    }

    /// What is wanted of the lints.
    pub const fn policy(&self) -> &'f Policy {
        self.circumstances.policy
    }

    /// What the project says to the lint.
    pub const fn options(&self) -> &'f Options {
        &self.circumstances.policy.options
    }

    /// Every suppression, for lints of the area `config`.
    pub(super) fn suppressing(&self) -> impl Iterator<Item = &'f Applied<'f>> + use<'f> {
        self.circumstances.suppressing.iter()
    }

    /// What other lints found, for lints of the area `config`.
    pub(super) const fn of_others(&self) -> &'f [Diagnostic] {
        self.circumstances.of_others
    }

    /// Something is wrong at `place`: one line that can stand alone, the value in backticks, present tense.
    pub fn report(&mut self, place: Place, message: impl Into<String>) -> Finding<'_, 'f> {
        self.report_at(&self.setup.location(place), message)
    }

    /// Something is wrong at a place of a text that need not be the setup's.
    pub fn report_at(
        &mut self,
        location: &Location,
        message: impl Into<String>,
    ) -> Finding<'_, 'f> {
        let diagnostic = Diagnostic::new(self.lint.level, self.lint.id, message)
            .at(&location.file, location.span);
        self.push(diagnostic)
    }

    /// What a validator of [`crate::check::formats`] said of the text of `document`, under the id of this lint.
    /// Nothing is said of a value that something else fills in first.
    pub fn adopt(&mut self, document: &Document, said: Diagnostic) {
        let meant = said.location.as_ref().and_then(|location| {
            let span = location.span;
            document.text.text().get(span.start()..span.end())
        });
        if meant.is_some_and(|text| !text.contains('\n') && placeholder(text).is_some()) {
            return;
        }
        let moved = |span: Span| document.location(span);
        let mut diagnostic =
            Diagnostic::new(said.level, self.lint.id, said.message).label(said.label);
        diagnostic.help = said.help;
        diagnostic.fix = said.fix.map(|mut fix| {
            for edit in &mut fix.edits {
                let span = edit.location.span;
                let old = document.text.text().get(span.start()..span.end());
                // What stands in quotes stays in quotes, without which it is nothing in JSON.
                if old.is_some_and(|old| old.starts_with('"')) && !edit.text.starts_with('"') {
                    edit.text = format!("\"{}\"", edit.text);
                }
                edit.location = moved(edit.location.span);
            }
            fix
        });
        diagnostic.location = said.location.map(|location| moved(location.span));
        for related in said.related {
            let location = moved(related.location.span);
            diagnostic = diagnostic.related(related.note, &location.file, location.span);
        }
        self.push(diagnostic);
    }

    fn push(&mut self, diagnostic: Diagnostic) -> Finding<'_, 'f> {
        let index = self.found.len();
        self.found.push(diagnostic);
        Finding {
            setup: self.setup,
            diagnostic: &mut self.found[index],
            lint: std::marker::PhantomData,
        }
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// One finding, to be completed.
#[derive(Debug)]
pub struct Finding<'d, 'f> {
    setup: &'f Setup,
    diagnostic: &'d mut Diagnostic,
    lint: std::marker::PhantomData<&'f Lint>,
}

impl Finding<'_, '_> {
    /// Short text at the carets.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.diagnostic.label = label.into();
        self
    }

    /// How to mend it, in the imperative.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.diagnostic.help = Some(help.into());
        self
    }

    /// A further place that explains it, in this file or another.
    pub fn related(self, note: impl Into<String>, place: Place) -> Self {
        let location = self.setup.location(place);
        self.diagnostic.related.push(crate::diagnostic::Related {
            note: note.into(),
            location,
        });
        self
    }

    /// Another level than the lint's.
    pub fn level(self, level: Level) -> Self {
        self.diagnostic.level = level;
        self
    }

    /// It holds only if this does, which the setup does not tell: the level drops by one, and the message says so.
    /// Completes "this assumes that …".
    pub fn assuming(self, assumption: &str) -> Self {
        self.diagnostic.level = match self.diagnostic.level {
            Level::Error => Level::Warning,
            Level::Warning | Level::Info => Level::Info,
        };
        self.diagnostic
            .message
            .push_str(&format!("; this assumes that {assumption}"));
        self
    }

    /// A fix: what it does in the imperative, and the texts that go to places.
    pub fn fix(
        self,
        safety: Safety,
        title: impl Into<String>,
        mut edits: Vec<(Place, String)>,
    ) -> Self {
        // Lines that are inserted into a text within another file would need its indentation.
        let is_embedded = |place: &Place| {
            let document = self.setup.document(place.document);
            document.wrapper.is_some() && !document.is_part()
        };
        if edits
            .iter()
            .any(|(place, text)| text.contains('\n') && is_embedded(place))
        {
            edits.clear();
        }
        let edits = edits
            .into_iter()
            .map(|(place, text)| Edit {
                location: self.setup.location(place),
                text,
            })
            .collect();
        self.diagnostic.fix = Some(Fix {
            safety,
            title: title.into(),
            edits,
            creates: Vec::new(),
        });
        self
    }

    /// The fix also makes this file, by path relative to the setup.
    pub fn creating(self, path: String, text: String) -> Self {
        if let Some(fix) = &mut self.diagnostic.fix {
            fix.creates.push(crate::diagnostic::NewFile { path, text });
        }
        self
    }
}
