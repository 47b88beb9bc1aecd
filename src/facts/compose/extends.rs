//! `extends`: services on top of other services.

use super::{Layer, documents_at, rank};
use crate::setup::{Document, DocumentId, Kind, Setup};

/// More services than this in a chain of `extends` are a circle.
pub(super) const DEEPEST_EXTENDS: usize = 8;

/// What a service takes over by `extends`, the farthest first.
pub(super) fn inherited(setup: &Setup, layer: &Layer, depth: usize) -> Vec<Layer> {
    let found = || {
        let document = setup.document(layer.document);
        let extends = layer.node.get("extends")?;
        let name = extends
            .as_str()
            .or_else(|| extends.get("service")?.as_str())?;
        let document = match extends.get("file").and_then(|file| file.as_str()) {
            Some(file) => documents_at(setup, document, [file])
                .into_iter()
                .map(|id| setup.document(id))
                .find(|document| document.kind == Kind::Compose)?,
            None => document,
        };
        let entry = document.root.get("services")?.entry(name)?;
        Some(Layer {
            document: document.id,
            key: entry.key.span,
            node: entry.value.clone(),
        })
    };
    let Some(base) = found().filter(|_| depth > 0) else {
        return Vec::new();
    };
    let mut layers = inherited(setup, &base, depth - 1);
    layers.push(base);
    layers
}

/// Files that others only extend services from.
pub fn extended(setup: &Setup) -> Vec<DocumentId> {
    let files = setup.of_kind(Kind::Compose);
    files
        .flat_map(|document| extended_by(setup, document))
        .collect()
}

/// The other files from which a Compose file extends services.
pub(super) fn extended_by(setup: &Setup, document: &Document) -> Vec<DocumentId> {
    let services = document.root.get("services");
    let services = services.map_or(&[][..], |node| node.entries()).iter();
    let paths = services.filter_map(|it| it.value.get("extends")?.get("file")?.as_str());
    let mut ids = documents_at(setup, document, paths);
    ids.retain(|id| *id != document.id);
    ids
}

/// Services that are there to be extended from another file: they run only as what extends them. A file with Compose's own name is
/// started by itself, too.
pub(super) fn templates<'d>(
    setup: &Setup,
    documents: &[&'d Document],
) -> Vec<(DocumentId, &'d str)> {
    let mut templates = Vec::new();
    for document in documents {
        let services = document.root.get("services");
        for service in services.map_or(&[][..], |node| node.entries()) {
            let Some(extends) = service.value.get("extends") else {
                continue;
            };
            let named = |key: &str| extends.get(key).and_then(|node| node.as_str());
            let (Some(file), Some(name)) = (named("file"), named("service")) else {
                continue;
            };
            let files = documents_at(setup, document, [file]).into_iter();
            let others =
                files.filter(|id| *id != document.id && rank(&setup.document(*id).name).0 != 0);
            templates.extend(others.map(|id| (id, name)));
        }
    }
    templates
}
