use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::consumer::{Consumer, VariableValue};
use crate::model::service::{OWN_NETWORK, ServiceNetwork, Services};
use crate::profile::SecretRef;
use crate::template::Templates;

/// What the files for consumers say.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerContext<'a> {
    /// Name of the environment.
    pub environment: &'a str,
    /// The consumers.
    pub consumers: &'a [Consumer],
    /// What the stack runs.
    pub services: &'a Services,
}

/// `consumers/<target>/<consumer>.env` and `.yaml`: what an application is told of its Redis, as a file of environment
/// variables, and as a service that the one in the application's own Compose file extends.
///
/// # Errors
///
/// A template that does not render.
pub fn consumers(
    context: ConsumerContext<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let mut artifacts = Vec::new();
    for consumer in context.consumers {
        let view = View::new(context, consumer);
        for (end, template) in [
            ("env", "stack/consumers/consumer.env.j2"),
            ("yaml", "stack/consumers/consumer.yaml.j2"),
        ] {
            let path = format!("consumers/{}/{}.{end}", consumer.target, consumer.name);
            let text = templates.render(template, &view)?;
            artifacts.push(Artifact::new(&path, Kind::Configuration, text)?);
        }
    }
    Ok(artifacts)
}

#[derive(Debug, Serialize)]
struct View<'a> {
    environment: &'a str,
    target: &'a str,
    name: &'a str,
    description: &'a str,
    /// Networks in which it meets a Redis of the stack.
    networks: Vec<String>,
    variables: Vec<Variable<'a>>,
    secrets: Vec<Secret<'a>>,
}

#[derive(Debug, Serialize)]
struct Variable<'a> {
    name: &'a str,
    /// As a Compose file has it.
    in_compose: String,
    /// As a file of variables has it; `None` for a secret.
    in_file: Option<String>,
}

#[derive(Debug, Serialize)]
struct Secret<'a> {
    name: &'a str,
    /// Where it is found, in words.
    found: String,
}

impl<'a> View<'a> {
    fn new(context: ConsumerContext<'a>, consumer: &'a Consumer) -> Self {
        let services = context.services;
        let networks = if !services.runs(&consumer.target) {
            Vec::new()
        } else if services.networks.is_empty() {
            vec![format!("{}_{OWN_NETWORK}", services.project)]
        } else {
            let networks = services.networks.iter();
            let real_name = |network: &ServiceNetwork| {
                if network.external || network.key != network.name {
                    network.name.clone()
                } else {
                    format!("{}_{}", services.project, network.key)
                }
            };
            networks.map(real_name).collect()
        };
        let mut view = Self {
            environment: context.environment,
            target: &consumer.target,
            name: &consumer.name,
            description: &consumer.description,
            networks,
            variables: Vec::new(),
            secrets: Vec::new(),
        };
        for variable in &consumer.environment {
            let name = variable.name.as_str();
            let (in_compose, in_file) = match &variable.value {
                VariableValue::Text(text) => (text.replace('$', "$$"), Some(quoted(text))),
                VariableValue::Secret(source) => {
                    let (found, in_compose) = match source {
                        SecretRef::Env(variable) => (
                            format!("the environment variable {variable}"),
                            Some(format!("${{{variable}:?set {variable} in .env}}")),
                        ),
                        SecretRef::File(path) => (format!("the content of {path}"), None),
                    };
                    view.secrets.push(Secret { name, found });
                    let Some(in_compose) = in_compose else {
                        continue;
                    };
                    (in_compose, None)
                }
            };
            view.variables.push(Variable {
                name,
                in_compose,
                in_file,
            });
        }
        view
    }
}

/// A value as Compose reads it from a file of variables, and where it needs no quotes everybody else, too.
fn quoted(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_=.,:/@%+*".contains(char);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "\\'"))
    }
}
