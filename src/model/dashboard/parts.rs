//! The dashboards of a stack: what it has decides what they show.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Dashboard, DashboardInput, Direction, PanelThreshold, resolve};
use crate::catalogue::{Availability, Catalogue, Feature, Version};
use crate::model::alert::Alerting;
use crate::model::application::Application;
use crate::model::exporter::ExporterProcess;
use crate::model::exporter_flags;
use crate::model::job::{JobKind, ScrapeJob};
use crate::model::target::RedisTarget;
use crate::profile::{Persistence, Problem, Profile, Topology};

/// What a stack has that its dashboards show.
pub(in crate::model) struct DashboardParts<'a, 'c> {
    pub(in crate::model) profile: &'a Profile,
    pub(in crate::model) catalogue: &'c Catalogue,
    pub(in crate::model) targets: &'a [RedisTarget],
    pub(in crate::model) jobs: &'a [ScrapeJob],
    pub(in crate::model) applications: &'a IndexMap<String, Application<'c>>,
    pub(in crate::model) exporters: &'a [ExporterProcess],
    pub(in crate::model) alerting: &'a Alerting<'c>,
    pub(in crate::model) exporter_version: Option<Version>,
    pub(in crate::model) redis_version: Option<Version>,
}

impl DashboardParts<'_, '_> {
    /// The dashboards of the profile, or those of the catalogue.
    pub(in crate::model) fn resolve(&self, problems: &mut Vec<Problem>) -> Vec<Dashboard> {
        let of_redis = |job: &&ScrapeJob| matches!(job.kind, JobKind::Redis | JobKind::Sentinel);
        let redis_jobs: Vec<String> = self
            .jobs
            .iter()
            .filter(of_redis)
            .map(|job| job.name.clone())
            .collect();
        let redis_interval = self
            .jobs
            .iter()
            .filter(of_redis)
            .map(|job| job.interval)
            .max()
            .unwrap_or(self.profile.scrape.interval);
        let thresholds: IndexMap<String, PanelThreshold> = self
            .alerting
            .thresholds
            .values()
            .filter_map(|threshold| {
                let shown = PanelThreshold {
                    direction: Direction::of(threshold.direction)?,
                    warning: threshold.warning,
                    critical: threshold.critical,
                    colors: threshold.colors.clone(),
                };
                Some((threshold.name.clone(), shown))
            })
            .collect();
        let circumstances = exporter_flags::circumstances(
            self.exporter_version,
            self.redis_version,
            self.exporters,
        );
        let exporter = self.catalogue.exporter(exporter_flags::REDIS_EXPORTER);
        let unavailable = |metric: &str| -> Option<String> {
            match self
                .catalogue
                .availability(exporter?, metric, &circumstances)?
            {
                Availability::Unavailable(reason) => Some(reason.to_string()),
                Availability::Available | Availability::Conditional(_) => None,
            }
        };
        resolve(&DashboardInput {
            library: self.catalogue.dashboards(),
            profile: &self.profile.name,
            written: &self.profile.dashboards,
            redis_jobs: &redis_jobs,
            redis_interval,
            scrape_interval: self.profile.scrape.interval,
            key_policies: &self
                .targets
                .iter()
                .filter_map(|target| target.keys.as_ref())
                .collect::<Vec<_>>(),
            applications: self.applications,
            thresholds: &thresholds,
            logs: self
                .profile
                .logs
                .as_ref()
                .map(|logs| logs.selector.as_str()),
            features: &features(self.targets, self.profile),
            unavailable: &unavailable,
        })
        .unwrap_or_else(|found| {
            problems.extend(found);
            Vec::new()
        })
    }
}

/// What panels can need that no metric tells.
fn features(targets: &[RedisTarget], profile: &Profile) -> BTreeSet<Feature> {
    let mut features = BTreeSet::new();
    for target in targets {
        match target.topology {
            Topology::Standalone => {}
            Topology::Replicated => {
                features.insert(Feature::Replicas);
            }
            Topology::Sentinel => {
                features.extend([Feature::Replicas, Feature::Sentinels]);
            }
            Topology::Cluster => {
                features.extend([Feature::Replicas, Feature::Cluster]);
            }
        }
        match target.persistence {
            Persistence::None => {}
            Persistence::Rdb => features.extend([Feature::Snapshots, Feature::Persistence]),
            Persistence::Aof => features.extend([Feature::AppendOnlyFile, Feature::Persistence]),
            Persistence::RdbAndAof => features.extend([
                Feature::Snapshots,
                Feature::AppendOnlyFile,
                Feature::Persistence,
            ]),
        }
    }
    if !profile.probes.is_empty() {
        features.insert(Feature::Probes);
    }
    if profile.logs.is_some() {
        features.insert(Feature::Logs);
    }
    if targets.iter().any(|target| target.keys.is_some()) {
        features.insert(Feature::KeyPolicies);
    }
    if !profile.agent {
        features.insert(Feature::OwnRules);
    }
    if !profile.remote_write.is_empty() {
        features.insert(Feature::RemoteWrite);
    }
    features
}
