use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::container::{Mount, MountSource, Via, inside};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "compose/shadowed-mount",
    level: Level::Warning,
    summary: "a mount hides files of another mount that the program would have read",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        for (index, inner) in service.container.mounts.iter().enumerate() {
            for (other_index, outer) in service.container.mounts.iter().enumerate() {
                let hides = match inside(&outer.target, &inner.target) {
                    // In another file, it takes the place of the first.
                    Some("") => index > other_index && inner.place.document == outer.place.document,
                    Some(_) => true,
                    None => false,
                };
                if hides
                    && index != other_index
                    && inner.via != Via::Copy
                    && ComposeProject::are_together(
                        facts.setup,
                        inner.place.document,
                        outer.place.document,
                    )
                    && inner.source != outer.source
                {
                    check_pair(facts, service, inner, outer, findings);
                }
            }
        }
    }
}

fn check_pair(
    facts: &Facts<'_>,
    service: &ComposeService,
    inner: &Mount,
    outer: &Mount,
    findings: &mut Findings<'_>,
) {
    let MountSource::Setup(source) = &outer.source else {
        return;
    };
    let rest = inside(&outer.target, &inner.target).unwrap_or_default();
    let hidden = match (source.is_empty(), rest.is_empty()) {
        (_, true) => source.clone(),
        (true, _) => rest.to_owned(),
        _ => format!("{source}/{rest}"),
    };
    if inner.source == MountSource::Setup(hidden.clone()) {
        return;
    }
    // Only what some program reads matters: dependencies of an application are hidden on purpose.
    let lost = facts
        .setup
        .listing()
        .below(&hidden)
        .find(|file| facts.setup.at(file).next().is_some());
    let Some(lost) = lost else { return };
    // One file in place of another is what such a mount is for.
    let replaces_a_file = lost == hidden && !rest.is_empty();
    if replaces_a_file {
        return;
    }
    findings
        .report(
            inner.place,
            format!(
                "this mount hides `{lost}` from `{}`, which another mount brings",
                service.name.as_str()
            ),
        )
        .label(format!("hides what is at `{}`", inner.target))
        .related("the mount that is hidden in part", outer.place)
        .help("mount the directories side by side, or put the files into one");
}
