//! Programs that read rules and scrape configurations of Prometheus, and understand more than it does.

use serde::Deserialize;

use crate::document::Node;

/// Who evaluates rules, or reads a scrape configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evaluator {
    /// Prometheus, or nobody says otherwise.
    #[serde(skip_deserializing)]
    Prometheus,
    /// vmalert, vmagent, and what they write to: the language is MetricsQL.
    VictoriaMetrics,
    /// The ruler of Mimir or Cortex.
    Mimir,
    /// The ruler of Thanos.
    Thanos,
}

impl Evaluator {
    /// Its name, where it is not Prometheus.
    pub const fn other_than_prometheus(self) -> Option<&'static str> {
        match self {
            Self::Prometheus => None,
            Self::VictoriaMetrics => Some("VictoriaMetrics"),
            Self::Mimir => Some("Mimir"),
            Self::Thanos => Some("Thanos"),
        }
    }
}

/// `templates/evaluators.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Evaluators(Vec<Additions>);

/// What files for one program may have beyond what Prometheus knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Additions {
    /// The program.
    pub evaluator: Evaluator,
    /// Parts of the names of its images, services and datasources.
    #[serde(default)]
    pub names: Vec<String>,
    /// Keys beside `groups`.
    #[serde(default)]
    pub rule_file: Vec<String>,
    /// Keys of a rule group.
    #[serde(default)]
    pub rule_group: Vec<String>,
    /// Keys of a rule.
    #[serde(default)]
    pub rule: Vec<String>,
    /// Keys of an entry of `scrape_configs`.
    #[serde(default)]
    pub scrape_job: Vec<String>,
    /// Keys of a step of `relabel_configs` and `metric_relabel_configs`.
    #[serde(default)]
    pub relabeling: Vec<String>,
    /// Where they were read.
    pub source: String,
}

impl Evaluators {
    /// For whom a rule file is written, judged by keys that only one program knows.
    pub fn of_rules(&self, root: &Node) -> Evaluator {
        let groups = items(root, "groups");
        let rules = || groups.iter().flat_map(|group| items(group, "rules"));
        self.whose(|additions| {
            has(root, &additions.rule_file)
                || groups.iter().any(|it| has(it, &additions.rule_group))
                || rules().any(|it| has(it, &additions.rule))
        })
    }

    /// For whom a scrape configuration is written, judged in the same way.
    pub fn of_scrape_configuration(&self, root: &Node) -> Evaluator {
        let jobs = items(root, "scrape_configs");
        let steps = || {
            let lists = ["relabel_configs", "metric_relabel_configs"];
            jobs.iter()
                .flat_map(move |job| lists.into_iter().flat_map(|list| items(job, list)))
        };
        self.whose(|additions| {
            jobs.iter().any(|it| has(it, &additions.scrape_job))
                || steps().any(|it| has(it, &additions.relabeling))
        })
    }

    fn whose(&self, is_theirs: impl Fn(&Additions) -> bool) -> Evaluator {
        let mut all = self.0.iter();
        all.find(|additions| is_theirs(additions))
            .map_or(Evaluator::Prometheus, |additions| additions.evaluator)
    }

    /// Whether a program knows a key in a rule file that Prometheus does not.
    pub fn adds(&self, evaluator: Evaluator, key: &str) -> bool {
        self.of(evaluator)
            .flat_map(|it| [&it.rule_file, &it.rule_group, &it.rule])
            .any(|keys| keys.iter().any(|known| known == key))
    }

    /// Whether an image, a service or a datasource is called like a program.
    pub fn is_named(&self, evaluator: Evaluator, text: &str) -> bool {
        self.of(evaluator)
            .flat_map(|it| &it.names)
            .any(|name| text.contains(name.as_str()))
    }

    fn of(&self, evaluator: Evaluator) -> impl Iterator<Item = &Additions> {
        self.0.iter().filter(move |it| it.evaluator == evaluator)
    }
}

fn has(node: &Node, keys: &[String]) -> bool {
    keys.iter().any(|key| node.get(key).is_some())
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map_or(&[], |node| node.items())
}
