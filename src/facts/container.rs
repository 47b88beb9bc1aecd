//! The files that a program sees in its container, traced back to the setup.

use std::collections::BTreeMap;

use crate::setup::{Listing, Place};

/// What is mounted or copied to a path of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A path of the setup, which may or may not exist.
    Setup(String),
    /// A named or anonymous volume, tmpfs, or a path outside of the setup.
    Elsewhere(String),
    /// A path that only the setup's environment knows: `${DATA_DIR}/x`.
    Unknown(String),
}

/// How it gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// `volumes` of a Compose service, in the short form `source:target`.
    ShortVolume,
    /// `volumes` in the long form.
    LongVolume,
    /// `configs` or `secrets`.
    Config,
    /// `COPY` or `ADD` of its Dockerfile.
    Copy,
}

/// One mount or copy.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Absolute path in the container, without a slash at its end.
    pub target: String,
    /// What is there.
    pub source: MountSource,
    /// How it gets there.
    pub via: Via,
    /// Where it is written.
    pub place: Place,
}

/// Where a path of a container leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// To this path of the setup, which exists.
    Setup(String),
    /// To this path of the setup, which is mounted and does not exist.
    Missing(String),
    /// To something that the setup does not hold: a volume, or a path outside.
    Elsewhere,
    /// To nothing that is mounted: whatever the image has there.
    Image,
}

/// A container's files as far as the setup tells.
#[derive(Debug, Clone, Default)]
pub struct Container {
    /// Mounts and copies, in the order in which later ones hide earlier ones.
    pub mounts: Vec<Mount>,
    /// Whether the image is built from something that we cannot see, so that it may hold any file.
    pub is_opaque: bool,
}

/// The files that a pattern stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Paths of the setup, sorted.
    pub files: Vec<String>,
    /// Whether there may be more: a volume, a path outside, an image that we cannot see.
    pub may_have_more: bool,
}

impl Container {
    /// The mount that decides what is at `path`: the longest target, and of equals the last.
    fn mount(&self, path: &str) -> Option<&Mount> {
        self.mounts
            .iter()
            .enumerate()
            .filter(|(_, mount)| inside(&mount.target, path).is_some())
            .max_by_key(|(index, mount)| (mount.via != Via::Copy, mount.target.len(), *index))
            .map(|(_, mount)| mount)
    }

    /// Where the absolute `path` leads.
    pub fn resolve(&self, listing: &Listing, path: &str) -> Resolved {
        let path = path.trim_end_matches('/');
        let Some(mount) = self.mount(path) else {
            return match self.is_opaque {
                true => Resolved::Elsewhere,
                false => Resolved::Image,
            };
        };
        match &mount.source {
            MountSource::Setup(source) => {
                let rest = inside(&mount.target, path).unwrap_or_default();
                let path = match (source.is_empty(), rest.is_empty()) {
                    (_, true) => source.clone(),
                    (true, _) => rest.to_owned(),
                    _ => format!("{source}/{rest}"),
                };
                match listing.exists(&path) {
                    true => Resolved::Setup(path),
                    false => Resolved::Missing(path),
                }
            }
            MountSource::Elsewhere(_) | MountSource::Unknown(_) => Resolved::Elsewhere,
        }
    }

    /// Every file of the setup that the container sees, by its absolute path.
    pub fn files(&self, listing: &Listing) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for mount in &self.mounts {
            let MountSource::Setup(source) = &mount.source else {
                continue;
            };
            for file in listing.below(source) {
                let rest = file
                    .get(source.len()..)
                    .unwrap_or_default()
                    .trim_start_matches('/');
                let path = match rest {
                    "" => mount.target.clone(),
                    rest => format!("{}/{rest}", mount.target),
                };
                if self.resolve(listing, &path) == Resolved::Setup(file.to_owned()) {
                    files.insert(path, file.to_owned());
                }
            }
        }
        files
    }

    /// The files that an absolute pattern of Go's `filepath.Glob` stands for.
    pub fn expand(&self, listing: &Listing, pattern: &str) -> Expansion {
        if !has_wildcard(pattern) {
            return match self.resolve(listing, pattern) {
                Resolved::Setup(file) => Expansion {
                    files: vec![file],
                    may_have_more: false,
                },
                Resolved::Elsewhere => Expansion {
                    files: Vec::new(),
                    may_have_more: true,
                },
                Resolved::Missing(_) | Resolved::Image => Expansion::default(),
            };
        }
        let mut files: Vec<String> = self
            .files(listing)
            .into_iter()
            .filter(|(path, _)| glob_matches(pattern, path))
            .map(|(_, file)| file)
            .collect();
        files.sort();
        files.dedup();
        let fixed = pattern
            .split('/')
            .take_while(|part| !has_wildcard(part))
            .collect::<Vec<_>>()
            .join("/");
        let may_have_more = self.is_opaque
            || self.mounts.iter().any(|mount| {
                !matches!(mount.source, MountSource::Setup(_))
                    && (inside(&mount.target, &fixed).is_some()
                        || inside(&fixed, &mount.target).is_some())
            });
        Expansion {
            files,
            may_have_more,
        }
    }
}

/// What of `path` lies below `directory`; empty for the directory itself, `None` where it is elsewhere.
pub fn inside<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    let directory = directory.trim_end_matches('/');
    let rest = path.strip_prefix(directory)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}

/// Whether a path is a pattern.
pub fn has_wildcard(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// Whether `path` fits `pattern` as Go's `filepath.Match` decides: `*` and `?` stop at `/`.
pub fn glob_matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(pattern, part)| part_matches(pattern.as_bytes(), part.as_bytes()))
}

/// One part of a path. Goes back to the last `*` only, so takes at most quadratic time.
fn part_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(b'?') => Some(p + 1),
            Some(b'[') => class_matches(pattern, p, text[t]),
            Some(byte) => (*byte == text[t]).then_some(p + 1),
            None => None,
        };
        match (step, star) {
            (Some(next), _) => {
                p = next;
                t += 1;
            }
            (None, Some((star_p, star_t))) => {
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The index after `[…]` if it holds `byte`.
fn class_matches(pattern: &[u8], open: usize, byte: u8) -> Option<usize> {
    let close = open
        + 1
        + pattern
            .get(open + 1..)?
            .iter()
            .position(|byte| *byte == b']')?;
    let class = &pattern[open + 1..close];
    let (negated, class) = match class {
        [b'^', rest @ ..] => (true, rest),
        class => (false, class),
    };
    let mut at = 0;
    let mut holds = false;
    while at < class.len() {
        match class[at..] {
            [low, b'-', high, ..] => {
                holds |= (low..=high).contains(&byte);
                at += 3;
            }
            [one, ..] => {
                holds |= one == byte;
                at += 1;
            }
            [] => break,
        }
    }
    (holds != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stop_at_slashes() {
        assert!(glob_matches("/etc/*.yml", "/etc/a.yml"));
        assert!(!glob_matches("/etc/*.yml", "/etc/a/b.yml"));
        assert!(glob_matches("/etc/*/[a-c]?.yml", "/etc/x/b1.yml"));
        assert!(!glob_matches("/etc/[^a].yml", "/etc/a.yml"));
        assert!(glob_matches("a*b*c", "aXbYbZc"));
        assert!(!glob_matches("a*b*c", "aXbYbZ"));
    }

    #[test]
    fn a_path_is_inside_whole_parts_only() {
        assert_eq!(inside("/etc/a", "/etc/a/b"), Some("b"));
        assert_eq!(inside("/etc/a", "/etc/ab"), None);
        assert_eq!(inside("/etc/a/", "/etc/a"), Some(""));
    }
}
