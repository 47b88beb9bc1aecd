use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Exit;
use crate::diagnostic::{Diagnostic, Level};
use crate::report;

/// Whether something for standard output could not be written, other than to a reader that went away.
static OUTPUT_LOST: AtomicBool = AtomicBool::new(false);

/// Whether the reader of standard output went away.
static READER_GONE: AtomicBool = AtomicBool::new(false);

/// How a command's result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object, for programs.
    Json,
}

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
        write_output([text]);
    }

    /// A result in parts, which are written as they come.
    pub fn results(self, texts: impl Iterator<Item = String>) {
        write_output(texts);
    }

    /// What the command did, for people; not with `--quiet`.
    pub fn say(self, text: &str) {
        if !self.quiet {
            write_output([text]);
        }
    }

    /// Something to know beside a result, on standard error; not with `--quiet`.
    pub fn note(self, text: &str) {
        if !self.quiet {
            // There is nowhere left to say that this failed.
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
    }

    /// How results on standard output are decorated.
    pub fn result_style(self) -> report::Style {
        self.style(std::io::stdout().is_terminal())
    }

    /// Styled words for [`Self::say`], such as a check's verdict.
    pub fn paint(self, text: &str, ansi: &str) -> String {
        match self.style(std::io::stdout().is_terminal()) {
            report::Style::Coloured => format!("\u{1b}[{ansi}m{text}\u{1b}[0m"),
            report::Style::Plain => text.into(),
        }
    }

    /// A unified diff as a result, in the usual colours.
    pub fn diff(self, diff: &str) {
        for line in diff.split_inclusive('\n') {
            let colour = match line.as_bytes().first() {
                Some(b'+') => "32",
                Some(b'-') => "31",
                Some(b'@') => "36",
                _ => "0",
            };
            let body = line.strip_suffix('\n').unwrap_or(line);
            self.result(&format!("{}\n", self.paint(body, colour)));
        }
    }

    /// Diagnostics, on standard error; with `--quiet` the errors only.
    pub fn diagnostics(self, diagnostics: &[Diagnostic]) {
        let style = self.style(std::io::stderr().is_terminal());
        let mut text = String::new();
        for diagnostic in diagnostics {
            if self.quiet && diagnostic.level < Level::Error {
                continue;
            }
            text.push_str(&report::render(diagnostic, style));
            text.push('\n');
        }
        // There is nowhere left to say that this failed.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// An error that concerns no text.
    pub fn error(self, id: &str, message: impl Into<String>, help: Option<String>) {
        let mut diagnostic = Diagnostic::error(id, message);
        diagnostic.help = help;
        self.diagnostics(&[diagnostic]);
    }

    /// Why a command could not run: diagnostics for people, or the command's JSON object with an empty list of its
    /// `subjects`.
    pub fn failure(self, format: Format, subjects: &str, diagnostics: &[Diagnostic]) {
        match format {
            Format::Text => self.diagnostics(diagnostics),
            Format::Json => {
                let diagnostics: Vec<_> = diagnostics.iter().map(report::diagnostic_json).collect();
                self.result(&format!(
                    "{:#}\n",
                    json!({"version": 1, subjects: [], "diagnostics": diagnostics})
                ));
            }
        }
    }

    /// Whether more results are of any use: `| head` has enough at some point.
    pub fn is_read(self) -> bool {
        !READER_GONE.load(Ordering::Relaxed) && !OUTPUT_LOST.load(Ordering::Relaxed)
    }

    /// How the program ends: not cleanly where what it was asked for did not arrive.
    pub fn close(self, exit: Exit) -> Exit {
        if OUTPUT_LOST.load(Ordering::Relaxed) {
            self.error(
                "output/not-written",
                "cannot write to standard output",
                Some("check where it goes, and its free space".into()),
            );
            return Exit::CouldNotRun;
        }
        exit
    }

    /// A progress bar on standard error for `count` steps.
    pub fn progress(self, count: u64, what: &'static str) -> Progress {
        let bar = indicatif::ProgressBar::with_draw_target(
            Some(count),
            indicatif::ProgressDrawTarget::hidden(),
        );
        if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Progress {
            bar,
            since: Instant::now(),
            is_wanted: !self.quiet && std::io::stderr().is_terminal(),
        }
    }
}

/// A bar that appears on a terminal once the work has taken [`PATIENCE`], and is gone when this is dropped.
pub struct Progress {
    bar: indicatif::ProgressBar,
    since: Instant,
    is_wanted: bool,
}

/// Who waits longer than this wants to know how much longer.
const PATIENCE: Duration = Duration::from_secs(1);

impl Progress {
    /// One more step is done.
    pub fn step(&self) {
        if self.is_wanted && self.bar.is_hidden() && self.since.elapsed() >= PATIENCE {
            self.bar
                .set_draw_target(indicatif::ProgressDrawTarget::stderr_with_hz(4));
        }
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A reader that goes away (`| head`) is no error of ours; a full disk is.
fn write_output<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) {
    // Standard output itself would be flushed at every line.
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut texts = texts.into_iter();
    let written = texts
        .try_for_each(|text| out.write_all(text.as_ref().as_bytes()))
        .and_then(|()| out.flush());
    if let Err(error) = written {
        let flag = match error.kind() {
            ErrorKind::BrokenPipe => &READER_GONE,
            _ => &OUTPUT_LOST,
        };
        flag.store(true, Ordering::Relaxed);
    }
}
