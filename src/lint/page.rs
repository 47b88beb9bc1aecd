//! The page of a lint: its manual, and its first test.

use include_dir::{Dir, include_dir};

static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/docs/lints");

/// The page of a lint.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Markdown.
    pub text: &'static str,
}

/// A fenced block that names a file: "```yaml prometheus/prometheus.yml".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'p> {
    /// The file's path in the example's setup.
    pub path: &'p str,
    /// Its text.
    pub text: &'p str,
}

/// The page `docs/lints/<id>.md`.
pub fn page(id: &str) -> Option<Page> {
    let text = PAGES.get_file(format!("{id}.md"))?.contents_utf8()?;
    Some(Page { text })
}

impl Page {
    /// The text of a section, without its heading.
    pub fn section(&self, title: &str) -> Option<&'static str> {
        let heading = format!("\n## {title}\n");
        let start = self.text.find(&heading)? + heading.len();
        let rest = &self.text[start..];
        Some(rest.split("\n## ").next().unwrap_or(rest))
    }

    /// The files in a section's fenced blocks.
    pub fn files(&self, title: &str) -> Vec<Example<'static>> {
        let mut files = Vec::new();
        let mut rest = self.section(title).unwrap_or_default();
        while let Some((_, after)) = rest.split_once("\n```") {
            let Some((fence, body)) = after.split_once('\n') else {
                break;
            };
            let (text, next) = body.split_once("```").unwrap_or((body, ""));
            if let Some((_, path)) = fence.trim().split_once(' ') {
                files.push(Example { path, text });
            }
            rest = next;
        }
        files
    }
}
