use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::provider::grafana_with;
use crate::facts::provisioning::references;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/unset-variable",
    level: Level::Warning,
    summary: "a variable in a provisioning file that Grafana's environment does not have",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (document, reference) in references(facts.setup) {
        let is_name = reference
            .name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        // A lower-case name is a template's, and has a lint of its own.
        if !is_name
            || reference
                .name
                .starts_with(|first: char| first.is_ascii_digit())
        {
            continue;
        }
        let service = grafana_with(facts.setup, &facts.projects, &document.path);
        let Some(service) = service.as_ref().and_then(|id| facts.service(id)) else {
            continue;
        };
        // A file that is not here may set it.
        if service.environment.contains_key(&reference.name) || service.get("env_file").is_some() {
            continue;
        }
        let place = reference.text.part(facts.setup, reference.span);
        let message = format!(
            "`{}` of Grafana is empty: `{}` is not in its environment",
            reference.key, reference.name
        );
        findings
            .report(place, message)
            .label("not set")
            .related("this is the environment", service.place())
            .help(format!(
                "set `{}` in `environment` of `{}`",
                reference.name,
                service.name.as_str()
            ));
    }
}
