use indexmap::IndexMap;
use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::profile::Probe;
use crate::template::Templates;

/// What `blackbox.yml` says.
#[derive(Debug, Clone, Copy)]
pub struct BlackboxContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// The probes by name; each is the module of that name.
    pub probes: &'a IndexMap<String, Probe>,
}

/// `blackbox/blackbox.yml`; `None` without probes.
///
/// # Errors
///
/// A template that does not render.
pub fn blackbox(
    context: BlackboxContext<'_>,
    templates: &Templates,
) -> Result<Option<Artifact>, BuildError> {
    if context.probes.is_empty() {
        return Ok(None);
    }
    let view = View {
        profile: context.profile,
        environment: context.environment,
        modules: context
            .probes
            .iter()
            .map(|(name, probe)| Module {
                name,
                description: &probe.description,
                url: &probe.url,
                status: &probe.status,
                body: probe.body.as_deref(),
                is_tls: probe.url.starts_with("https://"),
                // Followed, a redirect could never be the answer that is waited for.
                follow_redirects: !probe.status.iter().any(|code| (300..400).contains(code)),
            })
            .collect(),
    };
    let text = templates.render("stack/blackbox/blackbox.yml.j2", &view)?;
    Ok(Some(Artifact::new(
        "blackbox/blackbox.yml",
        Kind::BlackboxConfig,
        text,
    )?))
}

#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    modules: Vec<Module<'a>>,
}

#[derive(Debug, Serialize)]
struct Module<'a> {
    name: &'a str,
    description: &'a str,
    url: &'a str,
    status: &'a [u16],
    body: Option<&'a str>,
    is_tls: bool,
    follow_redirects: bool,
}
