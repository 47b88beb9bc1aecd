use std::collections::BTreeSet;

/// Every path below the root of a setup, read or not, with `/`.
#[derive(Debug, Default, Clone)]
pub struct Listing {
    files: BTreeSet<String>,
    /// Directories that hold files, and paths that exist although nothing may look into them.
    directories: BTreeSet<String>,
}

impl Listing {
    /// Adds a file and the directories above it.
    pub(super) fn add_file(&mut self, path: &str) {
        let mut above = path;
        while let Some((directory, _)) = above.rsplit_once('/') {
            if !self.directories.insert(directory.to_owned()) {
                break;
            }
            above = directory;
        }
        self.files.insert(path.to_owned());
    }

    /// Adds a directory, or a path that is only known to exist.
    pub(super) fn add_directory(&mut self, path: &str) {
        self.directories.insert(path.to_owned());
    }

    /// Forgets a file; the directories above it stay.
    pub(super) fn remove_file(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// Whether there is a file at `path`.
    pub fn is_file(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// Whether there is a directory at `path`; the root is the empty path.
    pub fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || self.directories.contains(path)
    }

    /// Whether there is anything at `path`.
    pub fn exists(&self, path: &str) -> bool {
        self.is_file(path) || self.is_directory(path)
    }

    /// Every file at or below `path`, sorted.
    pub fn below<'l>(&'l self, path: &str) -> impl Iterator<Item = &'l str> + use<'l> {
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let itself = self.files.get(path).map(String::as_str);
        itself.into_iter().chain(
            self.files
                .range(prefix.clone()..)
                .take_while(move |file| file.starts_with(&prefix))
                .map(String::as_str),
        )
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }
}

/// `path` as seen from `directory`, both below the same root; `None` where it leads out of it. An absolute `path` does.
pub fn joined(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.starts_with('~') {
        return None;
    }
    let mut parts: Vec<&str> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_below_the_root() {
        assert_eq!(joined("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(joined("", "./c").as_deref(), Some("c"));
        assert_eq!(joined("a", "../.."), None);
        assert_eq!(joined("a", "/etc"), None);
    }

    #[test]
    fn a_listing_knows_directories_and_what_is_below_them() {
        let mut listing = Listing::default();
        for path in ["a/b/c.yml", "a/b.yml", "a/b/d/e.yml"] {
            listing.add_file(path);
        }
        assert!(listing.is_directory("a/b/d") && listing.is_directory(""));
        assert!(!listing.exists("a/c"));
        let below: Vec<_> = listing.below("a/b").collect();
        assert_eq!(below, ["a/b/c.yml", "a/b/d/e.yml"]);
    }
}
