use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::{ComposeService, directory_of};
use crate::facts::container::{glob_matches, has_wildcard};
use crate::facts::dockerfile::{Copy, Dockerfile};
use crate::facts::image::ImageReference;
use crate::facts::text::placeholder;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Kind, joined};

pub(super) static LINT: Lint = Lint {
    id: "stack/missing-copy-source",
    level: Level::Error,
    summary: "a Dockerfile copies a file that its build context does not hold",
    needs: &[Need::Files],
    check,
};

/// Directories that other steps of a build fill.
const MADE: [&str; 8] = [
    "dist",
    "build",
    "target",
    "out",
    "bin",
    "node_modules",
    "vendor",
    "generated",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.of_kind(Kind::Dockerfile) {
        let file = Dockerfile::of(document);
        if !is_of_the_stack(facts, &file) {
            continue;
        }
        // Where no service says what the context is, it is usually the directory of the Dockerfile.
        let known = services(facts).find_map(|service| {
            let build = service.build.as_ref()?;
            let is_it = build
                .dockerfile
                .as_ref()
                .is_some_and(|file| file.document == document.id);
            is_it.then(|| build.context.clone())
        });
        let Some(context) = known.unwrap_or_else(|| Some(directory_of(&document.path).to_owned()))
        else {
            continue;
        };
        let (found, missing): (Vec<&Copy>, Vec<&Copy>) = file
            .copies
            .iter()
            .filter(|copy| is_plain(copy.source.as_str()))
            .partition(|copy| exists(facts, &context, copy.source.as_str()));
        // A context of which nothing is here is somewhere else.
        if found.is_empty() {
            continue;
        }
        for copy in missing {
            let source = copy.source.as_str();
            let what = match has_wildcard(source) {
                true => format!("no file of the build context fits `{source}`: the build fails"),
                false => format!("the build context does not hold `{source}`: the build fails"),
            };
            let finding = findings.report(copy.source.place, what).label("not there");
            let finding = match found.first() {
                Some(other) => finding.related("other files are found", other.source.place),
                None => finding,
            };
            let finding = finding
                .help("correct the path, which is relative to the build context, or drop the line");
            // A directory can be filled, and a program built, by whatever builds the image.
            let finding = match is_configuration(source) {
                true => finding,
                false => finding.level(Level::Warning),
            };
            finding.assuming("nothing makes it before the image is built");
        }
    }
}

fn services<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f ComposeService> {
    facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
}

/// Whether the image builds on a program of monitoring: what applications copy is theirs.
fn is_of_the_stack(facts: &Facts<'_>, file: &Dockerfile) -> bool {
    let Some(base) = file.base.clone() else {
        return false;
    };
    let image = ImageReference::of(base);
    image
        .repository
        .as_deref()
        .and_then(|repository| facts.catalogue.images().of_repository(repository))
        .is_some_and(|program| !program.metrics.is_empty())
}

/// Whether a source is a path of the context that nobody makes on the way.
fn is_plain(source: &str) -> bool {
    !source.contains("://")
        && !source.contains('$')
        && !source.starts_with("<<")
        && placeholder(source).is_none()
        && !source.split('/').any(|part| MADE.contains(&part))
}

/// Whether a source is a file, or are files, that people write and keep.
fn is_configuration(source: &str) -> bool {
    source.rsplit_once('.').is_some_and(|(_, ending)| {
        [
            "yml", "yaml", "json", "conf", "ini", "toml", "tmpl", "rules",
        ]
        .contains(&ending)
    })
}

fn exists(facts: &Facts<'_>, context: &str, source: &str) -> bool {
    let listing = facts.setup.listing();
    let Some(path) = joined(context, source.trim_start_matches('/')) else {
        return true;
    };
    match has_wildcard(&path) {
        true => listing.files().any(|file| {
            glob_matches(&path, file)
                // `*` also takes directories with all that is in them.
                || std::iter::successors(Some(directory_of(file)), |directory| {
                    (!directory.is_empty()).then(|| directory_of(directory))
                })
                .any(|directory| glob_matches(&path, directory))
        }),
        false => path.is_empty() || listing.exists(&path),
    }
}
