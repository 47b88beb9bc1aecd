use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Read};

use rayon::prelude::*;

use super::generate::Generator;
use super::input::reason;
use super::{Console, Exit};
use crate::catalogue::Catalogue;
use crate::diagnostic::Diagnostic;
use crate::promql::analysis::{Analysis, NamingConventions};
use crate::promql::{Options, Target, Version, parse_bytes};
use crate::report::{self, Expression};

/// Bytes of standard input that are read at a time.
const CHUNK: usize = 256 << 10;
/// Longest expression that is read: 64 MiB.
const LONGEST: usize = 64 << 20;

/// Read PromQL expressions: what is wrong with them, how they are built, and what the result is.
///
/// Prints each expression formatted, its tree, its type, what is known of its values, the labels that the result can and
/// cannot have, its metrics and windows, and the Prometheus that understands it. Exits with 1 where one is invalid.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright promql 'sum by (job) (rate(http_requests_total[5m]))'
      formats it, prints the tree, and what the result is
  stackwright promql --prometheus 2.42 'limitk(2, up)'
      is it valid for that Prometheus?
  jq -j '..|.expr? //empty|.+\"\\u0000\"' dashboard.json | stackwright promql --grafana --json
      every query of a dashboard, one JSON object a line")]
pub struct PromqlArgs {
    /// The expressions; without any, they are read from standard input, separated by NUL bytes
    #[arg(value_name = "EXPR")]
    pub expressions: Vec<OsString>,
    /// The Prometheus whose verdict is asked for, such as 2.42; the newest by default
    #[arg(long, value_name = "VERSION")]
    pub prometheus: Option<Version>,
    /// The feature flags that it runs with; by default every feature is allowed
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub enable_feature: Option<Vec<String>>,
    /// Understand Grafana's variables and macros, such as $job and $__rate_interval
    #[arg(long)]
    pub grafana: bool,
    /// Print one JSON object a line; offsets are in bytes
    #[arg(long)]
    pub json: bool,
}

/// Runs `promql`.
pub fn promql(args: &PromqlArgs, console: Console) -> Exit {
    let generator = match Generator::new(None) {
        Ok(generator) => generator,
        Err(error) => {
            console.diagnostics(&[*error]);
            return Exit::CouldNotRun;
        }
    };
    let mut reader = Reader {
        options: Options {
            target: Target {
                version: args.prometheus.unwrap_or(Version::NEWEST),
                enabled: args.enable_feature.clone(),
            },
            grafana: args.grafana,
        },
        json: args.json,
        catalogue: &generator.catalogue,
        console,
        count: 0,
        some_invalid: false,
    };
    if args.expressions.is_empty() {
        if let Err(error) = reader.read_input() {
            console.diagnostics(&[*error]);
            return Exit::CouldNotRun;
        }
    } else {
        let expressions: Vec<&[u8]> = args
            .expressions
            .iter()
            .map(|expression| expression.as_encoded_bytes())
            .collect();
        let is_only = expressions.len() == 1;
        reader.read(&expressions, is_only);
    }
    if reader.some_invalid {
        Exit::Findings
    } else {
        Exit::Clean
    }
}

struct Reader<'c> {
    options: Options,
    json: bool,
    catalogue: &'c Catalogue,
    console: Console,
    /// How many expressions came before.
    count: usize,
    some_invalid: bool,
}

/// What is said about one expression.
struct Answer {
    text: String,
    diagnostics: Vec<Diagnostic>,
    valid: bool,
}

impl Reader<'_> {
    /// Reads a batch and prints the answers in its order, before more input is waited for.
    fn read(&mut self, expressions: &[&[u8]], is_only: bool) {
        let answers: Vec<Answer> = expressions
            .par_iter()
            .enumerate()
            .map(|(index, expression)| {
                let name = if is_only {
                    "expression".to_owned()
                } else {
                    format!("expression {}", self.count + index + 1)
                };
                self.answer(expression, name)
            })
            .collect();
        self.some_invalid |= answers.iter().any(|answer| !answer.valid);
        if self.json {
            let lines: String = answers.into_iter().map(|answer| answer.text).collect();
            self.console.result(&lines);
        } else {
            for (index, answer) in answers.iter().enumerate() {
                if self.count + index > 0 && !answer.text.is_empty() {
                    self.console.result("\n");
                }
                self.console.result(&answer.text);
                self.console.diagnostics(&answer.diagnostics);
            }
        }
        self.count += expressions.len();
    }

    fn answer(&self, expression: &[u8], name: String) -> Answer {
        let parsed = parse_bytes(expression, &self.options);
        let valid = parsed.is_valid();
        if !valid && !self.json {
            return Answer {
                text: String::new(),
                diagnostics: report::expression_diagnostics(&parsed, name),
                valid,
            };
        }
        let analysis = Analysis::of(&parsed, &(self.catalogue, NamingConventions));
        let expression = Expression::new(&parsed, &analysis);
        let text = if self.json {
            format!("{}\n", expression.json())
        } else {
            expression.text()
        };
        Answer {
            text,
            diagnostics: Vec::new(),
            valid,
        }
    }

    /// Reads standard input to its end, or until nobody reads the answers any more. What stands behind the last NUL byte
    /// is an expression unless it is empty, as `xargs -0` has it; an empty input is an empty expression.
    fn read_input(&mut self) -> Result<(), Box<Diagnostic>> {
        let mut input = std::io::stdin().lock();
        if input.is_terminal() {
            return Err(Box::new(
                Diagnostic::error("promql/no-expression", "there is no expression to read").help(
                    "give one as argument, or several on standard input, separated by NUL bytes",
                ),
            ));
        }
        let mut pending: Vec<u8> = Vec::new();
        let mut chunk = vec![0; CHUNK];
        while self.console.is_read() {
            let count = match input.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Box::new(Diagnostic::error(
                        "promql/unreadable",
                        format!("cannot read standard input: {}", reason(&error)),
                    )));
                }
            };
            let new = &chunk[..count];
            if count == 0 {
                if !pending.is_empty() || self.count == 0 {
                    self.read(&[&pending], self.count == 0);
                }
                break;
            }
            let Some(end) = new.iter().rposition(|byte| *byte == 0) else {
                pending.extend_from_slice(new);
                if pending.len() > LONGEST {
                    return Err(Box::new(
                        Diagnostic::error(
                            "promql/unreadable",
                            format!("an expression is longer than {} MiB", LONGEST >> 20),
                        )
                        .help("separate expressions by NUL bytes"),
                    ));
                }
                continue;
            };
            pending.extend_from_slice(&new[..end]);
            let expressions: Vec<&[u8]> = pending.split(|byte| *byte == 0).collect();
            self.read(&expressions, false);
            pending.clear();
            pending.extend_from_slice(&new[end + 1..]);
        }
        Ok(())
    }
}
