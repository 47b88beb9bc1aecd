//! What Grafana shows, and where it asks.

use std::collections::BTreeSet;

use super::{Change, Comparison};
use crate::facts::datasource::Datasource;
use crate::facts::prometheus::host_and_port;
use crate::model::dashboard::{ALERTMANAGER_UID, LOKI_UID, PROMETHEUS_UID};

/// A datasource of a stack.
struct StackDatasource<'s> {
    /// `prometheus`, `loki`.
    kind: &'static str,
    name: &'static str,
    uid: &'static str,
    /// Where it asks; `None` for what is reached under a name of the stack only.
    url: Option<&'s str>,
}

impl Comparison<'_> {
    /// Of a type a stack has one: the default of the setup, or its first.
    pub(super) fn datasources(&mut self) {
        let (facts, stack) = (self.facts, self.stack);
        let loki = stack.profile.logs.as_ref().map(|logs| StackDatasource {
            kind: "loki",
            name: "Loki",
            uid: LOKI_UID,
            url: Some(&logs.url),
        });
        let own = [
            StackDatasource {
                kind: "prometheus",
                name: "Prometheus",
                uid: PROMETHEUS_UID,
                url: Some(&stack.query_endpoint.url),
            },
            StackDatasource {
                kind: "alertmanager",
                name: "Alertmanager",
                uid: ALERTMANAGER_UID,
                url: None,
            },
        ];
        let rendered: Vec<StackDatasource<'_>> = own.into_iter().chain(loki).collect();
        let mut matched = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut existing: Vec<&Datasource> = facts.datasources.iter().collect();
        existing.sort_by_key(|it| !it.is_default);
        // Provisioned in two files, it is still one.
        existing.retain(|it| seen.insert((it.name.as_str(), it.kind.as_str())));
        for datasource in existing {
            let subject = format!("datasource `{}`", datasource.name.as_str());
            let kind = datasource.kind.as_str();
            let found = rendered.iter().find(|it| it.kind == kind);
            let Some(found) = found.filter(|it| !matched.contains(it.uid)) else {
                let detail = match (found, kind) {
                    (Some(_), _) => "a stack has one of this type",
                    (None, "loki") => "the profile has no `logs`",
                    (None, _) => "a stack has none of this type",
                };
                self.say(Change::Dropped, datasource.place, subject, detail);
                continue;
            };
            matched.insert(found.uid);
            let mut detail = Vec::new();
            if datasource.uid != found.uid {
                detail.push(format!("uid {} → {}", datasource.uid, found.uid));
            }
            // Never the whole address: it can hold a password.
            let written = datasource.url.as_ref().and_then(|url| url.value());
            let before = written.and_then(|url| host_and_port(url.as_str()));
            let after = found.url.and_then(host_and_port);
            if let (Some(before), Some(after)) = (before, after)
                && before != after
            {
                let words = |(host, port): (&str, Option<u16>)| match port {
                    Some(port) => format!("{host}:{port}"),
                    None => host.to_owned(),
                };
                detail.push(format!("at {} → {}", words(before), words(after)));
            }
            if !detail.is_empty() {
                self.say(
                    Change::Changed,
                    datasource.place,
                    subject,
                    detail.join(", "),
                );
            }
        }
        for found in rendered.iter().filter(|it| !matched.contains(it.uid)) {
            let subject = format!("datasource `{}`", found.name);
            self.say(Change::Added, None, subject, format!("uid {}", found.uid));
        }
    }

    pub(super) fn dashboards(&mut self) {
        let facts = self.facts;
        let rendered = &self.stack.dashboards;
        let mut matched = BTreeSet::new();
        for dashboard in &facts.dashboards {
            let title = dashboard.title.as_ref().map_or("", |text| text.as_str());
            let uid = dashboard.uid.as_ref().map_or("", |text| text.as_str());
            let found = rendered
                .iter()
                .find(|it| (!uid.is_empty() && it.uid == uid) || it.title == title);
            let place = facts.setup.document(dashboard.document).head();
            let place = dashboard.title.as_ref().map_or(place, |text| text.place);
            let count = dashboard
                .panels
                .iter()
                .filter(|panel| !panel.is_row())
                .count();
            let subject = format!("dashboard `{title}`");
            match found {
                None => {
                    let reason = self.reason(&subject);
                    let reason = reason.unwrap_or_else(|| {
                        format!("{count} panels that the profile does not have")
                    });
                    self.say(Change::Dropped, place, subject, reason);
                }
                Some(found) => {
                    matched.insert(found.uid.clone());
                    let panels = found.panels().count();
                    if panels != count {
                        self.say(
                            Change::Changed,
                            place,
                            subject,
                            format!("{count} panels → {panels}"),
                        );
                    }
                }
            }
        }
        for dashboard in rendered {
            if !matched.contains(&dashboard.uid) {
                let panels = dashboard.panels().count();
                let subject = format!("dashboard `{}`", dashboard.title);
                self.say(Change::Added, None, subject, format!("{panels} panels"));
            }
        }
    }
}
