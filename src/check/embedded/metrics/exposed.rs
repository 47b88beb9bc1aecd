//! Whether something that is scraped exposes a metric.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::catalogue::{Availability, Circumstances, Exporter, Known, MetricType, Version};
use crate::check::embedded::compose::{ComposeFile, Service};
use crate::check::embedded::inspection::Inspection;
use crate::check::embedded::rules::rules;
use crate::check::embedded::{ApplicationMetric, ScrapedExporter};
use crate::profile::suggestion;

/// What is known about a metric name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may have series.
    Exposed,
    /// Its exporter is scraped but does not expose it, for this reason.
    Unavailable(String),
    /// It is the name of a family; these are its series.
    NoSeries(String),
    /// Nothing exposes it; how to mend that.
    Unknown(Option<String>),
}

/// All that a bundle's expressions can ask for.
pub(super) struct Exposed<'e> {
    inspection: &'e Inspection<'e>,
    recorded: BTreeSet<&'e str>,
    /// What is scraped, as far as we know.
    scraped: Vec<ScrapedExporter>,
    /// Whether that comes from the profile, and is therefore all.
    is_complete: bool,
}

impl<'e> Exposed<'e> {
    pub(super) fn new(inspection: &'e Inspection<'_>, compose: Option<&ComposeFile<'_>>) -> Self {
        let told = &inspection.context.exporters;
        let recorded = rules(inspection)
            .into_iter()
            .filter(|rule| !rule.is_alert())
            .map(|rule| rule.name());
        Self {
            inspection,
            recorded: recorded.collect(),
            scraped: match compose {
                Some(compose) if told.is_empty() => run_by(inspection, compose),
                _ => told.clone(),
            },
            is_complete: !told.is_empty(),
        }
    }

    pub(super) fn standing(&self, name: &str) -> Standing {
        if self.recorded.contains(name) {
            return Standing::Exposed;
        }
        let applications = self.inspection.context.application_metrics.as_deref();
        if let Some(standing) = applications
            .into_iter()
            .flatten()
            .find_map(|metric| of_application(metric, name))
        {
            return standing;
        }
        let mut unavailable = None;
        for exporter in self.inspection.catalogue.exporters() {
            match self.at(exporter, name) {
                None => {}
                Some(Standing::Exposed) => return Standing::Exposed,
                Some(standing) => unavailable = unavailable.or(Some(standing)),
            }
        }
        if let Some(standing) = unavailable {
            return standing;
        }
        // An application that nobody told us of may expose anything but what is certainly somebody else's. Colons are for
        // recording rules.
        let may_be_exposed = !name.contains(':') && !self.is_of_complete_exporter(name);
        if applications.is_none() && may_be_exposed {
            return Standing::Exposed;
        }
        Standing::Unknown(self.help(name))
    }

    /// What one exporter of the catalogue has to do with the name; `None` for nothing.
    fn at(&self, exporter: &Exporter, name: &str) -> Option<Standing> {
        let unknown = Circumstances::default();
        let mut circumstances: Vec<&Circumstances> = self
            .scraped
            .iter()
            .filter(|scraped| scraped.name == exporter.name)
            .map(|scraped| &scraped.circumstances)
            .collect();
        if circumstances.is_empty() {
            // Which instrumentation an application has is a choice; all others come with the stack.
            if self.is_complete && exporter.indicators.is_some() {
                return None;
            }
            circumstances.push(&unknown);
        }
        let catalogue = self.inspection.catalogue;
        let mut best = None;
        for circumstances in circumstances {
            let namespace = circumstances.namespace.as_deref();
            if let Some(Known::Metric(resolved)) = catalogue.know_at(exporter, name, namespace)
                && !resolved.is_series()
            {
                best = Some(Standing::NoSeries(series(name, resolved.metric.kind)));
                continue;
            }
            match catalogue.availability(exporter, name, circumstances) {
                None => {}
                Some(Availability::Available | Availability::Conditional(_)) => {
                    return Some(Standing::Exposed);
                }
                Some(Availability::Unavailable(reason)) => {
                    best = Some(Standing::Unavailable(reason.to_string()));
                }
            }
        }
        best
    }

