//! The configuration formats, understood natively: what their own readers accept, from which version on, and where
//! a file goes wrong. Nothing here runs a program or reads a file.

mod alertmanager;
mod block;
mod checker;
mod compose;
mod go_template;
mod go_url;
mod grafana;
mod guess;
mod http;
mod prometheus;
mod reader;
mod relabel;
mod rule_test;
mod rules;
mod scalar;
mod series;
mod table;
mod unknown;
mod words;

use std::str::FromStr;
use std::sync::Arc;

pub use alertmanager::check_alertmanager;
pub use compose::{ComposeFiles, ComposeOptions, NEWEST_COMPOSE, check_compose};
pub use grafana::is_dashboard_resource;
pub use prometheus::{
    Included, PrometheusOptions, check_prometheus, check_scrape_config_file, check_targets,
};
pub use reader::Reading;
pub use rule_test::check_rule_tests;
pub use rules::{RuleOptions, check_rules};
pub use words::short;

use crate::catalogue::Version;
use crate::diagnostic::Diagnostic;
use crate::document::Dialect;
use crate::promql;
use crate::source::{SourceFile, Span};
use table::TableOf;

/// Functions that Alertmanager's templates have beside Go's own.
const NOTIFICATION_FUNCTIONS: [&str; 19] = [
    "append",
    "date",
    "dict",
    "humanizeDuration",
    "join",
    "list",
    "match",
    "reReplaceAll",
    "safeHtml",
    "safeUrl",
    "since",
    "stringSlice",
    "title",
    "toJson",
    "toLower",
    "toUpper",
    "trimSpace",
    "tz",
    "urlUnescape",
];

/// Why Alertmanager cannot read `text` as a template, and where in it. Functions that nobody knows are passed over: they come
/// with versions, and with whatever renders a file.
pub fn notification_template_problem(text: &str) -> Option<(String, Span)> {
    go_template::check(text, &NOTIFICATION_FUNCTIONS, &[])
        .err()
        .filter(|error| !error.is_unknown_function)
        .map(|error| (error.message, error.span))
}

/// Why Prometheus cannot read `text` as a template of a label or annotation, and where in it.
pub fn alert_template_problem(text: &str) -> Option<(String, Span)> {
    rules::template_problem(text)
        .err()
        .map(|error| (error.message, error.span))
}

/// A format that has a validator here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `prometheus.yml`.
    Prometheus,
    /// Targets of file-based service discovery.
    Targets,
    /// A rule file.
    Rules,
    /// Unit tests of rules.
    RuleTests,
    /// `alertmanager.yml`.
    Alertmanager,
    /// Provisioned datasources of Grafana.
    Datasources,
    /// Provisioned dashboard providers.
    DashboardProviders,
    /// Provisioned alert rules, contact points and policies of Grafana.
    GrafanaAlerting,
    /// A dashboard, as Grafana saves it or as a resource.
    Dashboard,
}

/// A program whose verdict is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Prometheus, and promtool of the same version.
    Prometheus,
    /// Alertmanager, and amtool of the same version.
    Alertmanager,
    /// Grafana.
    Grafana,
}

impl Product {
    /// Its name as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus",
            Self::Alertmanager => "Alertmanager",
            Self::Grafana => "Grafana",
        }
    }

    /// The newest release whose formats are known.
    pub const fn newest(self) -> Version {
        match self {
            Self::Prometheus => {
                let promql::Version { major, minor } = promql::Version::NEWEST;
                Version::new(major as u32, minor as u32, 0)
            }
            Self::Alertmanager => Version::new(0, 34, 0),
            Self::Grafana => Version::new(12, 4, 3),
        }
    }
}

/// Who is to read a file, and what a verdict depends on beside it.
#[derive(Clone, Copy)]
pub struct Readers<'a> {
    /// The Prometheus.
    pub prometheus: Version,
    /// What its `--enable-feature` lists; `None` allows every feature of the version.
    pub features: Option<&'a [String]>,
    /// Whether it runs as an agent.
    pub agent: bool,
    /// The Alertmanager.
    pub alertmanager: Version,
    /// The Grafana.
    pub grafana: Version,
    /// Finds the files of `scrape_config_files`; `None`: they are not looked at.
    pub included: Option<&'a Included<'a>>,
}

