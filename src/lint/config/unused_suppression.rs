use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::suppression::Scope;
use crate::lint::suppress::{Applied, Places};
use crate::lint::{Findings, Lint, lint_named};

pub(super) static LINT: Lint = Lint {
    id: "config/unused-suppression",
    level: Level::Warning,
    summary: "a suppression of something that is not found there",
    needs: &[],
    check,
};

fn check(_: &Facts<'_>, findings: &mut Findings<'_>) {
    let places = Places::of(findings.of_others());
    for one in findings.suppressing() {
        // One that has expired is reported as such.
        if !one.is_in_force {
            continue;
        }
        // The dashboard may be in a part of the project that is not looked at.
        if one.is_elsewhere() && !findings.policy().is_whole {
            continue;
        }
        for name in &one.suppression.lints {
            let is_about_us = name.text == "config" || name.text.starts_with("config/");
            if is_about_us || lint_named(&name.text).is_none() {
                continue;
            }
            if one.has_use(&name.text, &places, findings.policy()) {
                continue;
            }
            findings
                .report_at(
                    &name.location,
                    format!("`{}` finds nothing {}", name.text, place(one)),
                )
                .label("suppresses nothing")
                .help("remove it: it would hide what goes wrong later");
        }
    }
}

/// Where nothing is found.
fn place(one: &Applied<'_>) -> String {
    match &one.suppression.scope {
        Scope::Here(_) => "here".into(),
        Scope::Files(pattern) => format!("in `{pattern}`"),
        Scope::Dashboard { uid, .. } if one.is_elsewhere() => {
            format!("in the dashboard `{uid}`, which does not exist")
        }
        Scope::Dashboard { uid, panel, ref_id } => {
            let panel = panel.map_or_else(String::new, |panel| format!(" of panel {panel}"));
            let what = match ref_id {
                Some(ref_id) => format!("in the query `{ref_id}`{panel} of the dashboard `{uid}`"),
                None if panel.is_empty() => format!("in the dashboard `{uid}`"),
                None => format!("in{} of the dashboard `{uid}`", &panel[" of".len()..]),
            };
            match one.leads_nowhere() {
                true => format!("{what}: there is none"),
                false => what,
            }
        }
    }
}
