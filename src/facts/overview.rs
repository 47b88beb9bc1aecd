//! What was taken for what, and what is loaded by what, in one line.

use super::Facts;
use crate::setup::Kind;

impl Facts<'_> {
    /// "2 compose files, 1 prometheus.yml, 5 rule files of which 0 are loaded, 17 dashboards through 2 providers".
    pub fn overview(&self) -> String {
        let parts: Vec<String> = Kind::ALL
            .into_iter()
            .filter_map(|kind| self.part(kind))
            .collect();
        match parts.is_empty() {
            true => "nothing of a monitoring setup".into(),
            false => parts.join(", "),
        }
    }

    fn part(&self, kind: Kind) -> Option<String> {
        let count = self.setup.of_kind(kind).count();
        if count == 0 || matches!(kind, Kind::DashboardExport | Kind::Kubernetes) {
            return None;
        }
        let all = counted(count, kind.as_str());
        Some(match kind {
            Kind::Rules => {
                // Resources of an operator are loaded by it, by their labels.
                let (resources, files): (Vec<_>, Vec<_>) = self
                    .rule_files
                    .iter()
                    .partition(|file| self.setup.document(file.document).is_part());
                let loaded = files.iter().filter(|file| file.is_loaded()).count();
                let files = match files.len() {
                    0 => None,
                    count if self.prometheus.is_empty() => Some(format!(
                        "{} without a Prometheus",
                        counted(count, kind.as_str())
                    )),
                    count => Some(format!(
                        "{} of which {loaded} {} loaded",
                        counted(count, kind.as_str()),
                        is_or_are(loaded)
                    )),
                };
                let resources = match resources.len() {
                    0 => None,
                    count => Some(counted(count, "rule resource")),
                };
                let parts: Vec<String> = files.into_iter().chain(resources).collect();
                parts.join(", ")
            }
            Kind::Dashboard if !self.providers.is_empty() => {
                let loaded = self
                    .dashboards
                    .iter()
                    .filter(|dashboard| !dashboard.loaded_by.is_empty())
                    .count();
                let providers = counted(self.providers.len(), "provider");
                match loaded == count {
                    true => format!("{all} through {providers}"),
                    false => format!(
                        "{all} of which {loaded} {} loaded through {providers}",
                        is_or_are(loaded)
                    ),
                }
            }
            _ => all,
        })
    }
}

const fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// `1 rule file`, `2 rule files`; names of files stay as they are.
fn counted(count: usize, noun: &str) -> String {
    match (count, noun) {
        (1, _) => format!("1 {noun}"),
        (_, noun)
            if noun.ends_with(".yml") || noun.ends_with(".ini") || noun.ends_with(".conf") =>
        {
            format!("{count} {noun} files")
        }
        _ => format!("{count} {noun}s"),
    }
}
