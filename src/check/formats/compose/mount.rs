//! `SOURCE:TARGET:OPTIONS`, the short form of a mount.

/// A mount in its short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mount<'t> {
    /// A path of the host or the name of a volume; `None` for an anonymous volume.
    pub source: Option<&'t str>,
    pub target: &'t str,
}

impl<'t> Mount<'t> {
    /// Reads the short form.
    ///
    /// # Errors
    ///
    /// Why Compose cannot.
    pub(super) fn parse(text: &'t str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() <= 2 {
            return Ok(Self {
                source: None,
                target: text,
            });
        }
        let parts = parts(text);
        if parts.iter().any(|part| part.is_empty()) {
            return Err("there is nothing between two colons");
        }
        match parts.as_slice() {
            [target] => Ok(Self {
                source: None,
                target,
            }),
            [source, target] | [source, target, _] => Ok(Self {
                source: Some(source),
                target,
            }),
            _ => Err("it has too many colons"),
        }
    }

    /// The volume that is mounted, where it is one with a name.
    pub(super) fn volume(&self) -> Option<&'t str> {
        self.source.filter(|source| !is_path(source))
    }
}

/// Splits at colons that do not follow the letter of a Windows drive.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(':') {
        if !is_letter(&text[start..at]) {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_letter(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
}

fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || {
        let mut characters = source.chars();
        characters.next().is_some_and(char::is_alphabetic) && characters.next() == Some(':')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_as_compose_reads_it() {
        let read = |text| Mount::parse(text).map(|mount| (mount.source, mount.target));
        assert_eq!(read("data:/a:ro,z"), Ok((Some("data"), "/a")));
        assert_eq!(read("/a"), Ok((None, "/a")));
        assert_eq!(read("C:\\a:/b"), Ok((Some("C:\\a"), "/b")));
        // A letter alone is taken for a drive.
        assert_eq!(read("a:/b"), Ok((None, "a:/b")));
        assert!(read("data::ro").is_err() && read("data:/a:ro:x").is_err() && read("").is_err());
        let volume = |text| Mount::parse(text).ok().and_then(|mount| mount.volume());
        assert_eq!(volume("data:/a"), Some("data"));
        assert_eq!(volume("./data:/a"), None);
    }
}
