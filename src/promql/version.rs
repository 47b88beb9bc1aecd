//! Prometheus versions, and what an expression needs of one.

use std::fmt;
use std::str::FromStr;

/// A released Prometheus, `major.minor`; patch releases never change the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 2 or 3.
    pub major: u16,
    /// Counts releases of the major version.
    pub minor: u16,
}

impl Version {
    /// The newest release whose language is known here.
    pub const NEWEST: Self = Self::new(3, 16);

    /// `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Prometheus version; write it as `3.5` or `v3.5.1`")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    /// Reads `3.5`, `v3.5.1`, `3.5.0-rc.1`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split(['.', '-', '+']);
        let mut number = || parts.next().and_then(|part| part.parse().ok());
        match (number(), number()) {
            (Some(major), Some(minor)) => Ok(Self::new(major, minor)),
            _ => Err(NotAVersion(text.to_owned())),
        }
    }
}

/// When a part of the language exists, and behind which flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    /// First version that has it.
    pub since: Version,
    /// First version that no longer has it.
    pub until: Option<Version>,
    /// The `--enable-feature` it needs, and the first version that needs none any more.
    pub flag: Option<(&'static str, Option<Version>)>,
}

impl Support {
    /// In every version, since before those we know of.
    pub(super) const ALWAYS: Self = Self::since(2, 0);

    /// From a version on, without a flag.
    pub(super) const fn since(major: u16, minor: u16) -> Self {
        Self {
            since: Version::new(major, minor),
            until: None,
            flag: None,
        }
    }

    /// Up to, but not including, a version.
    pub(super) const fn until(mut self, major: u16, minor: u16) -> Self {
        self.until = Some(Version::new(major, minor));
        self
    }

    /// Only with `--enable-feature=name`.
    pub(super) const fn flag(mut self, name: &'static str) -> Self {
        self.flag = Some((name, None));
        self
    }

    /// With `--enable-feature=name` up to, but not including, a version; from then on without.
    pub(super) const fn flag_until(mut self, name: &'static str, major: u16, minor: u16) -> Self {
        self.flag = Some((name, Some(Version::new(major, minor))));
        self
    }

    /// The `--enable-feature` that `version` wants before it understands this.
    pub fn flag_for(&self, version: Version) -> Option<&'static str> {
        let (name, stable) = self.flag?;
        stable.is_none_or(|stable| version < stable).then_some(name)
    }

    /// Whether `version` has it, flag or not.
    pub fn exists_in(&self, version: Version) -> bool {
        version >= self.since && self.until.is_none_or(|until| version < until)
    }
}

/// The Prometheus that is to read an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its version.
    pub version: Version,
    /// What its `--enable-feature` lists; `None` allows every feature.
    pub enabled: Option<Vec<String>>,
}

impl Default for Target {
    /// The newest version, with every experimental feature allowed.
    fn default() -> Self {
        Self {
            version: Version::NEWEST,
            enabled: None,
        }
    }
}

impl Target {
    /// A version with every experimental feature allowed.
    pub const fn version(version: Version) -> Self {
        Self {
            version,
            enabled: None,
        }
    }

    /// Whether `--enable-feature` lists `flag`.
    pub fn allows(&self, flag: &str) -> bool {
        self.enabled
            .as_ref()
            .is_none_or(|enabled| enabled.iter().any(|name| name == flag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_tags_and_images_write_them() {
        assert_eq!("v3.5.1".parse(), Ok(Version::new(3, 5)));
        assert_eq!("2.42".parse(), Ok(Version::new(2, 42)));
        assert_eq!("3.14.0-rc.0".parse(), Ok(Version::new(3, 14)));
        assert!("latest".parse::<Version>().is_err());
    }

    #[test]
    fn a_flag_is_needed_until_the_feature_is_stable() {
        let support = Support::since(3, 4).flag_until("promql-duration-expr", 3, 14);
        assert!(!support.exists_in(Version::new(3, 3)));
        assert_eq!(
            support.flag_for(Version::new(3, 5)),
            Some("promql-duration-expr")
        );
        assert_eq!(support.flag_for(Version::new(3, 14)), None);
    }
}
