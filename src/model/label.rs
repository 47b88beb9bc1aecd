//! Labels that a profile gives to series and alerts.

use indexmap::IndexMap;

use crate::catalogue::Catalogue;
use crate::document::Route;
use crate::profile::{Problem, Profile};

/// Labels that we set ourselves on the series of a target.
const OWN: [&str; 4] = ["job", "instance", "redis", "topology"];

/// Names that no label can have, and names that would overwrite what an exporter or we say.
pub fn check(profile: &Profile, catalogue: &Catalogue, problems: &mut Vec<Problem>) {
    let exporter: Vec<&str> = catalogue
        .exporter("redis_exporter")
        .map(crate::catalogue::Exporter::label_names)
        .unwrap_or_default();
    // An external label is added to what leaves Prometheus and overwrites nothing.
    check_names(&profile.labels, &Route::of(["labels"]), problems);
    for (name, target) in &profile.targets {
        let route = Route::of(["targets", name, "labels"]);
        check_names(&target.labels, &route, problems);
        for label in target.labels.keys() {
            if OWN.contains(&label.as_str()) {
                problems.push(
                    Problem::key(
                        "profile/reserved-label",
                        route.key(label),
                        format!("the label `{label}` is set by stackwright"),
                    )
                    .help("choose another name"),
                );
            } else if exporter.contains(&label.as_str()) {
                problems.push(
                    Problem::key(
                        "profile/exporter-label",
                        route.key(label),
                        format!("the exporter itself uses the label `{label}`, and a static one would overwrite it"),
                    )
                    .help(format!("choose another name, such as `redis_{label}`")),
                );
            }
        }
    }
    for (block, names) in [
        (
            "applications",
            profile
                .applications
                .iter()
                .map(|(name, it)| (name, &it.labels))
                .collect::<Vec<_>>(),
        ),
        (
            "probes",
            profile
                .probes
                .iter()
                .map(|(name, it)| (name, &it.labels))
                .collect(),
        ),
    ] {
        for (name, labels) in names {
            let route = Route::of([block, name, "labels"]);
            check_names(labels, &route, problems);
            for label in labels
                .keys()
                .filter(|label| ["job", "instance"].contains(&label.as_str()))
            {
                problems.push(
                    Problem::key(
                        "profile/reserved-label",
                        route.key(label),
                        format!("the label `{label}` is set by Prometheus"),
                    )
                    .help(if label == "job" {
                        "set `job:` beside `labels` instead"
                    } else {
                        "remove it; it is the address that is scraped"
                    }),
                );
            }
        }
    }
}

fn check_names(labels: &IndexMap<String, String>, route: &Route, problems: &mut Vec<Problem>) {
    for label in labels.keys() {
        let is_name = label.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && label
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_');
        if !is_name || label.starts_with("__") {
            problems.push(
                Problem::key(
                    "profile/bad-label",
                    route.key(label),
                    "this cannot be the name of a label",
                )
                .help("use letters, digits and `_`, not beginning with a digit or `__`"),
            );
        }
    }
}
