use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "compose/floating-image",
    level: Level::Info,
    summary: "an image without a version: another day brings another program",
    needs: &[],
    check,
};

/// Whether the value stands in the file as it is.
fn is_literal(facts: &Facts<'_>, text: &Text) -> bool {
    facts.setup.slice(text.inside(facts.setup)) == text.as_str()
}

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
        let tested = facts
            .catalogue
            .tools()
            .find(|tool| tool.image == repository);
        let finding = findings
            .report(
                text.place,
                format!(
                    "the image of `{}` changes by itself: {why}",
                    service.name.as_str()
                ),
            )
            .label("any version")
            .help(format!("pin a version: `{repository}:<version>`"));
        // An image with variables in it stands in another form than its value.
        if let Some(tool) = tested.filter(|_| is_literal(facts, text)) {
            let pinned = tool.image_reference();
            let whole = Span::new(0, text.value.len());
            finding.fix(
                Safety::Unsafe,
                format!("pin `{pinned}`, the version that stackwright is tested with"),
                vec![text.edit(facts.setup, whole, &pinned)],
            );
        }
    }
}
