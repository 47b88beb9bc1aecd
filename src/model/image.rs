//! Images and versions of what the stack runs.

use indexmap::IndexMap;

use crate::catalogue::{Catalogue, Version};
use crate::document::Route;
use crate::profile::{Problem, Profile, suggestion};

/// A tool of the stack in the version that this environment uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedTool {
    /// Whole image reference.
    pub image: String,
    /// Its version; `None` where the profile writes one that is no version number.
    pub version: Option<Version>,
}

/// Every tool of the catalogue, in the version that the profile asks for.
pub fn resolve(
    profile: &Profile,
    catalogue: &Catalogue,
    problems: &mut Vec<Problem>,
) -> IndexMap<String, PinnedTool> {
    for (name, written) in &profile.versions {
        let route = Route::of(["versions", name]);
        if catalogue.tool(name).is_none() {
            let mut problem = Problem::key(
                "profile/unknown-tool",
                route,
                format!("the stack has no tool `{name}`"),
            );
            let known = catalogue.tools().map(|tool| tool.tool.as_str());
            problem.help = suggestion(name, known, "tools");
            problems.push(problem);
        } else if Version::from_tag(written).is_none() {
            problems.push(
                Problem::value(
                    "profile/bad-version",
                    route,
                    format!("this is not a version of {name}"),
                )
                .help("write a version number such as `v1.86.0`; a whole image goes to `compose.images`"),
            );
        }
    }
    catalogue
        .tools()
        .map(|tool| {
            let written = profile.versions.get(&tool.tool);
            let tag = written.map_or_else(
                || tool.tag.clone(),
                |written| {
                    // The pinned tag's own form (`12.4.3`, `v1.86.0-alpine`) with another number.
                    let number = |text: &str| text.trim_start_matches('v').to_owned();
                    tool.tag
                        .replacen(&number(&tool.version.to_string()), &number(written), 1)
                },
            );
            let version = match written {
                Some(written) => Version::from_tag(written),
                None => Some(tool.version),
            };
            let image = format!("{}:{tag}", tool.image);
            (tool.tool.clone(), PinnedTool { image, version })
        })
        .collect()
}
