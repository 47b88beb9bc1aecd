use crate::catalogue::Known;
use crate::diagnostic::{Level, Safety};
use crate::facts::{Facts, Scraped};
use crate::lint::{Findings, Lint, Need};
use crate::promql::Kind;

pub(super) static LINT: Lint = Lint {
    id: "promql/renamed-metric",
    level: Level::Error,
    summary: "a metric that its exporter has renamed or dropped",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        for read in &expression.analysis.reads {
            let Kind::Selector(selector) = &expression.parsed[read.selector].kind else {
                continue;
            };
            let Some(name) = selector
                .metric_name()
                .filter(|name| !facts.recorded.contains_key(*name))
            else {
                continue;
            };
            let Some(Known::Removed(exporter, removed)) = facts.catalogue.know(name) else {
                continue;
            };
            let scraped = facts.scraped(exporter);
            let runs_an_old_one = match &scraped {
                Scraped::By(all) => all.iter().any(|one| {
                    one.exporter
                        .is_some_and(|version| version < removed.removed_in)
                }),
                Scraped::Nowhere => true,
                Scraped::Unknown => false,
            };
            if runs_an_old_one {
                continue;
            }
            let span = selector
                .metric_name_span()
                .unwrap_or(expression.parsed[read.selector].span);
            let place = expression.place(facts.setup, span);
            let message = format!(
                "{} reads `{name}`, which {} no longer has since {}",
                facts.owner(expression),
                exporter.title,
                removed.removed_in
            );
            let mut finding = findings.report(place, message).label("no longer there");
            let note = removed
                .note
                .as_deref()
                .map_or_else(String::new, |note| format!(": {note}"));
            finding = match removed.replaced_by.as_slice() {
                [] => finding.help(format!("nothing took its place{note}")),
                names => {
                    let list = names
                        .iter()
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ");
                    finding.help(format!("use {list}{note}"))
                }
            };
            if let [new] = removed.replaced_by.as_slice() {
                let safety = if removed.meaning_changed {
                    Safety::Unsafe
                } else {
                    Safety::Safe
                };
                finding = finding.fix(
                    safety,
                    format!("rename to `{new}`"),
                    vec![(place, new.clone())],
                );
            }
            if scraped == Scraped::Unknown {
                finding.assuming(&format!(
                    "`{name}` is meant to come from a present {}",
                    exporter.title
                ));
            }
        }
    }
}
