use crate::diagnostic::{Level, Safety};
use crate::document::Change;
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::container::{Mount, MountSource, Via};
use crate::facts::text::placeholder;
use crate::lint::rewriting::{Edits, edits, route_to};
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "compose/missing-bind-source",
    level: Level::Error,
    summary: "a file that is mounted does not exist: Docker makes an empty directory of that name",
    needs: &[Need::Files],
    check,
};

/// Endings of files that people write and keep; of others, such as keys and sockets, nothing is expected.
const KEPT: [&str; 11] = [
    "yml", "yaml", "json", "conf", "ini", "toml", "tmpl", "rules", "sh", "lua", "cfg",
];

/// Words in paths of what is made where the setup runs.
const MADE: [&str; 10] = [
    "secret",
    "cert",
    "ssl",
    "tls",
    "data",
    "generated",
    "dist",
    "build",
    "acme",
    "local",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for project in &facts.projects {
        // A Compose file without its neighbours tells nothing of them.
        let is_whole = mounts(project).any(|(_, mount)| match &mount.source {
            MountSource::Setup(path) => {
                !path.is_empty() && mount.via != Via::Copy && facts.setup.listing().exists(path)
            }
            _ => false,
        });
        if !is_whole {
            continue;
        }
        for (service, mount) in mounts(project) {
            check_mount(facts, service, mount, findings);
        }
    }
}

fn mounts(project: &ComposeProject) -> impl Iterator<Item = (&ComposeService, &Mount)> {
    project.services.values().flat_map(|service| {
        service
            .container
            .mounts
            .iter()
            .map(move |mount| (service, mount))
    })
}

/// The mount as a mapping that does not let Docker make a directory.
fn long_form(facts: &Facts<'_>, service: &ComposeService, mount: &Mount) -> Option<Edits> {
    let (layer, volumes) = service.get("volumes")?;
    let document = facts.setup.document(layer.document);
    let items = volumes.value.items();
    let index = items
        .iter()
        .position(|item| mount.place.document == document.id && item.span == mount.place.span)?;
    let written = items[index].as_str().filter(|text| !text.contains('$'))?;
    let (source, target, mode) = match written.split(':').collect::<Vec<_>>()[..] {
        [source, target] => (source, target, None),
        [source, target, mode @ ("ro" | "rw")] => (source, target, Some(mode)),
        _ => return None,
    };
    let mut mount = serde_json::json!({"type": "bind", "source": source, "target": target});
    if mode == Some("ro") {
        mount["read_only"] = true.into();
    }
    mount["bind"] = serde_json::json!({"create_host_path": false});
    let list = route_to(document, &volumes.value)?;
    let (place, text) = edits(document, &[Change::InsertItem(list, index, mount)])?.pop()?;
    // In place of the item's line, not in front of it.
    let written = document.text.text();
    let item = items[index].span;
    let end = written[item.end()..]
        .find('\n')
        .map(|newline| item.end() + newline + 1);
    let line = Span::new(place.span.start(), end.unwrap_or(written.len()));
    let is_alone = written[item.end()..line.end()].trim().is_empty();
    (text.ends_with('\n') && is_alone).then(|| vec![(document.place(line), text)])
}

fn check_mount(
    facts: &Facts<'_>,
    service: &ComposeService,
    mount: &Mount,
    findings: &mut Findings<'_>,
) {
    let MountSource::Setup(path) = &mount.source else {
        return;
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_kept = name
        .rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && KEPT.contains(&ending));
    let lower = path.to_ascii_lowercase();
    if mount.via != Via::ShortVolume
        || !is_kept
        || MADE.iter().any(|word| lower.contains(word))
        || placeholder(path).is_some()
        || facts.setup.listing().exists(path)
    {
        return;
    }
    // Example files are copied by whoever sets it up.
    let has_example = facts.setup.listing().files().any(|file| {
        ["example", "sample", "template", "tmpl", "dist"]
            .iter()
            .any(|word| {
                file.contains(word) && file.contains(name.split('.').next().unwrap_or(name))
            })
    });
    let is_written = facts.setup.documents().iter().any(|document| {
        document.kind == crate::setup::Kind::Script && document.text.text().contains(name)
    });
    if has_example || is_written {
        return;
    }
    let is_program = service.program.is_some();
    let mut finding = findings
        .report(
            mount.place,
            format!("`{path}` does not exist: Docker makes an empty directory, and mounts that at `{}`", mount.target),
        )
        .label("not in the setup")
        .help("correct the path, or write the mount in its long form, which fails instead of making a directory");
    if let Some(edits) = long_form(facts, service, mount) {
        let title = "write it in the long form, which fails instead";
        finding = finding.fix(Safety::Unsafe, title, edits);
    }
    if !is_program {
        finding.assuming("nothing makes the file before the service starts");
    }
}
