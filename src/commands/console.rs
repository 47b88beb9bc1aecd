use std::io::{IsTerminal, Write};

use crate::diagnostic::Diagnostic;
use crate::report;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command prints. Results go to standard output; diagnostics and progress to standard error.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    color: Color,
    quiet: bool,
}

impl Console {
    /// `quiet` leaves out everything but results that were asked for and errors.
    pub const fn new(color: Color, quiet: bool) -> Self {
        Self { color, quiet }
    }

    fn style(self, terminal: bool) -> report::Style {
        let coloured = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        if coloured {
            report::Style::Coloured
        } else {
            report::Style::Plain
        }
    }

    /// A result: what the command was run for.
    pub fn result(self, text: &str) {
        write_all(&mut std::io::stdout().lock(), text);
    }

    /// What the command did, for people; not with `--quiet`.
    pub fn say(self, text: &str) {
        if !self.quiet {
            write_all(&mut std::io::stdout().lock(), text);
        }
    }

    /// Styled words for [`Self::say`], such as a check's verdict.
    pub fn paint(self, text: &str, ansi: &str) -> String {
        match self.style(std::io::stdout().is_terminal()) {
            report::Style::Coloured => format!("\u{1b}[{ansi}m{text}\u{1b}[0m"),
            report::Style::Plain => text.into(),
        }
    }

    /// Diagnostics, on standard error, with a closing count of the errors.
    pub fn diagnostics(self, diagnostics: &[Diagnostic]) {
        let style = self.style(std::io::stderr().is_terminal());
        let mut text = String::new();
        for diagnostic in diagnostics {
            text.push_str(&report::render(diagnostic, style));
            text.push('\n');
        }
        write_all(&mut std::io::stderr().lock(), &text);
    }

    /// An error that concerns no text.
    pub fn error(self, id: &str, message: impl Into<String>, help: Option<String>) {
        let mut diagnostic = Diagnostic::error(id, message);
        diagnostic.help = help;
        self.diagnostics(&[diagnostic]);
    }

    /// A progress bar on standard error for `count` steps; hidden where nobody would see it move.
    pub fn progress(self, count: u64, what: &'static str) -> indicatif::ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return indicatif::ProgressBar::hidden();
        }
        let bar = indicatif::ProgressBar::with_draw_target(
            Some(count),
            // A run under a second finishes before the first drawing.
            indicatif::ProgressDrawTarget::stderr_with_hz(4),
        );
        if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }
}

/// A reader that goes away (`| head`) is no error of ours.
fn write_all(out: &mut impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
