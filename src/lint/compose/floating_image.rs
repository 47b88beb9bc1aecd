use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "compose/floating-image",
    level: Level::Info,
    summary: "an image without a version: another day brings another program",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        let Some(image) = service.image.as_ref().filter(|image| image.is_floating()) else {
            continue;
        };
        let Some(text) = image.text.value() else {
            continue;
        };
        let why = match &image.tag {
            Some(tag) => format!("the tag `{tag}` moves"),
            None => "it has no tag, which means `latest`".to_owned(),
        };
        let repository = image.repository.as_deref().unwrap_or_default();
        findings
            .report(
                text.place,
                format!(
                    "the image of `{}` changes by itself: {why}",
                    service.name.as_str()
                ),
            )
            .label("any version")
            .help(format!("pin a version: `{repository}:<version>`"));
    }
}