impl Default for Readers<'_> {
    /// The newest of all, with every feature; no file names others that are looked at.
    fn default() -> Self {
        Self {
            prometheus: Product::Prometheus.newest(),
            features: None,
            agent: false,
            alertmanager: Product::Alertmanager.newest(),
            grafana: Product::Grafana.newest(),
            included: None,
        }
    }
}

impl Readers<'_> {
    /// The version of a program.
    pub const fn version(&self, product: Product) -> Version {
        match product {
            Product::Prometheus => self.prometheus,
            Product::Alertmanager => self.alertmanager,
            Product::Grafana => self.grafana,
        }
    }

    /// The same with another version of a program.
    #[must_use]
    pub const fn with(mut self, product: Product, version: Version) -> Self {
        match product {
            Product::Prometheus => self.prometheus = version,
            Product::Alertmanager => self.alertmanager = version,
            Product::Grafana => self.grafana = version,
        }
        self
    }
}

/// What is known of a format.
#[derive(Debug)]
pub struct Validator {
    /// The format.
    pub format: Format,
    /// The name of the check.
    pub name: &'static str,
    /// The format in one word.
    pub word: &'static str,
    /// One such file.
    pub what: &'static str,
    /// Who reads such files.
    pub product: Product,
    /// How it reads YAML.
    pub dialect: Dialect,
    /// What its files hold; `None` where the keys at the top do not tell what a file is.
    table: Option<&'static TableOf>,
    read: fn(&SourceFile, Dialect) -> Reading,
    check: fn(&Arc<SourceFile>, &Reading, &Readers<'_>) -> Vec<Diagnostic>,
}

/// What most programs read.
fn as_yaml(file: &SourceFile, dialect: Dialect) -> Reading {
    reader::read(file.text(), dialect)
}

/// Every validator. A new format is a line here and in [`Format`], and one where its kind of file is named: in
/// `check::embedded::formats` for bundles, in `setup::Kind::format` for setups.
pub static VALIDATORS: [Validator; 9] = [
    Validator {
        format: Format::Prometheus,
        name: "prometheus/config",
        word: "prometheus",
        what: "prometheus.yml",
        product: Product::Prometheus,
        dialect: prometheus::DIALECT,
        table: Some(&prometheus::CONFIG),
        read: as_yaml,
        check: |file, reading, readers| {
            let options = PrometheusOptions {
                version: readers.prometheus,
                agent: readers.agent,
                included: readers.included,
            };
            prometheus::check(file, reading, &options)
        },
    },
    Validator {
        format: Format::Targets,
        name: "prometheus/targets",
        word: "targets",
        what: "target file",
        product: Product::Prometheus,
        dialect: prometheus::DIALECT,
        table: None,
        read: |file, _| prometheus::read_targets(file),
        check: |file, reading, readers| {
            prometheus::check_target_groups(file, reading, readers.prometheus)
        },
    },
    Validator {
        format: Format::Rules,
        name: "prometheus/rules",
        word: "rules",
        what: "rule file",
        product: Product::Prometheus,
        dialect: rules::DIALECT,
        table: Some(&rules::RULES),
        read: as_yaml,
        check: |file, reading, readers| {
            let options = RuleOptions {
                features: readers.features.map(<[String]>::to_vec),
                ..RuleOptions::new(readers.prometheus)
            };
            rules::check(file, reading, &options)
        },
    },
    Validator {
        format: Format::RuleTests,
        name: "prometheus/rule-tests",
        word: "rule-tests",
        what: "rule test file",
        product: Product::Prometheus,
        dialect: rule_test::DIALECT,
        table: Some(&rule_test::FILE),
        read: as_yaml,
        check: |file, reading, readers| rule_test::check(file, reading, readers.prometheus),
    },
    Validator {
        format: Format::Alertmanager,
        name: "alertmanager/config",
        word: "alertmanager",
        what: "alertmanager.yml",
        product: Product::Alertmanager,
        dialect: alertmanager::DIALECT,
        table: Some(&alertmanager::CONFIG),
        read: as_yaml,
        check: |file, reading, readers| alertmanager::check(file, reading, readers.alertmanager),
    },
    Validator {
        format: Format::Datasources,
        name: "grafana/datasources",
        word: "datasources",
        what: "datasource file",
        product: Product::Grafana,
        dialect: grafana::DIALECT,
        table: None,
        read: as_yaml,
        check: |file, reading, readers| grafana::datasource::check(file, reading, readers.grafana),
    },
    Validator {
        format: Format::DashboardProviders,
        name: "grafana/dashboard-providers",
        word: "dashboard-providers",
        what: "dashboard provider file",
        product: Product::Grafana,
        dialect: grafana::DIALECT,
        table: None,
        read: as_yaml,
        check: |file, reading, readers| grafana::provider::check(file, reading, readers.grafana),
    },
    Validator {
        format: Format::GrafanaAlerting,
        name: "grafana/alerting",
        word: "grafana-alerting",
        what: "Grafana alerting file",
        product: Product::Grafana,
        dialect: grafana::DIALECT,
        table: None,
        read: as_yaml,
        check: |file, reading, readers| grafana::alerting::check(file, reading, readers.grafana),
    },
    Validator {
        format: Format::Dashboard,
        name: "grafana/dashboard",
        word: "dashboard",
        what: "dashboard",
        product: Product::Grafana,
        dialect: grafana::DIALECT,
        table: None,
        read: |file, _| grafana::dashboard::read(file.text()),
        check: |file, reading, readers| grafana::dashboard::check(file, reading, readers.grafana),
    },
];

/// A word that is no [`Format`]'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no format; these are: {known}", known = VALIDATORS.each_ref().map(|validator| validator.word).join(", "))]
pub struct UnknownFormat {
    word: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        VALIDATORS
            .iter()
            .find(|validator| validator.word == word)
            .map(|validator| validator.format)
            .ok_or_else(|| UnknownFormat {
                word: word.to_owned(),
            })
    }
}

