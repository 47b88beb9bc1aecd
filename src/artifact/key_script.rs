use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::exporter::ExporterProcess;
use crate::model::key_scan::SCRIPT_FILE;
use crate::template::Templates;

/// The directory in the bundle that an exporter of keys finds its script in.
pub fn key_script_directory(service: &str) -> String {
    format!("exporters/{service}")
}

/// `exporters/<service>/keys.lua` for each exporter that scans keys and may use Lua.
///
/// # Errors
///
/// A template that does not render.
pub fn key_scripts(
    exporters: &[ExporterProcess],
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let mut artifacts = Vec::new();
    for exporter in exporters {
        let Some(keys) = exporter.keys.as_ref().filter(|keys| keys.lua) else {
            continue;
        };
        let view = View {
            target: &keys.target,
            sample: keys.sample,
            policies: keys
                .policies
                .iter()
                .map(|policy| Policy {
                    pattern: policy.pattern.as_str(),
                    ttl_ms: policy.ttl.map(|ttl| ttl.as_millis()),
                    max_length: policy.max_length,
                })
                .collect(),
        };
        let text = templates.render("stack/exporters/keys.lua.j2", &view)?;
        let directory = key_script_directory(&exporter.service);
        let path = format!("{directory}/{SCRIPT_FILE}");
        artifacts.push(Artifact::new(&path, Kind::Configuration, text)?);
    }
    Ok(artifacts)
}

#[derive(Debug, Serialize)]
struct View<'a> {
    target: &'a str,
    sample: u32,
    policies: Vec<Policy<'a>>,
}

#[derive(Debug, Serialize)]
struct Policy<'a> {
    pattern: &'a str,
    ttl_ms: Option<u64>,
    max_length: Option<u32>,
}
