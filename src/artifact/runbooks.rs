use super::BuildError;
use crate::bundle::Artifact;
use crate::model::Stack;
use crate::template::Templates;
pub fn runbooks(_: &Stack<'_>, _: &Templates) -> Result<Vec<(String, Artifact)>, BuildError> {
    Ok(Vec::new())
}
pub fn runbook_text(_: &str) -> Option<String> {
    None
}
