use std::sync::Arc;

use crate::check::formats::{ComposeOptions, NEWEST_COMPOSE, check_compose};
use crate::diagnostic::{Diagnostic, Level};
use crate::facts::Facts;
use crate::lint::{Findings, Lint};
use crate::setup::Document;

pub(super) static LINT: Lint = Lint {
    id: "compose/invalid-file",
    level: Level::Error,
    summary: "Docker Compose refuses the file",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for project in &facts.projects {
        let documents: Vec<&Document> = project
            .documents
            .iter()
            .map(|id| facts.setup.document(*id))
            .collect();
        let Some((base, others)) = documents.split_first() else {
            continue;
        };
        // A part of a file, for somebody to put over a file that is not here.
        if documents.iter().all(|document| is_part(document)) {
            continue;
        }
        adopt(base, said_of(&[base]), findings);
        for document in others {
            // A file that is only part of one is read over the base, and a whole one by itself.
            let alone = said_of(&[document]);
            match is_valid(&alone) {
                true => adopt(document, alone, findings),
                false => adopt(document, said_of(&[base, document]), findings),
            }
        }
    }
}

/// Whether no service of the file says what it runs.
fn is_part(document: &Document) -> bool {
    let services = document
        .root
        .get("services")
        .map(|services| services.entries());
    let mut services = services.unwrap_or_default().iter().peekable();
    services.peek().is_some()
        && services.all(|service| {
            ["image", "build", "extends", "provider"]
                .iter()
                .all(|key| service.value.get(key).is_none())
        })
}

fn said_of(documents: &[&Document]) -> Vec<Diagnostic> {
    let profiles = ["*".to_owned()];
    let options = ComposeOptions {
        profiles: &profiles,
        ..ComposeOptions::new(NEWEST_COMPOSE)
    };
    let texts: Vec<_> = documents
        .iter()
        .map(|document| Arc::clone(&document.text))
        .collect();
    check_compose(&texts, &options)
}

fn is_valid(said: &[Diagnostic]) -> bool {
    said.iter().all(|said| said.level != Level::Error)
}

fn adopt(document: &Document, said: Vec<Diagnostic>, findings: &mut Findings<'_>) {
    for said in said {
        let is_here = said
            .location
            .as_ref()
            .is_none_or(|location| location.file.path() == document.text.path());
        let is_explained_here = said
            .related
            .iter()
            .all(|related| related.location.file.path() == document.text.path());
        if said.level == Level::Error && is_here && is_explained_here {
            findings.adopt(document, said);
        }
    }
}
