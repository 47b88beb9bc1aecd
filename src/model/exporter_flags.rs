//! What is known of how the exporters of Redis run, all of them together.

use indexmap::IndexMap;

use super::exporter::ExporterProcess;
use super::image::PinnedTool;
use crate::catalogue::{Catalogue, Circumstances, Version};
use crate::document::Route;
use crate::profile::{Problem, Profile, suggestion};

/// Name of the exporter whose catalogue describes Redis.
pub(super) const REDIS_EXPORTER: &str = "redis_exporter";

/// The oldest version among the exporters: what an alert may rely on. An exporter that runs
/// elsewhere has the pinned version unless the profile says otherwise.
pub(super) fn version(profile: &Profile, tools: &IndexMap<String, PinnedTool>) -> Option<Version> {
    let pinned = tools.get(REDIS_EXPORTER).and_then(|tool| tool.version);
    let own = profile
        .exporters
        .values()
        .filter_map(|exporter| exporter.image.as_deref())
        .map(|image| Version::from_tag(image.rsplit(':').next().unwrap_or_default()));
    own.chain([pinned]).flatten().min()
}

/// What decides which metrics of redis_exporter there are.
pub(super) fn circumstances(
    exporter: Option<Version>,
    redis: Option<Version>,
    exporters: &[ExporterProcess],
) -> Circumstances {
    Circumstances {
        exporter,
        flags: flags(exporters),
        server_version: redis,
        ..Circumstances::default()
    }
}

/// The flags of all exporters together: a metric is there if one of them exposes it. `None` where
/// none is ours, because nobody knows how the others run.
fn flags(exporters: &[ExporterProcess]) -> Option<IndexMap<String, String>> {
    if exporters.is_empty() {
        return None;
    }
    let flags = exporters.iter().flat_map(|exporter| &exporter.flags);
    Some(
        flags
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
    )
}

/// Flags that no exporter has, or not yet in this version.
pub(super) fn check(
    profile: &Profile,
    catalogue: &Catalogue,
    version: Option<Version>,
    problems: &mut Vec<Problem>,
) {
    let Some(known) = catalogue.exporter(REDIS_EXPORTER) else {
        return;
    };
    for (name, exporter) in &profile.exporters {
        for flag in exporter.flags.keys() {
            let route = Route::of(["exporters", name, "flags", flag]);
            match known.flag(flag) {
                None => {
                    let mut problem = Problem::key(
                        "profile/unknown-flag",
                        route,
                        format!("redis_exporter has no flag `{flag}`"),
                    );
                    let names = known.flags.iter().map(|flag| flag.name.as_str());
                    problem.help = suggestion(flag, names, "flags")
                        .or_else(|| Some("`stackwright list flags` names them all".into()));
                    problems.push(problem);
                }
                Some(found) => {
                    if let Some(version) = version
                        && !found.since.includes(version)
                    {
                        problems.push(
                            Problem::key(
                                "profile/flag-too-new",
                                route,
                                format!(
                                    "redis_exporter {version} has no flag `{flag}`; it came with {}",
                                    found.since
                                ),
                            )
                            .help("set `versions.redis_exporter` to a newer one, or remove the flag"),
                        );
                    }
                }
            }
        }
    }
}
