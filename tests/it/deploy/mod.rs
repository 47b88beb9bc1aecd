//! What is deployed beside Prometheus and dashboards: Alertmanager, Compose, blackbox_exporter, and prose.

mod alertmanager;
mod compose;
mod live;
mod messages;
mod problems;
mod stack;
mod strange;
