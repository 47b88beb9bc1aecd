use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A path inside a bundle: relative, `/` between its parts, never out of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BundlePath(String);

/// Why something cannot be the path of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Absolute, empty, with `.`, `..`, an empty part, or a character that some file system lacks.
    #[error("`{0}` is not a path inside the bundle")]
    Malformed(String),
    /// Another artifact is there.
    #[error("two files of the bundle would be written to `{0}`")]
    Taken(String),
}

impl BundlePath {
    /// Checks `path`.
    ///
    /// # Errors
    ///
    /// [`PathError::Malformed`].
    pub fn new(path: &str) -> Result<Self, PathError> {
        let part_ok = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.len() <= 255
                && part
                    .chars()
                    .all(|char| !char.is_control() && !r#"\:*?"<>|"#.contains(char))
        };
        if path.split('/').all(part_ok) {
            Ok(Self(path.into()))
        } else {
            Err(PathError::Malformed(path.into()))
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The part before the last `/`; empty at the top.
    pub fn directory(&self) -> &str {
        self.0
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory)
    }
}

impl fmt::Display for BundlePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Borrow<str> for BundlePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BundlePath {
    type Error = PathError;

    fn try_from(path: String) -> Result<Self, PathError> {
        Self::new(&path)
    }
}

impl From<BundlePath> for String {
    fn from(path: BundlePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_bundle() {
        assert!(BundlePath::new("prometheus/rules/a.yml").is_ok());
        assert!(BundlePath::new(".env.example").is_ok());
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "a/./b",
            "a\\b",
            "a\nb",
            "c:x",
        ] {
            assert_eq!(
                BundlePath::new(path),
                Err(PathError::Malformed(path.into()))
            );
        }
    }
}
