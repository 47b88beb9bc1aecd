use std::collections::BTreeSet;

use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::{ComposeService, directory_of};
use crate::facts::container::Resolved;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/unmounted-provider-path",
    level: Level::Error,
    summary: "a dashboard provider loads a directory that Grafana's container does not have",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for provider in &facts.providers {
        let (Some(path), Some(resolved)) = (&provider.path, &provider.resolved) else {
            continue;
        };
        let why = match resolved {
            _ if !provider.files.is_empty() || path.as_str().contains('$') => continue,
            Resolved::Missing(source) => format!("`{source}` does not exist"),
            Resolved::Image => "nothing is mounted or copied there".to_owned(),
            Resolved::Setup(_) | Resolved::Elsewhere => continue,
        };
        let mut finding = findings
            .report(
                path.place,
                format!(
                    "provider `{}` loads no dashboard from `{}`: {why}",
                    provider.name.as_str(),
                    path.as_str()
                ),
            )
            .label("not in the container")
            .help("mount the dashboards there, or name the directory where they are");
        let service = provider.service.as_ref().and_then(|id| facts.service(id));
        let Some(service) = service else { continue };
        if let Some(directory) = only_directory(facts, service) {
            let edit = path.edit(facts.setup, Span::new(0, path.value.len()), &directory);
            let title = format!("load them from `{directory}`");
            finding = finding.fix(Safety::Unsafe, title, vec![edit]);
        }
        // What fills the directories beside it is where somebody forgot this one.
        let beside = service.container.mounts.iter().rfind(|mount| {
            directory_of(&mount.target) == directory_of(path.as_str().trim_end_matches('/'))
        });
        match beside {
            Some(mount) => finding.related("a directory beside it comes from here", mount.place),
            None => finding.related("this is what Grafana gets", service.place()),
        };
    }
}

/// The only directory of the container in which dashboards are that no provider loads.
fn only_directory(facts: &Facts<'_>, service: &ComposeService) -> Option<String> {
    let files = service.container.files(facts.setup.listing());
    let directories: BTreeSet<&str> = files
        .iter()
        .filter(|(_, file)| {
            facts.dashboards.iter().any(|dashboard| {
                let document = facts.setup.document(dashboard.document);
                dashboard.loaded_by.is_empty() && *document.path == **file
            })
        })
        .map(|(path, _)| directory_of(path))
        .collect();
    let mut directories = directories.into_iter();
    let only = directories.next()?;
    directories.next().is_none().then(|| only.to_owned())
}
