//! What scripts of a setup do to configuration before programs read it.

use super::text::placeholder;
use crate::diagnostic::Diagnostic;
use crate::setup::{Kind, Setup};

/// Whether something in the setup fills variables into texts, or replaces the very text `written`: `envsubst`, or `sed` with
/// it.
pub fn is_filled_in(setup: &Setup, written: &str) -> bool {
    setup.documents().iter().any(|document| {
        let text = document.text.text();
        matches!(
            document.kind,
            Kind::Script | Kind::Compose | Kind::Dockerfile | Kind::Workflow
        ) && (text.contains("envsubst") || replaces(text, written))
    })
}

/// Whether what is said of a configuration is about a value that is not there yet: it looks like something to fill in, and
/// something in the setup does so.
pub fn is_of_unfilled(setup: &Setup, said: &Diagnostic) -> bool {
    let written = said.location.as_ref().and_then(|location| {
        let span = location.span;
        location.file.text().get(span.start()..span.end())
    });
    let Some(bare) = written.map(|written| written.trim_matches(['"', '\''])) else {
        return false;
    };
    let is_name = bare.len() > 1
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    match placeholder(bare) {
        Some(name) => is_filled_in(setup, name),
        None => is_name && is_replaced(setup, bare),
    }
}

/// Whether a script of the setup replaces the very text `written` with `sed`.
pub fn is_replaced(setup: &Setup, written: &str) -> bool {
    setup.documents().iter().any(|document| {
        matches!(
            document.kind,
            Kind::Script | Kind::Compose | Kind::Dockerfile | Kind::Workflow
        ) && replaces(document.text.text(), written)
    })
}

fn replaces(text: &str, written: &str) -> bool {
    text.contains("sed") && text.contains(written)
}
