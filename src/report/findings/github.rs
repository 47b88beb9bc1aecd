use super::{Report, file, more, sentence};
use crate::diagnostic::Level;
use crate::report::fold::folded;

impl Report<'_> {
    /// Workflow commands: annotations of lines in GitHub's review of a change. GitHub shows ten of each level for a step, so what
    /// is found alike in a file is told once.
    pub fn github(&self) -> String {
        let mut text = String::new();
        for folded in folded(self.findings) {
            let finding = folded.diagnostic;
            let command = match finding.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Info => "notice",
            };
            let mut properties = Vec::new();
            if let Some(location) = &finding.location {
                let start = location.file.position(location.span.start());
                let end = location.file.position(location.span.end());
                properties.push(("file", file(finding)));
                properties.push(("line", start.line.to_string()));
                properties.push(("endLine", end.line.to_string()));
                // Columns are understood within one line only.
                if start.line == end.line {
                    properties.push(("col", start.column.to_string()));
                    properties.push(("endColumn", end.column.to_string()));
                }
            }
            properties.push(("title", finding.id.clone()));
            let properties: Vec<String> = properties
                .iter()
                .map(|(name, value)| format!("{name}={}", property(value)))
                .collect();
            let more = more(&folded).map_or_else(String::new, |more| format!("\n{more}"));
            let message = data(&format!("{}{more}", sentence(finding)));
            text.push_str(&format!(
                "::{command} {}::{message}\n",
                properties.join(",")
            ));
        }
        text
    }
}

/// The escapes of a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The escapes of a command's properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_a_command() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%"), "a%2Cb%3Ac%25");
    }
}
