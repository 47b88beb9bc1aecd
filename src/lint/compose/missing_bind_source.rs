use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::container::{Mount, MountSource, Via};
use crate::facts::text::placeholder;
use crate::lint::{Findings, Lint, Need};

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
    let finding = findings
        .report(
            mount.place,
            format!("`{path}` does not exist: Docker makes an empty directory, and mounts that at `{}`", mount.target),
        )
        .label("not in the setup")
        .help("correct the path, or write the mount in its long form, which fails instead of making a directory");
    if !is_program {
        finding.assuming("nothing makes the file before the service starts");
    }
}
