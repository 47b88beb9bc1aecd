//! Versions as upstream writes them, and the tool versions that we pin.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// A released version of a tool, an exporter or a server. Missing parts are 0: `1.45` is `v1.45.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

/// Why a text is not a [`Version`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version, expected something like `v1.86.0` or `1.45`")]
pub struct VersionError(pub String);

impl Version {
    /// The version with these three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Version inside an image tag such as `v1.86.0-alpine` or `8.0.6-alpine`; `None` for a tag
    /// without one (`latest`, `main`, a digest).
    pub fn from_tag(tag: &str) -> Option<Self> {
        tag.split(['-', '+']).next()?.parse().ok()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError(text.to_owned());
        let mut numbers = [0_u32; 3];
        for (at, part) in text
            .strip_prefix('v')
            .unwrap_or(text)
            .split('.')
            .enumerate()
        {
            let number = numbers.get_mut(at).ok_or_else(error)?;
            // `u32::from_str` would take a sign.
            if !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(error());
            }
            *number = part.parse().map_err(|_| error())?;
        }
        Ok(Self::new(numbers[0], numbers[1], numbers[2]))
    }
}

/// The language of PromQL never changes with a patch.
impl From<Version> for crate::promql::Version {
    fn from(version: Version) -> Self {
        let number = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        Self::new(number(version.major), number(version.minor))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// First version with a feature. `<=v1.0.1` is "the oldest version that was looked at already has it".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Since {
    /// First version known to have it.
    pub version: Version,
    /// Whether an even older version may have it too.
    pub or_earlier: bool,
}

impl Since {
    /// Whether `version` has the feature. Older than everything looked at counts as having it:
    /// absence was never observed.
    pub fn includes(self, version: Version) -> bool {
        self.or_earlier || version >= self.version
    }
}

impl FromStr for Since {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (or_earlier, version) = match text.strip_prefix("<=") {
            Some(version) => (true, version),
            None => (false, text),
        };
        Ok(Self {
            version: version.parse()?,
            or_earlier,
        })
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.version)?;
        if self.or_earlier {
            f.write_str(" or earlier")?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// Reads a scalar through its `FromStr`.
pub(super) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

/// One line of `templates/versions.yaml`: what a generated stack runs unless the profile says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Name by which profiles and templates refer to it.
    pub tool: String,
    /// Container repository without tag.
    pub image: String,
    /// Pinned version.
    pub version: Version,
    /// Tag of the pinned version in that repository; variants such as `-alpine` included.
    pub tag: String,
    /// Other versions the catalogue's facts were measured with, oldest first.
    #[serde(default)]
    pub also_measured: Vec<Version>,
    /// Where version and tag come from.
    pub source: String,
}

impl Tool {
    /// `image:tag`, as Compose wants it.
    pub fn image_reference(&self) -> String {
        format!("{}:{}", self.image, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn versions_order_by_number_and_not_by_text() {
        assert!(version("v1.9.0") < version("v1.45.0"));
        assert!(version("1.45") < version("v1.45.1"));
        assert_eq!(version("1.45"), version("v1.45.0"));
        assert_eq!(version("3").to_string(), "v3.0.0");
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        for text in [
            "",
            "v",
            "1.",
            "1.2.3.4",
            "latest",
            "v1.x",
            "1.+2",
            "-1",
            "99999999999",
            " 1.2",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_tag_keeps_its_version_and_loses_its_variant() {
        assert_eq!(
            Version::from_tag("v1.86.0-alpine"),
            Some(Version::new(1, 86, 0))
        );
        assert_eq!(
            Version::from_tag("8.0.6-alpine"),
            Some(Version::new(8, 0, 6))
        );
        assert_eq!(Version::from_tag("latest"), None);
    }

    #[test]
    fn since_the_oldest_known_version_includes_older_ones() {
        let oldest: Since = "<=v1.0.1".parse().expect("a version");
        assert!(oldest.includes(version("0.9")));
        let exact: Since = "v1.64.0".parse().expect("a version");
        assert!(!exact.includes(version("v1.63.9")) && exact.includes(version("v1.64.0")));
    }
}
