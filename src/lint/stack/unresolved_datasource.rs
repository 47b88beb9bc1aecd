use std::collections::BTreeSet;

use crate::catalogue::GrafanaTypes;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::datasource::{Datasource, DatasourceReference, DatasourceTarget};
use crate::facts::provider::grafana_with;
use crate::facts::scalars::each_scalar;
use crate::facts::text::{Text, placeholder};
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Kind, Setup};

pub(super) static LINT: Lint = Lint {
    id: "stack/unresolved-datasource",
    level: Level::Error,
    summary: "a reference to a datasource that is not provisioned, or is of another type",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let provisioned = Provisioned::of(facts);
    for dashboard in &facts.dashboards {
        let panels = dashboard.panels.iter().flat_map(|panel| {
            // A query that says what its panel says is not told again, nor one that Grafana does not look at, because the panel's is
            // there: `dashboard/ignored-query-datasource` speaks of it.
            let own = panel.datasource.as_ref().map(|reference| &reference.target);
            let is_ignored = matches!(own, Some(DatasourceTarget::Named(name)) if provisioned.find(name.as_str()).is_some());
            let queries =
                panel
                    .queries
                    .iter()
                    .map(|query| &query.datasource)
                    .filter(move |datasource| {
                        !is_ignored
                            && datasource
                                .as_ref()
                                .is_some_and(|reference| !same(Some(&reference.target), own))
                    });
            std::iter::once(&panel.datasource)
                .chain(queries)
                .flatten()
                .map(|reference| (reference, panel.named()))
        });
        let variables = dashboard.variables.iter().filter_map(|variable| {
            let name = format!("variable `{}`", variable.name.as_str());
            Some((variable.datasource.as_ref()?, name))
        });
        let references: Vec<_> = panels.chain(variables).collect();
        for (reference, owner) in &references {
            provisioned.check(facts.setup, reference, owner, findings);
        }
        // A ConfigMap is for the sidecar of a chart, and charts give their datasource the name of its type as uid.
        let wrapper = facts.setup.document(dashboard.document).wrapper;
        let is_for_sidecar = wrapper.is_some_and(|id| {
            matches!(
                facts.setup.document(id).kind,
                Kind::Kubernetes | Kind::HelmValues
            )
        });
        if facts.datasources.is_empty() && !is_for_sidecar {
            let first = references
                .iter()
                .find_map(|(reference, owner)| Some((uid_named_as_type(reference)?, owner)));
            if let Some((uid, owner)) = first {
                report_uid_named_as_type(uid, owner, findings);
            }
        }
    }
    for rule in &facts.grafana_rules {
        for query in &rule.queries {
            let Some(uid) = &query.datasource else {
                continue;
            };
            let is_own = matches!(
                uid.as_str(),
                "" | "__expr__" | "-100" | "grafana" | "-- Grafana --"
            );
            if !is_own && placeholder(uid.as_str()).is_none() {
                let owner = format!("alert rule `{}`", rule.title.as_str());
                provisioned.check_uid(facts.setup, uid, &owner, None, findings);
            }
        }
    }
    for datasource in &facts.datasources {
        let document = facts.setup.document(datasource.document);
        each_scalar(&datasource.node, &mut |keys, node| {
            if keys.last() == Some(&"datasourceUid")
                && !node.scalar_text().is_empty()
                && placeholder(node.scalar_text()).is_none()
                && provisioned.holds(datasource)
            {
                let owner = format!("datasource `{}`", datasource.name.as_str());
                let uid = Text::of(document, node);
                provisioned.check_uid(facts.setup, &uid, &owner, None, findings);
            }
        });
    }
}

/// Whether two references name the same, wherever they stand.
fn same(one: Option<&DatasourceTarget>, other: Option<&DatasourceTarget>) -> bool {
    match (one, other) {
        (Some(DatasourceTarget::Named(one)), Some(DatasourceTarget::Named(other))) => {
            one.value == other.value
        }
        _ => false,
    }
}

/// The datasources that Grafana has.
struct Provisioned<'f> {
    loaded: Vec<&'f Datasource>,
    /// In files that no Grafana gets.
    stray: Vec<&'f Datasource>,
    types: &'f GrafanaTypes,
}

impl<'f> Provisioned<'f> {
    fn of(facts: &'f Facts<'_>) -> Self {
        let is_loaded = |datasource: &&Datasource| {
            let path = &facts.setup.document(datasource.document).path;
            grafana_with(facts.setup, &facts.projects, path).is_some()
        };
        let (loaded, stray): (Vec<_>, Vec<_>) = facts.datasources.iter().partition(is_loaded);
        let types = facts.catalogue.grafana();
        match loaded.is_empty() {
            // Nobody says which files Grafana gets: all of them.
            true => Self {
                loaded: stray,
                stray: Vec::new(),
                types,
            },
            false => Self {
                loaded,
                stray,
                types,
            },
        }
    }

