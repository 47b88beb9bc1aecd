use crate::catalogue::{ProgramFlag, Version};
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "scrape/setting-not-in-pinned-version",
    level: Level::Error,
    summary: "a flag that the pinned version of the program does not know",
    needs: &[Need::Versions],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        let (Some(program), Some(version)) = (&service.program, service.version()) else {
            continue;
        };
        for argument in service.entrypoint.iter().chain(&service.command) {
            let Some((flag, value)) = parts(argument) else {
                continue;
            };
            let known = facts.catalogue.flags().iter().find(|known| {
                known.program == program.program
                    && known.flag == flag
                    && !known.is_in(version)
                    && known.value.as_ref().is_none_or(|expected| {
                        value.is_some_and(|value| value.split(',').any(|part| part == expected))
                    })
            });
            if let Some(known) = known {
                report(facts, service, version, argument, known, findings);
            }
        }
    }
    check_exporters(facts, findings);
}

/// The name of a flag and its value.
fn parts(argument: &Text) -> Option<(&str, Option<&str>)> {
    let bare = argument.as_str().strip_prefix('-')?;
    let bare = bare.strip_prefix('-').unwrap_or(bare);
    Some(match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    })
}

fn report(
    facts: &Facts<'_>,
    service: &ComposeService,
    version: Version,
    argument: &Text,
    known: &ProgramFlag,
    findings: &mut Findings<'_>,
) {
    let shown = match &known.value {
        Some(value) => format!("--{}={value}", known.flag),
        None => format!("--{}", known.flag),
    };
    let when = match (known.until, known.since) {
        (Some(until), _) if version >= until => format!("it went with {until}"),
        (_, Some(since)) => format!("it came with {since}"),
        _ => String::new(),
    };
    let what = match known.value {
        Some(_) => "passes over",
        None => "does not start with",
    };
    let finding = findings
        .report(
            argument.place,
            format!("{} {version} {what} `{shown}`: {when}", known.program),
        )
        .label("not in this version");
    let finding = match &service.image {
        Some(image) => match &image.text {
            crate::facts::text::Known::Value(text) => finding.related("the version", text.place),
            crate::facts::text::Known::Placeholder(_) => finding,
        },
        None => finding,
    };
    match (&known.now, &known.instead) {
        (Some(now), _) => {
            let finding = finding.help(format!("write `--{now}`"));
            let written = argument.as_str();
            // Only where the words of the command stand as they are.
            if let Some(start) = written.find(known.flag.as_str())
                && facts.setup.slice(argument.place).contains(written)
            {
                let span = Span::new(start, start + known.flag.len());
                let place = argument.part(facts.setup, span);
                if facts.setup.slice(place) == known.flag {
                    finding.fix(
                        Safety::Safe,
                        format!("write `--{now}`"),
                        vec![(place, now.clone())],
                    );
                }
            }
        }
        (None, Some(instead)) => {
            finding.help(instead.clone());
        }
        (None, None) => {}
    }
}

/// Of exporters the catalogue knows every flag.
fn check_exporters(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        let exporter = service
            .program
            .as_ref()
            .and_then(|program| facts.catalogue.exporter(program.exporter.as_deref()?));
        let (Some(exporter), Some(version)) = (exporter, service.version()) else {
            continue;
        };
        for argument in service.entrypoint.iter().chain(&service.command) {
            let Some((name, _)) = parts(argument) else {
                continue;
            };
            let Some(flag) = exporter.flags.iter().find(|flag| flag.name == name) else {
                continue;
            };
            let is_gone = flag.until.is_some_and(|until| version >= until);
            if flag.since.includes(version) && !is_gone {
                continue;
            }
            let when = match flag.until.filter(|_| is_gone) {
                Some(until) => format!("it went with {until}"),
                None => format!("it came with {}", flag.since),
            };
            findings
                .report(
                    argument.place,
                    format!(
                        "{} {version} does not start with `--{name}`: {when}",
                        exporter.name
                    ),
                )
                .label("not in this version")
                .help("drop the flag, or pin a version that has it");
        }
    }
}
