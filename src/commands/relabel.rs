//! The part of `fix` that concerns mislabelled dashboards.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use serde_json::{Value, json};

use super::fix::{FixArgs, diffs, write_changes};
use super::lint::{catalogue, open};
use super::{Console, Exit, Format};
use crate::catalogue::Catalogue;
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::fix::mislabelled::{
    Assessment, FAMILY, Impossible, Relabelled, Strategy, assess, relabel,
};
use crate::fix::{Mended, Wish};
use crate::lint::{Selection, check, lint};
use crate::report;
use crate::setup::Setup;

/// A mislabelled dashboard, and what each way to mend it would do.
pub(super) struct Advice<'s> {
    /// The path that the command was given.
    root: &'s Path,
    setup: &'s Setup,
    assessment: Assessment,
    options: Vec<(Strategy, Result<Relabelled, Impossible>)>,
}

/// Whether mislabelled dashboards are among what was asked for.
pub(super) fn is_wanted(wish: &Wish) -> bool {
    lint(FAMILY[0]).is_some_and(|lint| wish.selection.includes(lint))
}

/// What there is to say of the mislabelled dashboards of a setup.
pub(super) fn advice<'s>(
    root: &'s Path,
    mended: &'s Mended,
    catalogue: &Catalogue,
) -> Vec<Advice<'s>> {
    let facts = Facts::of(&mended.setup, catalogue);
    assess(&facts, &mended.findings)
        .into_iter()
        .map(|assessment| {
            let options = Strategy::ALL.map(|strategy| {
                let outcome = relabel(&facts, catalogue, &mended.findings, &assessment, strategy);
                (strategy, outcome)
            });
            Advice {
                root,
                setup: &mended.setup,
                assessment,
                options: options.into(),
            }
        })
        .collect()
}

/// What is wrong panel by panel, what each way would do, and which one is recommended.
pub(super) fn print(advice: &Advice<'_>, console: Console) {
    let assessment = &advice.assessment;
    let mut text = format!(
        "\nmislabelled: {} is called `{}`, which promises {}; most of its queries are about the {}\n\n",
        advice.setup.shown(&assessment.path).display(),
        assessment.title,
        assessment.promised,
        assessment.shown
    );
    text.push_str(&table(assessment));
    text.push('\n');
    for (strategy, outcome) in &advice.options {
        text.push_str(&option(*strategy, outcome));
    }
    text.push_str(&format!(
        "\nrecommended: {}, because {}\n",
        assessment.recommended.as_str(),
        assessment.reason
    ));
    console.result(&text);
    let recommended = advice
        .options
        .iter()
        .find(|(strategy, _)| *strategy == assessment.recommended);
    if let Some((strategy, Ok(relabelled))) = recommended {
        for (_, diff) in diffs(advice.setup, &relabelled.changes) {
            console.diff(&diff);
        }
        console.say(&format!(
            "write it with `stackwright fix {} --strategy {} --write`; another --strategy shows its difference\n",
            advice.root.display(),
            strategy.as_str()
        ));
    }
}

fn table(assessment: &Assessment) -> String {
    let mut rows = vec![["panel", "promised", "shows", "evidence"].map(str::to_owned)];
    for panel in &assessment.panels {
        let line = panel
            .location
            .as_ref()
            .map_or_else(String::new, |location| {
                format!(
                    ", line {}",
                    location.file.position(location.span.start()).line
                )
            });
        let shown = match (&panel.shown, panel.is_mislabelled()) {
            (Some(shown), true) => format!("{shown} (!)"),
            (Some(shown), false) => shown.clone(),
            (None, _) => "cannot be told".into(),
        };
        rows.push([
            panel.title.clone(),
            format!("{} by {}", panel.promised.0, panel.promised.1.as_str()),
            shown,
            panel
                .evidence
                .as_ref()
                .map_or_else(String::new, |metric| format!("{metric}{line}")),
        ]);
    }
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    rows.iter()
        .map(|[panel, promised, shown, evidence]| {
            let line = format!(
                "  {panel:0$}  {promised:1$}  {shown:2$}  {evidence}",
                widths[0], widths[1], widths[2]
            );
            format!("{}\n", line.trim_end())
        })
        .collect()
}

fn option(strategy: Strategy, outcome: &Result<Relabelled, Impossible>) -> String {
    match outcome {
        Ok(relabelled) => lines(strategy, &told(relabelled)),
        Err(impossible) => lines(strategy, &[format!("not possible: {impossible}")]),
    }
}

/// What it does, what it leaves, and what speaks against it.
fn told(relabelled: &Relabelled) -> Vec<String> {
    let left = relabelled.left.iter().map(|left| format!("stays: {left}"));
    let doubts = relabelled
        .doubts
        .iter()
        .map(|doubt| format!("brings {}: {}", doubt.id, doubt.message));
    let done = relabelled.done.iter().cloned();
    done.chain(left).chain(doubts).collect()
}

fn lines(strategy: Strategy, lines: &[String]) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let name = if index == 0 { strategy.as_str() } else { "" };
        text.push_str(&format!("  {name:8}  {line}\n"));
    }
    text
}

