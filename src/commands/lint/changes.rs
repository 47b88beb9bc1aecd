//! Which lines a change touches, as git tells.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::project::absolute;
use crate::diagnostic::{Diagnostic, Location};

/// Lines that differ between the working tree and the commit at which a branch began.
#[derive(Debug)]
pub struct Changes {
    /// The root of the working tree.
    root: PathBuf,
    /// By path below the root.
    files: BTreeMap<PathBuf, Lines>,
}

#[derive(Debug, PartialEq, Eq)]
enum Lines {
    All,
    /// First and last, from 1.
    Some(Vec<(usize, usize)>),
}

impl Changes {
    /// What has changed in the repository around `path` since the branch left `reference`, files that git does not know yet
    /// included.
    ///
    /// # Errors
    ///
    /// git is missing, the path is in no repository, or the repository does not have the commit.
    pub fn since(reference: &str, path: &Path) -> Result<Self, Box<Diagnostic>> {
        let directory = match path.is_dir() {
            true => path,
            false => path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        };
        let root = git(directory, &["rev-parse", "--show-toplevel"])?.map_err(|_| {
            let message = format!("`{}` is in no git repository", path.display());
            error(message, "lint without `--changed-since`")
        })?;
        let root = PathBuf::from(root.trim_end_matches('\n'));
        let commit = format!("{reference}^{{commit}}");
        let verify = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ];
        git(&root, &verify)?.map_err(|_| {
            let message = format!("git knows no commit `{reference}` here");
            error(message, HELP)
        })?;
        let base = git(&root, &["merge-base", reference, "HEAD"])?.map_err(|_| {
            let message =
                format!("git finds no commit that `{reference}` and `HEAD` have in common");
            error(message, HELP)
        })?;
        let failed = |said: String| error(format!("git cannot compare: {said}"), HELP);
        let diff = git(
            &root,
            &[
                "diff",
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--text",
                "--find-renames",
                "--ignore-submodules=all",
                "--unified=0",
                "--src-prefix=a/",
                "--dst-prefix=b/",
                base.trim_end(),
                "--",
            ],
        )?
        .map_err(failed)?;
        let untracked = ["ls-files", "--others", "--exclude-standard", "-z"];
        let untracked = git(&root, &untracked)?.map_err(failed)?;
        let mut files = changed_lines(&diff);
        let new = untracked.split('\0').filter(|path| !path.is_empty());
        files.extend(new.map(|path| (PathBuf::from(path), Lines::All)));
        Ok(Self {
            root: absolute(&root),
            files,
        })
    }

    /// Whether a place of a finding is on a line that was changed.
    pub fn touch(&self, finding: &Diagnostic) -> bool {
        let related = finding.related.iter().map(|related| &related.location);
        finding
            .location
            .iter()
            .chain(related)
            .any(|location| self.touch_place(location))
    }

    fn touch_place(&self, location: &Location) -> bool {
        let path = absolute(location.file.path());
        let lines = path.strip_prefix(&self.root).ok();
        match lines.and_then(|path| self.files.get(path)) {
            None => false,
            Some(Lines::All) => true,
            Some(Lines::Some(ranges)) => {
                let first = location.file.position(location.span.start()).line;
                let last = location.file.position(location.span.end()).line;
                ranges
                    .iter()
                    .any(|(start, end)| *start <= last && first <= *end)
            }
        }
    }
}

const HELP: &str =
    "fetch it with its history: `git fetch origin`, and in CI check out with `fetch-depth: 0`";

fn error(message: String, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("lint/no-changes", message).help(help))
}

/// What git prints, or what it says where it fails.
fn git(directory: &Path, arguments: &[&str]) -> Result<Result<String, String>, Box<Diagnostic>> {
    let output = Command::new("git")
        // A repository's own settings must neither run programs nor change what is printed.
        .args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| {
            let message = format!("cannot run `git`: {}", super::super::input::reason(&error));
            self::error(message, "install git, or lint without `--changed-since`")
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr).trim().to_owned()),
    })
}

/// The lines of new versions that a diff without context changes.
fn changed_lines(diff: &str) -> BTreeMap<PathBuf, Lines> {
    let mut files = BTreeMap::new();
    let mut ranges: Option<&mut Lines> = None;
    // Lines of the current hunk that are still to come; they may look like anything.
    let mut content = 0;
    for line in diff.lines() {
        if content > 0 && !line.starts_with('\\') {
            content -= 1;
            continue;
        }
        if let Some(path) = line.strip_prefix("+++ ") {
            let path = unquoted(path);
            ranges = path.strip_prefix("b/").map(|path| {
                let none = || Lines::Some(Vec::new());
                files.entry(PathBuf::from(path)).or_insert_with(none)
            });
        } else if let Some((old, new)) = hunk(line) {
            content = old.1 + new.1;
            let (start, count) = new;
            // Where lines are gone, their neighbours are touched.
            let range = match count {
                0 => (start, start + 1),
                count => (start, start + count - 1),
            };
            if let Some(Lines::Some(ranges)) = &mut ranges {
                ranges.push(range);
            }
        }
    }
    files
}

/// First line and number of lines before and after, from `@@ -1,2 +3,4 @@`.
fn hunk(line: &str) -> Option<((usize, usize), (usize, usize))> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let new = rest.split_once(" @@")?.0;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    Some((range(old)?, range(new)?))
}

/// A path as git writes it: in quotes and with C's escapes where it holds strange characters, with a tab behind it where
/// it holds blanks.
fn unquoted(path: &str) -> String {
    let path = path.strip_suffix('\t').unwrap_or(path);
    let Some(inner) = path
        .strip_prefix('"')
        .and_then(|path| path.strip_suffix('"'))
    else {
        return path.to_owned();
    };
    let mut bytes = Vec::new();
    let mut rest = inner.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some(escaped) = rest.next() else { break };
        bytes.push(match escaped {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            b'0'..=b'7' => {
                let mut value = escaped - b'0';
                while let Some(digit) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) {
                    value = value.wrapping_mul(8).wrapping_add(digit - b'0');
                }
                value
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_new_versions_are_told() {
        let diff = "\
diff --git a/a.yml b/a.yml
--- a/a.yml
+++ b/a.yml
@@ -1,2 +1,3 @@ groups:
-a
--- b
+++ b/not-a-file
+c
+d
@@ -10 +11,0 @@
-gone
diff --git a/b c.json b/b c.json
--- a/b c.json\t
+++ b/b c.json\t
@@ -3 +3 @@
-x
\\ No newline at end of file
+y
\\ No newline at end of file
diff --git a/gone.yml b/gone.yml
--- a/gone.yml
+++ /dev/null
@@ -1 +0,0 @@
-x
";
        let expected = BTreeMap::from([
            (PathBuf::from("a.yml"), Lines::Some(vec![(1, 3), (11, 12)])),
            (PathBuf::from("b c.json"), Lines::Some(vec![(3, 3)])),
        ]);
        assert_eq!(changed_lines(diff), expected);
    }

    #[test]
    fn quoted_paths_are_read() {
        assert_eq!(unquoted(r#""b/a\"\\\t\303\251.yml""#), "b/a\"\\\té.yml");
        assert_eq!(unquoted("b/a b\t"), "b/a b");
    }
}
