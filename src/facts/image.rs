//! References to container images.

use super::text::{Known, Text};
use crate::catalogue::Version;

/// `registry/repository:tag@digest`.
#[derive(Debug, Clone)]
pub struct ImageReference {
    /// As written, variables filled in where their value is known.
    pub text: Known<Text>,
    /// Registry and repository; `None` where a variable decides it.
    pub repository: Option<String>,
    /// The tag, where one is given.
    pub tag: Option<String>,
    /// Whether a digest pins it.
    pub has_digest: bool,
    /// The version that the tag tells.
    pub version: Option<Version>,
}

impl ImageReference {
    /// Reads a reference.
    pub fn of(text: Known<Text>) -> Self {
        let mut image = Self {
            repository: None,
            tag: None,
            has_digest: false,
            version: None,
            text,
        };
        let Known::Value(text) = &image.text else {
            return image;
        };
        let (name, digest) = match text.value.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (&*text.value, None),
        };
        image.has_digest = digest.is_some();
        // A colon before the last slash is the registry's port.
        let slash = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[slash..].find(':') {
            Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..])),
            None => (name, None),
        };
        image.repository = Some(repository.to_owned());
        image.version = tag.and_then(Version::from_tag);
        image.tag = tag.map(str::to_owned);
        image
    }

    /// Whether another day may bring another program: no digest, and no tag or one that moves.
    pub fn is_floating(&self) -> bool {
        self.repository.is_some()
            && !self.has_digest
            && matches!(
                self.tag.as_deref(),
                None | Some("latest" | "main" | "master" | "edge" | "nightly")
            )
    }
}
