//! The command line: what can be typed, and which command it runs.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    self, AdoptArgs, Color, Console, Exit, ExplainArgs, FixArgs, InitArgs, InspectArgs, LintArgs,
    ListArgs, PromqlArgs, RenderArgs, SchemaArgs, ValidateArgs,
};

/// Heading of the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// One profile in, a proven Redis monitoring stack out.
///
/// stackwright renders a declarative profile into everything that a monitoring stack is made of: Prometheus scrape
/// configuration, alert and recording rules with their unit tests, Alertmanager routes, Grafana dashboards, Compose
/// files; one deploy bundle per environment, checked before it is written.
#[derive(Debug, Parser)]
#[command(
    name = "stackwright",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  stackwright init                               write a commented profile.yaml
  stackwright render profile.yaml                write build/<name>/<environment>/…
  stackwright render profile.yaml --check        has anything drifted? exits 1 with a diff
  stackwright lint .                             what is wrong with an existing setup?
  stackwright fix .                              show what can be repaired, as a diff
  stackwright explain redis_memory_max_bytes     what a metric, alert or threshold means

Exit status: 0 clean, 1 findings or drift, 2 could not run, 3 nothing to lint or adopt."
)]
pub struct Cli {
    /// When to colour the output
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = EVERYWHERE)]
    color: Color,
    /// Print errors and asked-for results only
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(InitArgs),
    Render(RenderArgs),
    Validate(ValidateArgs),
    Lint(LintArgs),
    Fix(FixArgs),
    Inspect(InspectArgs),
    Adopt(AdoptArgs),
    List(ListArgs),
    Explain(ExplainArgs),
    Promql(PromqlArgs),
    Schema(SchemaArgs),
    /// Print a shell's completions
    #[command(after_help = "\
Example:
  stackwright completions bash > /etc/bash_completion.d/stackwright")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "\
Example:
  stackwright man > /usr/local/share/man/man1/stackwright.1")]
    Man,
}

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    work_along();
    let console = Console::new(cli.color, cli.quiet);
    let exit = match cli.command {
        Command::Init(args) => commands::init(&args, console),
        Command::Render(args) => commands::render(&args, console),
        Command::Validate(args) => commands::validate(&args, console),
        Command::Lint(args) => commands::lint(&args, console),
        Command::Fix(args) => commands::fix(&args, console),
        Command::Inspect(args) => commands::inspect(&args, console),
        Command::Adopt(args) => commands::adopt(&args, console),
        Command::List(args) => commands::list(&args, console),
        Command::Explain(args) => commands::explain(&args, console),
        Command::Promql(args) => commands::promql(&args, console),
        Command::Schema(args) => commands::schema(&args, console),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "stackwright", &mut text);
            console.result(&String::from_utf8_lossy(&text));
            Exit::Clean
        }
        Command::Man => {
            let mut text = Vec::new();
            // Writing to memory cannot fail.
            let _ = clap_mangen::Man::new(Cli::command()).render(&mut text);
            console.result(&String::from_utf8_lossy(&text));
            Exit::Clean
        }
    };
    console.close(exit).into()
}

/// Makes the calling thread one of those that do the work, instead of one that waits for them: a thread and its heap less, of which a
/// short run takes notice. To be called once, at the start.
pub fn work_along() {
    // It fails only where the pool is there already, which then does as well.
    let _ = rayon::ThreadPoolBuilder::new()
        .use_current_thread()
        .build_global();
}
