use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::secret::{SecretUse, Secrets};
use crate::template::Templates;

/// What `.env.example` says.
#[derive(Debug, Clone, Copy)]
pub struct EnvExampleContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// The secrets of the whole stack.
    pub secrets: &'a Secrets,
}

/// `.env.example`: every variable that the bundle refers to, without a value.
///
/// # Errors
///
/// A template that does not render.
pub fn env_example(
    context: EnvExampleContext<'_>,
    templates: &Templates,
) -> Result<Artifact, BuildError> {
    let view = View {
        profile: context.profile,
        environment: context.environment,
        variables: context
            .secrets
            .variables()
            .into_iter()
            .map(|variable| Variable {
                name: variable.name,
                uses: variable.uses.iter().map(in_words).collect(),
            })
            .collect(),
    };
    let text = templates.render("stack/env.example.j2", &view)?;
    Ok(Artifact::new(".env.example", Kind::EnvExample, text)?)
}

#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    variables: Vec<Variable>,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    uses: Vec<String>,
}

/// `Password of Redis cache (read by cache).`
fn in_words(used: &SecretUse) -> String {
    let mut chars = used.purpose.chars();
    let purpose = chars.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_uppercase(), chars.as_str())
    });
    format!("{purpose} (read by {}).", used.service)
}
