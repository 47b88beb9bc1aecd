use super::grid::{WIDTH, area};
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/panel-outside-grid",
    level: Level::Warning,
    summary: "a panel reaches beyond the 24 columns of the grid, or has no size",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        for panel in &dashboard.panels {
            let Some(area) = area(document, panel) else {
                continue;
            };
            let end = area.x.saturating_add(area.width);
            let what = if end > WIDTH {
                format!("reaches to column {end} of {WIDTH}")
            } else if area.width <= 0 || area.height <= 0 {
                "has no size".to_owned()
            } else if area.x < 0 || area.y < 0 {
                "begins outside of the grid".to_owned()
            } else {
                continue;
            };
            let message = format!("{} {what}", panel.named());
            findings
                .report(area.place, message)
                .label(area.to_string())
                .help(format!(
                    "make it narrower or move it: the grid is {WIDTH} columns wide"
                ));
        }
    }
}
