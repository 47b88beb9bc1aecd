//! Lints: their cases, their pages, their score on real setups.

mod cases;
mod examples;
#[cfg(target_os = "linux")]
mod hostile;
mod pages;
mod score;

use std::sync::LazyLock;

use stackwright::catalogue::Catalogue;
use stackwright::config::Config;
use stackwright::diagnostic::Diagnostic;
use stackwright::facts::Facts;
use stackwright::facts::given::Given;
use stackwright::lint::{Base, Policy, Selection, judge};
use stackwright::setup::Setup;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::embedded().expect("the catalogue is checked"));

/// The day on which the cases are judged.
const TODAY: &str = "2027-01-15";

/// What one lint says of a setup, or all where `only` is empty.
fn findings(setup: &Setup, only: &str) -> Vec<Diagnostic> {
    findings_of_project(setup, only, &Config::default(), &Given::default())
}

/// The same for a setup with a configuration beside it.
fn findings_of_project(
    setup: &Setup,
    only: &str,
    config: &Config,
    given: &Given,
) -> Vec<Diagnostic> {
    let select = Some(only.to_owned()).filter(|only| !only.is_empty());
    let selection = Selection {
        select: select.into_iter().collect(),
        ignore: Vec::new(),
    };
    let policy = Policy {
        today: Some(TODAY.parse().expect("a date")),
        options: config.options.clone(),
        suppressions: config.suppressions.clone(),
        is_whole: true,
        base: Base {
            working_directory: "/".into(),
            root: "/".into(),
        },
        ..Policy::from(&selection)
    };
    judge(&Facts::knowing(setup, &CATALOGUE, given), &policy).findings
}