impl Format {
    /// What is known of it.
    pub fn validator(self) -> &'static Validator {
        &VALIDATORS[self as usize]
    }
}

impl Validator {
    /// Reads a file and checks it.
    pub fn check_file(&self, file: &Arc<SourceFile>, readers: &Readers<'_>) -> Vec<Diagnostic> {
        self.check(file, &self.read(file), readers)
    }

    /// Reads a file as its program does.
    pub fn read(&self, file: &SourceFile) -> Reading {
        (self.read)(file, self.dialect)
    }

    /// Everything wrong with a file that has been read, in the order of its text.
    pub fn check(
        &self,
        file: &Arc<SourceFile>,
        reading: &Reading,
        readers: &Readers<'_>,
    ) -> Vec<Diagnostic> {
        (self.check)(file, reading, readers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_finds_its_validator() {
        for validator in &VALIDATORS {
            assert_eq!(validator.format.validator().name, validator.name);
            assert_eq!(validator.word.parse(), Ok(validator.format));
        }
    }

    #[test]
    fn a_scheme_without_a_port_of_its_own_was_refused_before_3_0() {
        let text =
            "scrape_configs: [{job_name: a, scheme: ftp, static_configs: [{targets: ['a:1', b]}]}]";
        let file = Arc::new(SourceFile::new("prometheus.yml", text));
        let validator = Format::Prometheus.validator();
        let found = |version| {
            let readers = Readers::default().with(Product::Prometheus, version);
            let found = validator.check_file(&file, &readers);
            let places = found
                .into_iter()
                .map(|found| (found.id, found.location.map(|at| at.span)));
            places.collect::<Vec<_>>()
        };
        assert_eq!(found(Version::new(3, 0, 0)), []);
        assert_eq!(
            found(Version::new(2, 55, 0)),
            [(
                "prometheus/invalid-scheme".to_owned(),
                Some(crate::source::Span::new(39, 42))
            )]
        );
    }
}
