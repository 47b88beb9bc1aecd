use crate::check::formats::{Product, PrometheusOptions, check_prometheus, check_targets};
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::substitution::is_of_unfilled;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Kind;

pub(super) static LINT: Lint = Lint {
    id: "scrape/invalid-config",
    level: Level::Error,
    summary: "Prometheus refuses the configuration",
    needs: &[Need::Versions],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let newest = Product::Prometheus.newest();
    let servers = facts.prometheus.iter();
    for server in servers.filter(|server| facts.is_of_prometheus(server)) {
        let document = facts.setup.document(server.document);
        let options = PrometheusOptions::new(server.version.unwrap_or(newest));
        for said in check_prometheus(&document.text, &options) {
            if !is_of_unfilled(facts.setup, &said) {
                findings.adopt(document, said);
            }
        }
    }
    for document in facts.setup.of_kind(Kind::Targets) {
        for said in check_targets(&document.text, newest) {
            findings.adopt(document, said);
        }
    }
}
