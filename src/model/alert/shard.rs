//! The rules in which several Prometheus servers differ.

use indexmap::IndexMap;

use super::{Alerting, AlertingInputs, Evaluation, Evaluator, resolve};
use crate::catalogue::AlertCatalogue;
use crate::model::prometheus::{self, PrometheusProcess, Shard};
use crate::template::{TemplateError, Templates};

/// What each of several Prometheus servers must find: the only rules in which they differ.
pub(in crate::model) fn counting<'c>(
    catalogue: &'c AlertCatalogue,
    inputs: &AlertingInputs<'_>,
    servers: &[PrometheusProcess],
    templates: &Templates,
) -> Result<Vec<Alerting<'c>>, TemplateError> {
    let mut counting = Vec::new();
    for server in servers {
        let Some(Shard { number, .. }) = server.shard() else {
            continue;
        };
        let found = server
            .jobs
            .iter()
            .filter(|job| prometheus::holds_targets(job));
        let evaluation = Evaluation {
            by: Evaluator::Shard(number),
            labels: IndexMap::from([("shard".to_owned(), number.to_string())]),
            ..inputs.evaluation.clone()
        };
        let inputs = AlertingInputs {
            jobs: &found.cloned().collect::<Vec<_>>(),
            evaluation: &evaluation,
            ..*inputs
        };
        // What is wrong with the profile has been said once.
        let alerting = resolve(catalogue, &inputs, templates, &mut Vec::new())?;
        counting.push(alerting);
    }
    Ok(counting)
}
