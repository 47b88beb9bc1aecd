//! What scripts of a setup do to configuration before programs read it.

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
