use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::directory_of;
use crate::facts::container::Resolved;
use crate::lint::{Findings, Lint, Need};

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
        let finding = findings
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
