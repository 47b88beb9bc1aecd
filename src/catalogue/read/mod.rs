//! Reading data files faster than a general YAML reader does.
//!
//! Our own files use little of YAML: one-line scalars, block and flow collections, `|` and `>` texts.
//! That part is read here in less than half the time. Whatever goes beyond it, and every file with a
//! mistake, goes to the general reader, which has the last word and words the errors. Tests hold both
//! to the same result.

mod node;
mod plain;

use serde::de::DeserializeOwned;

/// Reads one data file.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_yaml::Error> {
    if let Some(node) = plain::parse(text)
        && let Ok(value) = T::deserialize(node)
    {
        return Ok(value);
    }
    serde_yaml::from_str(text)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use serde::Deserialize;
    use serde_yaml::Value;

    use super::*;

    fn fast(text: &str) -> Option<Value> {
        Value::deserialize(plain::parse(text)?).ok()
    }

    #[test]
    fn every_data_file_is_read_fast_and_right() {
        let mut seen = 0;
        for (path, text) in crate::template::files() {
            if !path.ends_with(".yaml") {
                continue;
            }
            seen += 1;
            let general: Value = serde_yaml::from_str(text).expect(path);
            let fast = fast(text)
                .unwrap_or_else(|| panic!("{path} uses more of YAML than the fast reader knows"));
            assert_eq!(fast, general, "{path}");
        }
        assert!(seen > 40, "only {seen} files");
    }

    #[test]
    fn the_little_it_knows_means_what_yaml_says() {
        for text in [
            "a: 1\nb: -2\nc: 1.5\nd: true\ne: ~\nf:\ng: null\nh: 5m\ni: v1.2.3\nj: <=v1\n",
            "a: \"x: # \\\"y\\\" \\n \\u00e9\"\nb: 'it''s'\nc: it's \"so\"\nd: a#b # comment\n",
            "# head\n\n- a: [1, two, \"3\", 'x, y']\n  b: {c: d, \"e\": [f], g: {}}\n  # between\n- []\n-\n  - 1\n  - a\n",
            "a:\n- 1\n- b: 2\n  c: 3\nd:\n  - e\n",
            "a: |\n  x\n    y # not a comment\n\n  z\nb: |-\n  one\nc: >-\n  two\n  three\nd: >\n  four\n",
            "- - a\n- \"b\": c\n- d: 'e'\n",
            "\"quoted key\": http://x:9/y?z=1\n'other': a:b\n",
            "[]",
            "{}",
            "- \"=\"\n- \"=~\"\n- -1..\n- 0..100\n",
        ] {
            let general: Value = serde_yaml::from_str(text).expect("YAML");
            assert!(
                fast(text).is_none_or(|fast| fast == general),
                "{text}\n{:?}\n{general:?}",
                fast(text)
            );
        }
    }

    #[test]
    fn whoever_asks_for_text_gets_text() {
        type Texts = std::collections::BTreeMap<String, String>;
        let text = "a: 1.45\nb: true\nc: 12.4.3\nd: 0x1f\ne: 1e3\n1: \"2\"\nf: -1..\n";
        let fast = Texts::deserialize(plain::parse(text).expect("usual")).expect("texts");
        assert_eq!(fast, serde_yaml::from_str::<Texts>(text).expect("texts"));
        assert_eq!(fast["e"], "1e3");
    }

    #[test]
    fn what_goes_beyond_is_left_to_the_general_reader() {
        for text in [
            "a: &x 1\nb: *x\n",
            "a: !t 1\n",
            "a: b\n  c\n",
            "a: 'b\n  c'\n",
            "a: [1,\n  2]\n",
            "--- \na: 1\n",
            "a: 1\n---\nb: 2\n",
            "a:\tb\n",
            "a: b\r\n",
            "? a\n: b\n",
            "a: |2\n   b\n",
            "a: |+\n  b\n\n",
            "<<: {a: 1}\n",
            "a: b: c\n",
            "a: [b: c]\n",
            "a: {b}\n",
            "a: 1\n b: 2\n",
            "a: \"x\" y\n",
            "a: @b\n",
            "",
            "- a\nb: c\n",
        ] {
            assert_eq!(fast(text), None, "{text}");
        }
    }

    const SMALL: &str = "# head\n- name: a\n  b: [1, x, \"3\"]\n  c: {d: e, 'f': []}\n  g: |\n    h: i\n\n    j\n  k: >-\n    l\n    m # n\n\n  o: 'p: q' # r\n- s:\n  - t: 1.5\n    u: http://v:1/\n- w\n-\n  x: -1\n  y:\n";

    /// 400,000 were run once.
    const CASES: u32 = 2000;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            cases: CASES,
            failure_persistence: None,
            ..Default::default()
        })]

        /// Whatever is damaged: the same as the general reader, or nothing.
        #[test]
        fn a_damaged_file_is_never_read_differently(
            edits in proptest::collection::vec(
                (0..SMALL.len(), 0..3_usize, "[-a :#\\[\\]{},\"'|>&*!?\n~0.\\\\]{0,2}"), 1..4)
        ) {
            let mut text = SMALL.to_owned();
            for (at, removed, added) in edits {
                let start = at.min(text.len());
                let end = (start + removed).min(text.len());
                text.replace_range(start..end, &added);
            }
            if let Some(fast) = fast(&text) {
                let general = serde_yaml::from_str::<Value>(&text);
                proptest::prop_assert_eq!(Some(fast), general.ok(), "{}", text);
            }
        }
    }

    /// On foreign files too: the same as the general reader, or nothing.
    #[test]
    fn no_real_file_is_read_differently() {
        let shared = std::env::var_os("STACKWRIGHT_SHARED").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
            PathBuf::from,
        );
        if !shared.is_dir() {
            println!("not run: no shared data");
            return;
        }
        let (mut read, mut left) = (0, 0);
        for entry in walkdir::WalkDir::new(shared).sort_by_file_name() {
            let path = entry.expect("a directory entry").into_path();
            if let Some(text) = yaml_text(&path) {
                match fast(&text) {
                    Some(fast) => {
                        read += 1;
                        let general: Value = serde_yaml::from_str(&text)
                            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                        assert_eq!(fast, general, "{}", path.display());
                    }
                    None => left += 1,
                }
            }
        }
        assert!(read > 50, "{read} read, {left} left");
    }

    fn yaml_text(path: &Path) -> Option<String> {
        let extension = path.extension()?.to_str()?;
        ["yaml", "yml"]
            .contains(&extension)
            .then(|| std::fs::read_to_string(path).ok())?
    }
}
