use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::container::Resolved;
use crate::facts::text::placeholder;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Kind;

pub(super) static LINT: Lint = Lint {
    id: "stack/unread-config",
    level: Level::Error,
    summary: "a configuration is mounted where its program does not look for it",
    needs: &[Need::Files],
    check,
};

const PROGRAMS: [(&str, Kind); 2] = [
    ("prometheus", Kind::Prometheus),
    ("alertmanager", Kind::Alertmanager),
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let services = facts
        .projects
        .iter()
        .flat_map(|project| project.services.values());
    for service in services {
        for (program, kind) in PROGRAMS {
            if service.runs(program) {
                check_service(facts, service, kind, findings);
            }
        }
    }
}

fn check_service(
    facts: &Facts<'_>,
    service: &ComposeService,
    kind: Kind,
    findings: &mut Findings<'_>,
) {
    // A script may write the file, or hand its path on.
    let is_script = !service.entrypoint.is_empty()
        || service
            .command
            .first()
            .is_some_and(|first| !first.as_str().starts_with('-'));
    if is_script || service.container.is_opaque {
        return;
    }
    let flag = service.flag("config.file");
    let default = service
        .program
        .as_ref()
        .and_then(|image| image.config.as_deref());
    let (Some(path), Some(default)) =
        (flag.as_ref().map(|flag| flag.as_str()).or(default), default)
    else {
        return;
    };
    let listing = facts.setup.listing();
    let is_known = path.starts_with('/') && placeholder(path).is_none();
    // Of a file that is left out of the setup, only its absence is seen.
    let is_left_out = match service.container.resolve(listing, path) {
        Resolved::Image => false,
        Resolved::Missing(_) => true,
        _ => return,
    };
    if !is_known {
        return;
    }
    let files = service.container.files(listing);
    let mut mounted = files.iter().filter_map(|(target, file)| {
        let mut documents = facts.setup.of_kind(kind);
        let document = documents.find(|document| {
            *document.path == **file && document.wrapper.is_none() && !document.is_part()
        })?;
        Some((target, document))
    });
    // One that is included, or a second one for another purpose, proves nothing.
    let (Some((target, document)), None) = (mounted.next(), mounted.next()) else {
        return;
    };
    let name = service.name.as_str();
    let message = format!("`{name}` reads `{path}`, but its configuration is at `{target}`");
    let consequence = match path == default {
        true => "the image's own file",
        false => "no such file",
    };
    let place = flag.as_ref().map_or(service.place(), |flag| flag.place);
    let finding = findings
        .report(place, message)
        .label(consequence)
        .related("nothing reads this", document.head())
        .help(format!(
            "mount it at `{path}`, or start `{name}` with `--config.file={target}`"
        ));
    if is_left_out {
        finding.assuming("nobody makes that file before the start");
    }
}
