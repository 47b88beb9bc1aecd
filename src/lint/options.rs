//! What lints have to know of the habits of a project, and what they take for granted otherwise.

use serde_json::{Value, json};

use crate::quantity::{DURATION_PATTERN, Duration};

/// The options of all lints. The default is what holds for most projects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// `--query.lookback-delta` where no flag is seen; `None`: 5 minutes.
    pub lookback: Option<Duration>,
    /// Receivers of Alertmanager that send nothing on purpose.
    pub silent_receivers: Vec<String>,
    /// Severities from the least to the most severe; those of one list are alike. Empty: the usual words.
    pub severities: Vec<Vec<String>>,
    /// Programs that may be open to everybody, because something else protects them.
    pub open_programs: Vec<String>,
    /// Labels that series have although nothing in the setup gives them.
    pub labels: Vec<String>,
    /// Jobs that are scraped by something outside of the setup.
    pub jobs: Vec<String>,
    /// Uids of dashboards that exist outside of the setup.
    pub dashboards: Vec<String>,
}

/// An option that can be set for a lint.
pub struct Declared {
    /// The lint.
    pub lint: &'static str,
    /// Its key.
    pub key: &'static str,
    /// What it means, in one sentence.
    pub about: &'static str,
    /// How it is written.
    pub form: Form,
    set: fn(&mut Options, &Value),
}

/// How an option is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `"5m"`
    Duration,
    /// `["a", "b"]`
    Words,
    /// `[["a", "b"], ["c"]]`
    Ranks,
}

/// Every option, by lint.
pub static OPTIONS: [Declared; 7] = [
    Declared {
        lint: "alertmanager/receiver-without-integration",
        key: "silent",
        about: "Receivers that send nothing on purpose, besides those that are called so (`null`, `blackhole`).",
        form: Form::Words,
        set: |options, value| options.silent_receivers = words(value),
    },
    Declared {
        lint: "promql/unknown-label",
        key: "labels",
        about: "Labels that series have although nothing in the setup gives them.",
        form: Form::Words,
        set: |options, value| options.labels = words(value),
    },
    Declared {
        lint: "rule/inverted-severity",
        key: "severities",
        about: "Severities from the least to the most severe, in lists of words that are alike.",
        form: Form::Ranks,
        set: |options, value| options.severities = items(value).map(words).collect(),
    },
    Declared {
        lint: "scrape/interval-exceeds-lookback",
        key: "lookback",
        about: "`--query.lookback-delta` of a Prometheus whose flags are not in the setup; 5m unless given.",
        form: Form::Duration,
        set: |options, value| {
            options.lookback = value.as_str().and_then(|text| text.parse().ok());
        },
    },
    Declared {
        lint: "security/exposed-admin-port",
        key: "allowed",
        about: "Programs that may be open to everybody, because something else protects them: `prometheus`.",
        form: Form::Words,
        set: |options, value| options.open_programs = words(value),
    },
    Declared {
        lint: "stack/dead-link",
        key: "dashboards",
        about: "Uids of dashboards that exist outside of the setup.",
        form: Form::Words,
        set: |options, value| options.dashboards = words(value),
    },
    Declared {
        lint: "stack/unknown-job",
        key: "jobs",
        about: "Jobs that are scraped by something outside of the setup.",
        form: Form::Words,
        set: |options, value| options.jobs = words(value),
    },
];

impl std::fmt::Debug for Declared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.lint, self.key)
    }
}

impl Declared {
    /// Takes over a value of its form; any other changes nothing.
    pub fn set(&self, options: &mut Options, value: &Value) {
        (self.set)(options, value);
    }

    /// Its JSON Schema.
    pub fn schema(&self) -> Value {
        let text = json!({"type": "string", "minLength": 1});
        let mut schema = match self.form {
            Form::Duration => {
                json!({"type": "string", "minLength": 1, "pattern": DURATION_PATTERN})
            }
            Form::Words => json!({"type": "array", "items": text}),
            Form::Ranks => json!({"type": "array", "items": {"type": "array", "items": text}}),
        };
        schema["description"] = self.about.into();
        schema
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn words(value: &Value) -> Vec<String> {
    items(value)
        .filter_map(|word| Some(word.as_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::lint;

    #[test]
    fn every_option_belongs_to_a_lint_and_sets_something() {
        for option in &OPTIONS {
            assert!(
                lint(option.lint).is_some(),
                "there is no lint {}",
                option.lint
            );
            let value = match option.form {
                Form::Duration => json!("7m"),
                Form::Words => json!(["a"]),
                Form::Ranks => json!([["a"], ["b"]]),
            };
            let mut options = Options::default();
            option.set(&mut options, &value);
            assert_ne!(options, Options::default(), "{option:?}");
        }
        assert!(OPTIONS.is_sorted_by_key(|option| (option.lint, option.key)));
    }
}