/// The same for programs.
pub(super) fn json(advice: &Advice<'_>) -> Value {
    let assessment = &advice.assessment;
    let panels: Vec<Value> = assessment
        .panels
        .iter()
        .map(|panel| {
            json!({
                "title": panel.title,
                "promised": panel.promised.0,
                "promised_by": panel.promised.1.as_str(),
                "shown": panel.shown,
                "evidence": panel.evidence,
                "location": panel.location.as_ref().map(report::location_json),
                "mislabelled": panel.is_mislabelled(),
            })
        })
        .collect();
    let options: Vec<Value> = advice
        .options
        .iter()
        .map(|(strategy, outcome)| match outcome {
            Ok(relabelled) => relabelled_json(advice.setup, *strategy, relabelled),
            Err(impossible) => json!({
                "strategy": strategy.as_str(),
                "impossible": impossible.to_string(),
            }),
        })
        .collect();
    json!({
        "file": advice.setup.shown(&assessment.path).to_string_lossy(),
        "title": assessment.title,
        "promised": assessment.promised,
        "shown": assessment.shown,
        "panels": panels,
        "options": options,
        "recommended": assessment.recommended.as_str(),
        "reason": assessment.reason,
    })
}

fn relabelled_json(setup: &Setup, strategy: Strategy, relabelled: &Relabelled) -> Value {
    json!({
        "strategy": strategy.as_str(),
        "done": relabelled.done,
        "left": relabelled.left,
        "doubts": relabelled.doubts.iter().map(report::diagnostic_json).collect::<Vec<_>>(),
        "changes": diffs(setup, &relabelled.changes)
            .into_iter()
            .map(|(file, diff)| json!({"file": file, "diff": diff}))
            .collect::<Vec<_>>(),
    })
}

/// Asks which way to go where somebody is there to answer, and goes it. Whether every question was answered with a way.
pub(super) fn ask(advised: &[Advice<'_>], console: Console) -> Result<bool, Box<Diagnostic>> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !is_terminal || advised.is_empty() {
        return Ok(false);
    }
    let mut all = true;
    for advice in advised {
        let words = Strategy::ALL.map(Strategy::as_str).join(", ");
        console.result(&format!(
            "`{}`: {words}, or nothing? [nothing] ",
            advice.assessment.title
        ));
        let mut answer = String::new();
        // Who cannot be understood has not agreed.
        let _ = std::io::stdin().lock().read_line(&mut answer);
        let chosen = advice
            .options
            .iter()
            .find(|(strategy, _)| strategy.as_str() == answer.trim());
        match chosen {
            Some((_, Ok(relabelled))) => {
                write_changes(advice.setup, &relabelled.changes, None)?;
                console.say("written\n");
            }
            Some((_, Err(impossible))) => {
                console.say(&format!("nothing is written: {impossible}\n"));
                all = false;
            }
            None => all = false,
        }
    }
    Ok(all)
}

/// Mends every mislabelled dashboard in one way.
pub(super) fn relabelled(
    args: &FixArgs,
    strategy: Strategy,
    console: Console,
) -> Result<Exit, Vec<Diagnostic>> {
    let one = |diagnostic: Box<Diagnostic>| vec![*diagnostic];
    let catalogue = catalogue().map_err(one)?;
    let mut results = Vec::new();
    let mut is_open = false;
    let mut count = 0;
    for path in &args.paths {
        let mut setup = open(path).map_err(one)?;
        // One after the other: each is told in the words of the files as they are then.
        let mut skipped = 0;
        loop {
            let facts = Facts::of(&setup, &catalogue);
            let findings = check(&facts, &Selection::default());
            let Some(assessment) = assess(&facts, &findings).into_iter().nth(skipped) else {
                break;
            };
            count += 1;
            let shown = setup.shown(&assessment.path).display().to_string();
            let outcome = relabel(&facts, &catalogue, &findings, &assessment, strategy);
            let relabelled = match outcome {
                Ok(relabelled) => relabelled,
                Err(impossible) => {
                    let message = format!("`{shown}` stays as it is: {impossible}");
                    let warning = Diagnostic::warning("fix/no-strategy", message)
                        .help("try another --strategy");
                    console.diagnostics(&[warning]);
                    is_open = true;
                    skipped += 1;
                    continue;
                }
            };
            is_open |= !relabelled.doubts.is_empty() || !args.write;
            match args.format {
                Format::Text => {
                    for (_, diff) in diffs(&setup, &relabelled.changes) {
                        console.diff(&diff);
                    }
                    console.say(&format!(
                        "{shown}:\n{}",
                        lines(strategy, &told(&relabelled))
                    ));
                }
                Format::Json => results.push(relabelled_json(&setup, strategy, &relabelled)),
            }
            if !args.write {
                skipped += 1;
                continue;
            }
            write_changes(&setup, &relabelled.changes, args.backup.as_deref()).map_err(one)?;
            let texts = relabelled
                .changes
                .iter()
                .map(|(path, changed)| (path.to_owned(), changed.after.clone()))
                .collect();
            setup = setup.with(&texts);
        }
    }
    match args.format {
        Format::Text if count == 0 => console.say("no dashboard is mislabelled\n"),
        Format::Text if !args.write => console.say("nothing is written without --write\n"),
        Format::Text => {}
        Format::Json => console.result(&format!(
            "{:#}\n",
            json!({"version": 1, "written": args.write, "changes": results})
        )),
    }
    Ok(if is_open { Exit::Findings } else { Exit::Clean })
}