    /// Whether the name belongs to an exporter all of whose metrics we know.
    fn is_of_complete_exporter(&self, name: &str) -> bool {
        let mut exporters = self.inspection.catalogue.exporters();
        exporters.any(|exporter| {
            let namespace = exporter.namespace.as_deref();
            exporter.complete
                && namespace.is_some_and(|namespace| {
                    name.strip_prefix(namespace)
                        .is_some_and(|rest| rest.starts_with('_'))
                })
        })
    }

    fn help(&self, name: &str) -> Option<String> {
        let applications = self.inspection.context.application_metrics.iter();
        let own = applications
            .flatten()
            .map(|metric| metric.name.as_str())
            .chain(self.recorded.iter().copied());
        if let Some(near) = suggestion(name, own, "").filter(|near| near.starts_with("did")) {
            return Some(near);
        }
        let closest = self.inspection.catalogue.closest(name).into_iter().next()?;
        if closest.name == name {
            return None;
        }
        let mut help = match &closest.expr {
            Some(expr) => format!("write `{expr}`"),
            None => format!("did you mean `{}`?", closest.name),
        };
        if let Some(note) = closest.note {
            help.push_str("; ");
            help.push_str(&note);
        }
        Some(help)
    }
}

/// The series of a family that has none of its own name.
fn series(name: &str, kind: MetricType) -> String {
    match kind {
        MetricType::Histogram => format!("`{name}_bucket`, `{name}_sum` and `{name}_count` are"),
        _ => format!("`{name}_sum` and `{name}_count` are"),
    }
}

/// What a metric of an application has to do with the name; `None` for nothing.
fn of_application(metric: &ApplicationMetric, name: &str) -> Option<Standing> {
    let rest = name.strip_prefix(metric.name.as_str())?;
    let fits = match (metric.kind, rest) {
        (Some(MetricType::Histogram), "") => {
            return Some(Standing::NoSeries(series(name, MetricType::Histogram)));
        }
        (_, "") | (None, "_bucket" | "_sum" | "_count") => true,
        (Some(MetricType::Histogram), part) => matches!(part, "_bucket" | "_sum" | "_count"),
        (Some(MetricType::Summary), part) => matches!(part, "_sum" | "_count"),
        _ => false,
    };
    fits.then_some(Standing::Exposed)
}

/// The exporters that the Compose file runs, with the versions and flags that it gives them.
fn run_by(inspection: &Inspection<'_>, compose: &ComposeFile<'_>) -> Vec<ScrapedExporter> {
    let catalogue = inspection.catalogue;
    let mut scraped = Vec::new();
    for service in compose.services.values() {
        let Some(program) = service.program() else {
            continue;
        };
        let runs = |exporter: &&Exporter| {
            let tool = exporter
                .tool
                .as_deref()
                .and_then(|tool| catalogue.tool(tool));
            tool.is_some_and(|tool| tool.image.rsplit('/').next() == Some(program))
        };
        if let Some(exporter) = catalogue.exporters().find(runs) {
            scraped.push(ScrapedExporter {
                name: exporter.name.clone(),
                circumstances: circumstances(exporter, service),
            });
        }
    }
    scraped
}

fn circumstances(exporter: &Exporter, service: &Service<'_>) -> Circumstances {
    let mut flags = IndexMap::new();
    for variable in &service.environment {
        if let Some(flag) = exporter.flag_of_env(variable.name) {
            // A value that is taken from elsewhere is one that we do not know: the flag is on.
            let value = variable.value.unwrap_or("true");
            flags.insert(flag.name.clone(), value.to_owned());
        }
    }
    for word in &service.words {
        let Some(flag) = word.name.strip_prefix('-') else {
            continue;
        };
        let flag = flag.trim_start_matches('-');
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        flags.insert(name.to_owned(), value.to_owned());
    }
    let tag = service.image.and_then(|image| image.rsplit_once(':'));
    let namespace = exporter.namespace_flag.as_ref();
    Circumstances {
        exporter: tag.and_then(|(_, tag)| Version::from_tag(tag)),
        namespace: namespace.and_then(|flag| flags.get(flag)).cloned(),
        flags: Some(flags),
        ..Circumstances::default()
    }
}
