use annotate_snippets::{AnnotationKind, Group, Level as Shown, Origin, Renderer, Snippet};

use super::redact::redact;
use crate::diagnostic::{Diagnostic, Level, Location};
use crate::source::Span;

/// How text is decorated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Bytes only: for files, pipes and CI logs.
    #[default]
    Plain,
    /// ANSI colours: for terminals.
    Coloured,
}

/// A diagnostic as rustc shows one: level, what, where, the lines with carets, help.
pub fn render(diagnostic: &Diagnostic, style: Style) -> String {
    let level = match diagnostic.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Info => Shown::INFO,
    };
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let mut group = Group::with_title(
        level
            .primary_title(one_line(&diagnostic.message))
            .id(diagnostic.id.as_str()),
    );
    if let Some(location) = &diagnostic.location {
        group = with_place(group, location, &diagnostic.label, AnnotationKind::Primary);
    }
    for related in &diagnostic.related {
        group = with_place(
            group,
            &related.location,
            &related.note,
            AnnotationKind::Context,
        );
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Shown::HELP.message(one_line(help)));
    }
    let mut text = renderer.render(&[group]).to_string();
    text.push('\n');
    text
}

/// A diagnostic in one line: `file:line:column: level[id]: message`.
pub fn concise(diagnostic: &Diagnostic) -> String {
    let place = diagnostic
        .location
        .as_ref()
        .map_or_else(String::new, |location| {
            let position = location.file.position(location.span.start());
            format!(
                "{}:{}:{}: ",
                location.file.path().display(),
                position.line,
                position.column
            )
        });
    format!(
        "{place}{}[{}]: {}\n",
        diagnostic.level.as_str(),
        diagnostic.id,
        one_line(&diagnostic.message)
    )
}

/// Bytes of a line that are worth laying out on each side of a place: far more than a terminal is wide.
const REACH: usize = 2_000;

/// The line of one place, and the place underlined. Only the first line of a longer span is underlined; of a place
/// far inside an endless line only the position is told.
fn with_place<'a>(
    group: Group<'a>,
    location: &'a Location,
    label: &'a str,
    kind: AnnotationKind,
) -> Group<'a> {
    let file = &location.file;
    let position = file.position(location.span.start());
    let window = file.line_span(position.line);
    let path = file.path().display().to_string();
    let at = location.span.start().clamp(window.start(), window.end()) - window.start();
    if at > REACH {
        return group.element(
            Origin::path(path)
                .line(position.line)
                .char_column(position.column),
        );
    }
    let line = file
        .text()
        .get(window.start()..window.end())
        .unwrap_or_default();
    // A place ends where its line does.
    let end = location.span.end().clamp(window.start(), window.end()) - window.start();
    let reach = whole_characters(line, Span::new(0, at + REACH)).end();
    let text = redact(&line[..reach]);
    let span = whole_characters(&text, Span::new(at, end.max(at)));
    let annotation = kind.span(span.start()..span.end());
    let annotation = if label.is_empty() {
        annotation
    } else {
        annotation.label(label)
    };
    group.element(
        Snippet::source(text)
            .line_start(position.line)
            .path(path)
            .annotation(annotation),
    )
}

fn whole_characters(text: &str, span: Span) -> Span {
    let mut start = span.start().min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end().clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    Span::new(start, end)
}

/// A message stays on its line, whatever a name in it holds.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// A unified diff of a file, `---`/`+++` header included; empty where nothing differs.
pub fn diff(path: &str, old: &str, new: &str) -> String {
    diff_between(path, path, old, new)
}

/// A unified diff of a file that may have had another path before.
pub fn diff_between(old_path: &str, path: &str, old: &str, new: &str) -> String {
    let diff = similar::TextDiff::from_lines(old, new);
    diff.unified_diff()
        .context_radius(3)
        .header(&format!("a/{old_path}"), &format!("b/{path}"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn a_diagnostic_looks_like_the_compiler_s() {
        let file = Arc::new(SourceFile::new("p.yaml", "name: a\ntarget: {}\n"));
        let diagnostic = Diagnostic::error("profile/unknown-key", "a profile has no key `target`")
            .at(&file, Span::new(8, 14))
            .help("did you mean `targets`?");
        assert_eq!(
            render(&diagnostic, Style::Plain),
            "\
error[profile/unknown-key]: a profile has no key `target`
 --> p.yaml:2:1
  |
2 | target: {}
  | ^^^^^^
  |
  = help: did you mean `targets`?
"
        );
        assert_eq!(
            concise(&diagnostic),
            "p.yaml:2:1: error[profile/unknown-key]: a profile has no key `target`\n"
        );
    }

    #[test]
    fn an_endless_line_costs_nothing() {
        let long = format!("a: {}", "é".repeat(5_000_000));
        let file = Arc::new(SourceFile::new("p.yaml", long));
        let shown = |span| render(&Diagnostic::error("a/b", "x").at(&file, span), Style::Plain);
        let near = shown(Span::new(3, 10_000_003));
        assert!(near.contains("1 | a: éééé") && near.len() < 1_000, "{near}");
        let far = shown(Span::at(9_000_003));
        assert_eq!(far, "error[a/b]: x\n--> p.yaml:1:4500004\n");
    }

    #[test]
    fn a_secret_beside_an_error_is_not_shown() {
        let file = Arc::new(SourceFile::new("p.yaml", "password: hunter2\n"));
        let diagnostic =
            Diagnostic::error("profile/literal-secret", "x").at(&file, Span::new(10, 17));
        assert!(!render(&diagnostic, Style::Plain).contains("hunter2"));
    }
}
