//! `bundle/references`: what is named somewhere is there.

mod declarations;
mod files;
mod hosts;
mod variables;

use super::compose::ComposeFile;
use super::inspection::Inspection;
use crate::diagnostic::Diagnostic;

pub(super) const NAME: &str = "bundle/references";

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let compose = ComposeFile::of(inspection);
    let mut findings = Vec::new();
    if let Some(compose) = &compose {
        findings.extend(declarations::check(inspection, compose));
        findings.extend(hosts::check(inspection, compose));
        findings.extend(variables::check(inspection, compose));
    }
    findings.extend(files::check(inspection, compose.as_ref()));
    findings
}
