//! What may stand in a redis.conf: `redis/directives.yaml`.

use indexmap::IndexMap;
use serde::Deserialize;

use super::load::CatalogueError;
use super::version::Version;

/// All directives that were looked at.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directives {
    /// Where the facts come from.
    #[allow(dead_code)]
    source: String,
    /// Versions of Redis that were looked at, oldest first.
    measured: Vec<Version>,
    /// Beginnings of the names that only modules know.
    module_prefixes: Vec<String>,
    /// Names that no version ever had, and what was meant.
    misnomers: IndexMap<String, String>,
    directives: Vec<Directive>,
}

/// One directive, as some versions have it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directive {
    /// Its name, lower case.
    pub name: String,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: DirectiveKind,
    /// Least and greatest value of an integer.
    #[serde(default)]
    pub range: Option<[i64; 2]>,
    /// The words of an enum.
    #[serde(default)]
    pub values: Vec<String>,
    /// Least and greatest number of words; no greatest for any number.
    #[serde(default)]
    pub arguments: Option<(usize, Option<usize>)>,
    /// Whether each further line adds to those before.
    #[serde(default)]
    pub repeats: bool,
    /// First version that was seen with it.
    #[serde(default)]
    pub since: Option<Version>,
    /// Last version that was seen with it.
    #[serde(default)]
    pub until: Option<Version>,
    /// What it is called today.
    #[serde(default)]
    pub now: Option<String>,
}

/// What a directive takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectiveKind {
    /// `yes` or `no`.
    Bool,
    /// A whole number.
    Integer,
    /// A number of bytes, with `kb`, `mb` or `gb`.
    Memory,
    /// The same, or a percentage.
    MemoryOrPercent,
    /// File permissions.
    Octal,
    /// One of some words.
    Enum,
    /// One word, whatever it is.
    Text,
    /// Several words.
    Words,
    /// Pairs of seconds and changes, or one empty word.
    Save,
    /// A class of clients, two sizes and seconds.
    OutputBufferLimit,
    /// Read, and without effect.
    Ignored,
}

/// What a name is to one version of Redis.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectiveLookup<'d> {
    /// A directive. Where nobody has looked at this very version, each reading that it may have.
    Known(Vec<&'d Directive>),
    /// A directive of other versions only.
    OtherVersions(&'d Directive),
    /// The business of a module.
    OfModule,
    /// A directive of no version.
    Unknown {
        /// What was probably meant.
        meant: Option<&'d str>,
    },
}

impl Directives {
    /// What `name` (lower case) is to `version`; `None` for a version that nobody knows, which is taken
    /// for the newest.
    pub fn look_up(&self, name: &str, version: Option<Version>) -> DirectiveLookup<'_> {
        let version = version.or_else(|| self.measured.last().copied());
        let version = version.unwrap_or(Version::new(0, 0, 0));
        let mut others = None;
        let mut known = Vec::new();
        for directive in self.directives.iter().filter(|it| it.name == name) {
            if self.may_have(directive, version) {
                known.push(directive);
            } else {
                others = Some(directive);
            }
        }
        match others {
            _ if !known.is_empty() => DirectiveLookup::Known(known),
            Some(directive) => DirectiveLookup::OtherVersions(directive),
            None if self.is_of_module(name, version) => DirectiveLookup::OfModule,
            None => DirectiveLookup::Unknown {
                meant: self.misnomers.get(name).map(String::as_str),
            },
        }
    }

    /// Whether the versions that were looked at say something of `version`.
    pub fn speaks_of(&self, version: Option<Version>) -> bool {
        let (Some(first), Some(last)) = (self.measured.first(), self.measured.last()) else {
            return false;
        };
        version.is_none_or(|version| {
            series(*first) <= series(version) && series(version) <= series(*last)
        })
    }

    /// Names that `version` may know.
    pub fn names(&self, version: Option<Version>) -> impl Iterator<Item = &str> {
        let version = version.or_else(|| self.measured.last().copied());
        self.directives
            .iter()
            .filter(move |directive| {
                version.is_none_or(|version| self.may_have(directive, version))
            })
            .map(|directive| directive.name.as_str())
    }

    /// All entries, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Directive> {
        self.directives.iter()
    }

    /// Between two versions that were looked at, nobody knows where something began or ended.
    fn may_have(&self, directive: &Directive, version: Version) -> bool {
        let not_yet = directive.since.is_some_and(|since| {
            let before = self
                .measured
                .iter()
                .filter(|it| series(**it) < series(since));
            before
                .max()
                .is_none_or(|last| series(version) <= series(*last))
        });
        let no_longer = directive.until.is_some_and(|until| {
            let after = self
                .measured
                .iter()
                .filter(|it| series(**it) > series(until));
            after
                .min()
                .is_none_or(|first| series(version) >= series(*first))
        });
        !not_yet && !no_longer
    }

    /// `name.parameter` since Redis 7; without a dot those of the modules that come with Redis 8.
    fn is_of_module(&self, name: &str, version: Version) -> bool {
        name.contains('.')
            || (version.major >= 8
                && self
                    .module_prefixes
                    .iter()
                    .any(|prefix| name.starts_with(prefix.as_str())))
    }

    /// Reports entries that contradict each other.
    pub(super) fn check(&self, errors: &mut Vec<CatalogueError>) {
        let path = super::load::DIRECTIVES;
        let contradiction = |entry: &str, message: &str| CatalogueError::Contradiction {
            path: path.to_owned(),
            entry: entry.to_owned(),
            message: message.to_owned(),
        };
        for directive in &self.directives {
            let (name, kind) = (&directive.name, directive.kind);
            let fits = [
                (
                    kind == DirectiveKind::Integer,
                    directive.range.is_some(),
                    "only an integer has a range, and each has one",
                ),
                (
                    kind == DirectiveKind::Enum,
                    !directive.values.is_empty(),
                    "only an enum has values, and each has some",
                ),
                (
                    kind == DirectiveKind::Words,
                    directive.arguments.is_some(),
                    "only words have a number, and always",
                ),
            ];
            for (is_wanted, is_there, message) in fits {
                if is_wanted != is_there {
                    errors.push(contradiction(name, message));
                }
            }
            for version in &self.measured {
                let same = self.directives.iter().filter(|it| it.name == *name);
                if same.filter(|it| self.may_have(it, *version)).count() > 1 {
                    errors.push(contradiction(name, "a version has two readings of it"));
                }
            }
        }
        let wrong = self.misnomers.iter();
        let older = self.directives.iter();
        let older = older.filter_map(|it| Some((&it.name, it.now.as_ref()?)));
        for (entry, name) in wrong.clone().chain(older) {
            if !self.directives.iter().any(|it| it.name == *name) {
                errors.push(CatalogueError::Dangling {
                    path: path.to_owned(),
                    entry: entry.clone(),
                    kind: "directive",
                    name: name.clone(),
                });
            }
        }
        for (wrong, _) in wrong {
            if self.directives.iter().any(|it| it.name == *wrong) {
                errors.push(contradiction(
                    wrong,
                    "a misnomer is the name of a directive",
                ));
            }
        }
    }
}

/// Major and minor number: a patch brings no directives.
const fn series(version: Version) -> (u32, u32) {
    (version.major, version.minor)
}