    /// By uid, else by name.
    fn find(&self, name: &str) -> Option<&'f Datasource> {
        let mut by_uid = self.loaded.iter();
        let mut by_name = self.loaded.iter();
        by_uid
            .find(|datasource| datasource.uid == name)
            .or_else(|| by_name.find(|datasource| datasource.name.as_str() == name))
            .copied()
    }

    fn holds(&self, datasource: &Datasource) -> bool {
        self.loaded
            .iter()
            .any(|loaded| std::ptr::eq(*loaded, datasource))
    }

    fn check(
        &self,
        setup: &Setup,
        reference: &DatasourceReference,
        owner: &str,
        findings: &mut Findings<'_>,
    ) {
        if let DatasourceTarget::Named(name) = &reference.target
            && placeholder(name.as_str()).is_none()
        {
            self.check_uid(setup, name, owner, reference.kind.as_ref(), findings);
        }
    }

    fn check_uid(
        &self,
        setup: &Setup,
        uid: &Text,
        owner: &str,
        kind: Option<&Text>,
        findings: &mut Findings<'_>,
    ) {
        let name = uid.as_str();
        if self.loaded.is_empty() {
            if is_drawn(name) {
                findings
                    .report(
                        uid.place,
                        format!("{owner} refers to the datasource `{name}`, a uid that one Grafana drew at random"),
                    )
                    .label("elsewhere nothing has this uid")
                    .help("use a variable of type `datasource`, or provision a datasource with a uid of your own")
                    .assuming("no datasource of that uid is provisioned elsewhere");
            }
            return;
        }
        if let Some(found) = self.find(name) {
            self.check_kind(found, owner, kind, findings);
            return;
        }
        let mut finding = findings
            .report(
                uid.place,
                format!("{owner} refers to the datasource `{name}`, which is not provisioned"),
            )
            .label("no such uid or name");
        // In Kubernetes a sidecar gathers what many manifests and charts bring.
        let mut documents = self.loaded.iter();
        if documents.any(|datasource| setup.document(datasource.document).wrapper.is_some()) {
            finding = finding.assuming("no other manifest or chart provisions it");
        }
        if let Some(stray) = self
            .stray
            .iter()
            .find(|datasource| datasource.uid == name || datasource.name.as_str() == name)
        {
            finding = finding.related("defined in a file that Grafana does not get", stray.place);
            if let Some(first) = self.loaded.first() {
                finding = finding.related("this file it gets", first.place);
            }
            finding.help("deploy that file, or refer to a datasource that is deployed");
            return;
        }
        let mut same_kind = self
            .loaded
            .iter()
            .filter(|datasource| kind.is_none_or(|kind| datasource.kind.as_str() == kind.as_str()));
        let only = same_kind.next();
        let is_only = same_kind.next().is_none();
        match (only, kind) {
            (Some(only), Some(_)) if is_only => {
                finding = finding
                    .related("the only one of this type", only.place)
                    .help(format!("refer to `{}`", only.uid));
                finding.fix(
                    Safety::Safe,
                    format!("refer to `{}`", only.uid),
                    vec![(uid.inside(setup), only.uid.clone())],
                );
            }
            _ => {
                let known: BTreeSet<String> = self
                    .loaded
                    .iter()
                    .map(|datasource| match datasource.written_uid {
                        Some(_) => format!("`{}`", datasource.uid),
                        // Grafana finds it by its name as well, and nobody knows a derived uid.
                        None => format!("`{}`", datasource.name.as_str()),
                    })
                    .collect();
                let known: Vec<String> = known.into_iter().collect();
                if let Some(first) = self.loaded.first() {
                    finding = finding.related("datasources are provisioned here", first.place);
                }
                finding.help(format!("provisioned are {}", known.join(", ")));
            }
        }
    }

    fn check_kind(
        &self,
        found: &Datasource,
        owner: &str,
        kind: Option<&Text>,
        findings: &mut Findings<'_>,
    ) {
        let Some(kind) = kind else { return };
        let (expected, is) = (kind.as_str(), found.kind.as_str());
        let is_unknown = is.is_empty() || expected.is_empty() || placeholder(expected).is_some();
        if is_unknown || is_alike(self.types.datasource(expected), self.types.datasource(is)) {
            return;
        }
        findings
            .report(
                kind.place,
                format!(
                    "{owner} expects `{}` to be of type `{expected}`; it is of type `{is}`",
                    found.uid
                ),
            )
            .label("another type")
            .related("the datasource", found.place)
            .help(format!(
                "set `type` to `{is}`, or refer to a datasource of type `{expected}`"
            ));
    }
}

/// Whether two types read the same queries: some clouds, and VictoriaMetrics, have plugins of their own for what Prometheus reads.
fn is_alike(one: &str, other: &str) -> bool {
    let is_prometheus = |kind: &str| {
        kind.contains("prometheus")
            || (kind.starts_with("victoriametrics") && !kind.contains("logs"))
    };
    one == other || (is_prometheus(one) && is_prometheus(other))
}

/// The uid, where it is no more than the name of its datasource's type.
fn uid_named_as_type(reference: &DatasourceReference) -> Option<&Text> {
    let (DatasourceTarget::Named(uid), Some(kind)) = (&reference.target, &reference.kind) else {
        return None;
    };
    (uid.value == kind.value).then_some(uid)
}

/// Once for a dashboard: what holds for one panel holds for all.
fn report_uid_named_as_type(uid: &Text, owner: &str, findings: &mut Findings<'_>) {
    let name = uid.as_str();
    findings
        .report(
            uid.place,
            format!("{owner} refers to the datasource `{name}`: that is the name of the type, and Grafana gives no datasource such a uid by itself"),
        )
        .label("nothing here provisions it")
        .help("use a variable of type `datasource`, or provision a datasource with this uid")
        .level(Level::Info)
        .assuming("no datasource of that uid or name is provisioned elsewhere");
}

/// Whether a uid looks drawn: a UUID, or letters and digits without any word.
fn is_drawn(uid: &str) -> bool {
    let is_uuid = uid.len() == 36
        && uid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && uid
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let digits = uid.bytes().filter(u8::is_ascii_digit).count();
    let is_short_id = (13..=15).contains(&uid.len())
        && digits >= 2
        && uid
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && uid.bytes().any(|byte| byte.is_ascii_lowercase());
    is_uuid || is_short_id
}
