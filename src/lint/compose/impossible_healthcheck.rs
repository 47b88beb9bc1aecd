use crate::diagnostic::{Level, Safety};
use crate::document::{Node, Value};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::text::Text;
use crate::lint::rewriting::in_place;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "compose/impossible-healthcheck",
    level: Level::Error,
    summary: "a health check with a command that the image does not have, or one that is waited for and does not exist",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for project in &facts.projects {
        for service in project.services.values() {
            check_command(facts, service, findings);
            check_dependencies(facts, project, service, findings);
        }
    }
}

fn check_command(facts: &Facts<'_>, service: &ComposeService, findings: &mut Findings<'_>) {
    let Some(test) = Test::of(facts, service) else {
        return;
    };
    let (Some(program), Some(image)) = (&service.program, &service.image) else {
        return;
    };
    // Images of other makers hold other things than the program's own.
    let is_foreign = image.repository.as_deref().is_some_and(|repository| {
        repository.starts_with("bitnami") || repository.starts_with("ubuntu/prom")
    });
    let Some(command) = test.command.as_deref().filter(|_| !is_foreign) else {
        return;
    };
    let tag = image.tag.as_deref().unwrap_or("latest");
    let is_installed = service
        .build
        .iter()
        .filter_map(|build| build.dockerfile.as_ref())
        .any(|file| {
            file.has_stages
                || file.runs.iter().any(|run| run.as_str().contains(command))
                || file
                    .copies
                    .iter()
                    .any(|copy| copy.destination.as_str().ends_with(command))
        });
    if !program.lacks(command, tag) || is_installed {
        return;
    }
    let name = image.text.value().map_or("the image", Text::as_str);
    let finding = findings
        .report(
            test.place,
            format!(
                "`{}` never becomes healthy: `{name}` has no `{command}`",
                service.name.as_str()
            ),
        )
        .label(format!("needs `{command}`"))
        .help(match program.program.as_str() {
            "redis_exporter" => "use a tag with `-alpine`, or remove the health check".to_owned(),
            _ => format!("use a command that the image has, or install `{command}` in it"),
        });
    // Images with a shell are tagged so; nothing of what Compose merges or fills in is changed.
    let small = format!("{tag}-alpine");
    let place = image.text.value().map(|text| text.place);
    let has_variant = program.program == "redis_exporter" && !tag.contains("alpine");
    if let Some(place) = place.filter(|_| has_variant) {
        let edits = match &image.tag {
            Some(tag) => in_place(facts.setup, place, &format!(":{tag}"), &format!(":{small}")),
            None => in_place(facts.setup, place, name, &format!("{name}:{small}")),
        };
        if let Some(edits) = edits {
            finding.fix(Safety::Unsafe, format!("take the tag `{small}`"), edits);
        }
        return;
    }
    if command == "curl"
        && !program.lacks("wget", tag)
        && let Some((span, written)) = by_wget(facts.setup.slice(test.place))
    {
        let document = facts.setup.document(test.place.document);
        let span = span.shifted(test.place.span.start());
        let edits = vec![(document.place(span), written)];
        finding.fix(Safety::Unsafe, "ask by `wget`, which the image has", edits);
    }
}

/// What a health check runs: that of the Compose file, or that of the image which is built.
struct Test {
    place: Place,
    /// The program that it starts.
    command: Option<String>,
}

impl Test {
    fn of(facts: &Facts<'_>, service: &ComposeService) -> Option<Self> {
        if let Some((layer, entry)) = service.get("healthcheck") {
            let test = entry.value.get("test")?;
            return Some(Self {
                place: facts.setup.document(layer.document).place(test.span),
                command: command(test).map(str::to_owned),
            });
        }
        let dockerfile = service.build.as_ref()?.dockerfile.as_ref()?;
        let (first, last) = (
            dockerfile.healthcheck.first()?,
            dockerfile.healthcheck.last()?,
        );
        let document = facts.setup.document(dockerfile.document);
        Some(Self {
            place: document.place(first.place.span.join(last.place.span)),
            command: first.as_str().rsplit('/').next().map(str::to_owned),
        })
    }
}

/// `wget` for a `curl` that only asks whether a page is there: the bytes of program and options.
fn by_wget(test: &str) -> Option<(Span, String)> {
    let start = test.find("curl")?;
    let address = start + test[start..].find("http")?;
    let between = &test[start + "curl".len()..address];
    let is_list = between.contains(',');
    let options = between
        .split([',', ' ', '"', '\'', '\n'])
        .filter(|word| !word.is_empty() && *word != "-");
    let is_known = |word: &str| {
        matches!(word, "--fail" | "--silent" | "--show-error")
            || word.strip_prefix('-').is_some_and(|letters| {
                !letters.is_empty() && letters.chars().all(|letter| "fsS".contains(letter))
            })
    };
    if !options.clone().all(is_known) {
        return None;
    }
    let quote = test[..start]
        .chars()
        .next_back()
        .filter(|last| "\"'".contains(*last));
    let written = match (is_list, quote) {
        (true, Some(quote)) => {
            let words = ["wget", "-q", "--spider", ""];
            words.join(&format!("{quote}, {quote}"))
        }
        (true, None) => return None,
        _ => "wget -q --spider ".to_owned(),
    };
    // What stands behind the address is for a shell, or for curl.
    let rest = &test[address..];
    let end = rest.find([' ', '"', '\'', ']']).unwrap_or(rest.len());
    let is_alone = !rest[end..].contains(" -") || rest[end..].trim_start().starts_with("||");
    is_alone.then_some((Span::new(start, address), written))
}

/// The program that the check starts.
fn command(test: &Node) -> Option<&str> {
    let words: Vec<&str> = test.items().iter().map(|item| item.scalar_text()).collect();
    let command = match (words.as_slice(), &test.value) {
        (["CMD", command, ..], _) => command,
        (["CMD-SHELL", line, ..], _) => line.split_whitespace().next()?,
        (_, Value::String(_)) => test.scalar_text().split_whitespace().next()?,
        _ => return None,
    };
    command.rsplit('/').next()
}

fn check_dependencies(
    facts: &Facts<'_>,
    project: &crate::facts::compose::ComposeProject,
    service: &ComposeService,
    findings: &mut Findings<'_>,
) {
    let Some((layer, entry)) = service.get("depends_on") else {
        return;
    };
    let document = facts.setup.document(layer.document);
    for dependency in entry.value.entries() {
        let Some(condition) = dependency.value.get("condition") else {
            continue;
        };
        let Some(other) = project.services.get(&*dependency.key.text) else {
            continue;
        };
        let is_disabled = other.get("healthcheck").is_some_and(|(_, entry)| {
            entry
                .value
                .get("disable")
                .is_some_and(|node| node.scalar_text() == "true")
        });
        let is_built_in = other.build.is_some() || other.program.is_none();
        let is_there = other.get("healthcheck").is_some() && !is_disabled;
        if condition.scalar_text() != "service_healthy" || is_there || (is_built_in && !is_disabled)
        {
            continue;
        }
        let finding = findings
            .report(
                document.place(condition.span),
                format!(
                    "`{}` never starts: `{}` has no health check to become healthy by",
                    service.name.as_str(),
                    other.name.as_str()
                ),
            )
            .label("waits for ever")
            .related("without a health check", other.place())
            .help("give it a `healthcheck`, or wait for `service_started`");
        let place = document.place(condition.span);
        if let Some(edits) = in_place(facts.setup, place, "service_healthy", "service_started") {
            finding.fix(Safety::Unsafe, "wait for `service_started`", edits);
        }
    }
}
