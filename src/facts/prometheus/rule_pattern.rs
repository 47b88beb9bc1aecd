//! Which files a pattern of a configuration finds.

use super::{Reader, ServiceId};
use crate::document::Node;
use crate::facts::compose::directory_of;
use crate::facts::container::{Expansion, glob_matches, has_wildcard};
use crate::facts::text::Text;
use crate::setup::{Document, DocumentId, Kind, joined};

/// One pattern of `rule_files`.
#[derive(Debug)]
pub struct RulePattern {
    /// As written.
    pub text: Text,
    /// The rule files that it finds.
    pub documents: Vec<DocumentId>,
    /// Every file of the setup that it finds, rules or not.
    pub files: Vec<String>,
    /// Whether that is all: no volume, no image of others, no guess about where files end up.
    pub is_certain: bool,
}

impl Reader<'_> {
    pub(super) fn rule_pattern(
        &self,
        node: &Node,
        found: Option<&(ServiceId, String)>,
    ) -> RulePattern {
        let text = Text::of(self.document, node);
        if found.is_none() && self.document.wrapper.is_some() {
            return self.pattern_of_configmaps(text);
        }
        let (files, is_certain) = self.expand(&text.value, found);
        let documents = files
            .iter()
            .flat_map(|path| self.setup.at(path))
            .filter(|document| document.kind == Kind::Rules)
            .map(|document| document.id)
            .collect();
        RulePattern {
            text,
            documents,
            files,
            is_certain,
        }
    }

    /// Files of ConfigMaps are mounted by their names, wherever that is: those of the configuration's own before those of its
    /// directory, and those before all others.
    fn pattern_of_configmaps(&self, text: Text) -> RulePattern {
        let name = text.value.rsplit('/').next().unwrap_or_default();
        let all = || {
            self.setup.of_kind(Kind::Rules).filter(|document| {
                document.wrapper.is_some()
                    && !document.is_part()
                    && glob_matches(name, &document.name)
            })
        };
        let directory = |document: &Document| directory_of(&document.path).to_owned();
        let own: Vec<_> = all()
            .filter(|document| document.wrapper == self.document.wrapper)
            .collect();
        let near: Vec<_> = all()
            .filter(|document| directory(document) == directory(self.document))
            .collect();
        let found = [own, near, all().collect()]
            .into_iter()
            .find(|documents| !documents.is_empty())
            .unwrap_or_default();
        let mut files: Vec<String> = found
            .iter()
            .map(|document| document.path.to_string())
            .collect();
        files.dedup();
        RulePattern {
            text,
            documents: found.iter().map(|document| document.id).collect(),
            files,
            is_certain: false,
        }
    }

    /// The files of the setup that a pattern finds, and whether that is certain.
    pub(super) fn expand(
        &self,
        pattern: &str,
        found: Option<&(ServiceId, String)>,
    ) -> (Vec<String>, bool) {
        let listing = self.setup.listing();
        if let Some((id, config)) = found
            && let Some(service) = self.service(id)
        {
            let pattern = match pattern.starts_with('/') {
                true => pattern.to_owned(),
                false => format!("{}/{pattern}", directory_of(config)),
            };
            let Expansion {
                files,
                may_have_more,
            } = service.container.expand(listing, &pattern);
            return (files, !may_have_more);
        }
        // What else is mounted beside a file of a ConfigMap, nobody knows.
        if self.document.wrapper.is_some() {
            return (Vec::new(), false);
        }
        let directory = directory_of(&self.document.path);
        if let Some(pattern) = joined(directory, pattern) {
            let files = self.matching(&pattern);
            // Relative paths are taken from the configuration, wherever it ends up, so its neighbours count.
            let is_certain = !files.is_empty();
            return (files, is_certain);
        }
        // Nobody says how files get into the container: usually as they lie beside the configuration.
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let files = (0..parts.len())
            .map(|skip| parts[skip..].join("/"))
            .filter_map(|rest| joined(directory, &rest))
            .map(|pattern| self.matching(&pattern))
            .find(|files| !files.is_empty());
        (files.unwrap_or_default(), false)
    }

    pub(super) fn matching(&self, pattern: &str) -> Vec<String> {
        let listing = self.setup.listing();
        if !has_wildcard(pattern) {
            return listing
                .is_file(pattern)
                .then(|| pattern.to_owned())
                .into_iter()
                .collect();
        }
        listing
            .files()
            .filter(|file| glob_matches(pattern, file))
            .map(str::to_owned)
            .collect()
    }
}
