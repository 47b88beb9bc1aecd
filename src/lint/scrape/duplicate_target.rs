use std::collections::HashMap;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::prometheus::{PrometheusServer, ScrapeJob, Target};
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "scrape/duplicate-target",
    level: Level::Warning,
    summary: "one address is scraped twice, so that sums count it twice",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for server in &facts.prometheus {
        check_server(facts, server, findings);
    }
}

fn check_server(facts: &Facts<'_>, server: &PrometheusServer, findings: &mut Findings<'_>) {
    let mut first: HashMap<(String, &str, String), (&ScrapeJob, &Target)> = HashMap::new();
    for job in &server.jobs {
        let Some(path) = job.metrics_path.value() else {
            continue;
        };
        // Relabeling may send two of them to different places, or drop one.
        if job.relabelings.iter().any(decides) {
            continue;
        }
        let params = job.node.get("params").map_or_else(String::new, |node| {
            let document = facts.setup.document(job.document);
            facts.setup.slice(document.place(node.span)).to_owned()
        });
        for target in &job.targets {
            let Some(address) = target.address.value() else {
                continue;
            };
            let address = address.as_str().trim_end_matches('/').to_ascii_lowercase();
            let key = (address, path.as_str(), params.clone());
            let Some((other_job, other)) = first.get(&key) else {
                first.insert(key, (job, target));
                continue;
            };
            let whose = match other_job.name == job.name {
                true => "this job scrapes already".to_owned(),
                false => format!("job `{}` scrapes as well", other_job.name.as_str()),
            };
            findings
                .report(
                    target.place,
                    format!(
                        "job `{}` scrapes `{}{path}`, which {whose}",
                        job.name.as_str(),
                        key.0
                    ),
                )
                .label("counted twice")
                .related("here too", other.place)
                .related("in this job", job.place())
                .help("keep one of them; give further labels with relabeling");
        }
    }
}

fn decides(step: &crate::document::Node) -> bool {
    let text = |key: &str| step.get(key).map(|node| node.scalar_text());
    matches!(
        text("action"),
        Some("keep" | "drop" | "keepequal" | "dropequal" | "hashmod")
    ) || text("target_label").is_some_and(|label| label.starts_with("__"))
}
