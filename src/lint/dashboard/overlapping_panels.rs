use super::grid::{Area, area};
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/overlapping-panels",
    level: Level::Warning,
    summary: "two panels claim the same place, so Grafana moves one of them",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        let placed: Vec<(&Panel, Area)> = dashboard
            .panels
            .iter()
            // Panels of a collapsed row get their places when it is opened.
            .filter(|panel| panel.row.is_none())
            .filter_map(|panel| Some((panel, area(document, panel)?)))
            .collect();
        for (index, (panel, area)) in placed.iter().enumerate() {
            let Some((other, taken)) = placed
                .iter()
                .take(index)
                .find(|(_, other)| other.overlaps(area))
            else {
                continue;
            };
            let message = format!("{} overlaps {}", panel.named(), other.named());
            findings
                .report(area.place, message)
                .label(area.to_string())
                .related(taken.to_string(), taken.place)
                .help("move it to a free place: Grafana pushes panels down until nothing overlaps, and the layout is no longer yours");
        }
    }
}
