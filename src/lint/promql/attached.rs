//! Labels that series get where they are scraped.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::facts::prometheus::ScrapeJob;

/// Labels that targets, relabeling and Prometheus itself add.
pub(super) struct Attached {
    pub names: BTreeSet<String>,
    /// Whether discovery or a pattern adds labels that only the running system knows.
    pub is_open: bool,
    /// Whether labels are taken away when samples are stored.
    pub drops: bool,
}

impl Attached {
    pub fn of(facts: &Facts<'_>) -> Self {
        let mut names: BTreeSet<String> = [
            "job",
            "instance",
            "__name__",
            "exported_job",
            "exported_instance",
            "prometheus",
            "replica",
        ]
        .map(String::from)
        .into();
        let (mut is_open, mut drops) = (false, false);
        for server in &facts.prometheus {
            names.extend(
                server
                    .external_labels
                    .iter()
                    .map(|(name, _)| name.value.to_string()),
            );
            for job in &server.jobs {
                is_open = is_open || job.discovers;
                names.extend(labels_of(job));
                let relabelings = job.relabelings.iter().chain(&job.metric_relabelings);
                for step in relabelings {
                    let action = step
                        .get("action")
                        .map_or("replace", |node| node.scalar_text());
                    is_open = is_open || action == "labelmap";
                    drops = drops || matches!(action, "labeldrop" | "labelkeep");
                    names.extend(
                        step.get("target_label")
                            .map(|node| node.scalar_text().to_owned()),
                    );
                }
            }
        }
        Self {
            names,
            is_open,
            drops,
        }
    }
}

fn labels_of(job: &ScrapeJob) -> impl Iterator<Item = String> + '_ {
    job.targets
        .iter()
        .flat_map(|target| target.labels.iter().map(|(name, _)| name.value.to_string()))
}
