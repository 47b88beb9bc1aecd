//! Names that Grafana and the bundle know dashboards and folders by.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::sha256;

/// Longest uid that Grafana takes.
pub const UID_AT_MOST: usize = 40;

/// Digits of a hash that tells shortened names apart.
const HASH_DIGITS: usize = 8;

/// A folder of dashboards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Folder {
    /// Title, as the profile writes it.
    pub title: String,
    /// Directory of its dashboards, and part of its uid.
    pub slug: String,
    /// Stable identity in Grafana.
    pub uid: String,
}

/// `<profile>-<slug>`. A longer one than Grafana takes keeps its beginning and ends in a hash of
/// the whole, so that it is still stable and still its own.
pub fn uid(profile: &str, slug: &str) -> String {
    shortened(&format!("{profile}-{slug}"))
}

fn shortened(whole: &str) -> String {
    if whole.len() <= UID_AT_MOST {
        return whole.into();
    }
    // Names from a profile are ASCII; anything else must still not be cut in two.
    let mut end = UID_AT_MOST - HASH_DIGITS - 1;
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}-{}", &whole[..end], hash(whole))
}

fn hash(text: &str) -> String {
    sha256(text.as_bytes())[..HASH_DIGITS].into()
}

/// Folders for all titles. Titles that would share a directory are told apart by a hash, each of
/// them, so that the order of the dashboards does not matter.
pub(super) fn folders<'t>(
    profile: &str,
    titles: impl Iterator<Item = &'t str>,
) -> BTreeMap<String, Folder> {
    let mut by_slug: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for title in titles {
        let sharing = by_slug.entry(slug(title)).or_default();
        if !sharing.contains(&title) {
            sharing.push(title);
        }
    }
    let mut folders = BTreeMap::new();
    for (slug, titles) in by_slug {
        let is_shared = titles.len() > 1 || slug.is_empty();
        for title in titles {
            let slug = match (is_shared, slug.as_str()) {
                (false, slug) => slug.to_owned(),
                (true, "") => format!("folder-{}", hash(title)),
                (true, slug) => format!("{slug}-{}", hash(title)),
            };
            let folder = Folder {
                uid: shortened(&format!("{profile}-folder-{slug}")),
                title: title.into(),
                slug,
            };
            folders.insert(title.to_owned(), folder);
        }
    }
    folders
}

/// Lower-case letters and digits of a title, joined by `-`, at most 40 bytes.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for char in title.chars() {
        if slug.len() >= UID_AT_MOST {
            break;
        }
        if char.is_ascii_alphanumeric() {
            slug.push(char.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').into()
}

/// Name of the query at `index`, as Grafana counts: `A` … `Z`, `AA` …
pub(super) fn ref_id(index: usize) -> String {
    let mut rest = index + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// A name as words with a capital: `api-performance` → `Api performance`.
pub(super) fn in_words(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uid_is_profile_and_slug_until_it_is_too_long() {
        assert_eq!(uid("trinity", "redis-cache"), "trinity-redis-cache");
        let long = uid("a-system-with-a-long-name", "redis-performance");
        assert_eq!(long.len(), UID_AT_MOST);
        assert!(
            long.starts_with("a-system-with-a-long-name-redis"),
            "{long}"
        );
        assert_ne!(long, uid("a-system-with-a-long-name", "redis-performancf"));
    }

    #[test]
    fn folders_that_would_share_a_directory_do_not() {
        let titles = ["Trinity Cache", "trinity cache!", "🚀", "../../etc"];
        let folders = folders("trinity", titles.into_iter());
        assert_eq!(folders["../../etc"].slug, "etc");
        let mut slugs: Vec<_> = folders.values().map(|folder| &folder.slug).collect();
        slugs.dedup();
        assert_eq!(slugs.len(), 4);
        assert!(folders["Trinity Cache"].slug.starts_with("trinity-cache-"));
        assert!(folders["🚀"].slug.starts_with("folder-"));
    }

    #[test]
    fn queries_are_lettered_as_in_grafana() {
        let ids: Vec<_> = [0, 25, 26, 701, 702].into_iter().map(ref_id).collect();
        assert_eq!(ids, ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    proptest! {
        #[test]
        fn every_uid_fits(profile in "[a-z0-9-]{1,60}", slug in any::<String>()) {
            prop_assert!(uid(&profile, &slug).len() <= UID_AT_MOST);
        }
    }
}
