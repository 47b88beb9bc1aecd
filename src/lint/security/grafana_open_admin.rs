use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::text::Text;
use crate::lint::rewriting::{Edits, in_place};
use crate::lint::{Finding, Findings, Lint};
use crate::setup::{Kind, helm_values};

pub(super) static LINT: Lint = Lint {
    id: "security/grafana-open-admin",
    level: Level::Error,
    summary: "everybody is an administrator of Grafana: anonymously, or with a password that everybody knows",
    needs: &[],
    check,
};

/// Passwords that are tried first.
const KNOWN: [&str; 9] = [
    "admin",
    "password",
    "grafana",
    "changeme",
    "secret",
    "admin123",
    "123456",
    "test",
    // The chart's own.
    "prom-operator",
];

/// The variable that sets the administrator's password.
const PASSWORD: &str = "GF_SECURITY_ADMIN_PASSWORD";

/// Whether the variable `name` of a service gives Grafana's administrator a password that everybody knows. That it also stands in
/// the clear is no second mistake.
pub(super) fn is_known(service: &ComposeService, name: &str, value: &Text) -> bool {
    name == PASSWORD && service.runs("grafana") && is_known_password(value.as_str())
}

/// Whether a password is among the first that are tried.
pub(super) fn is_known_password(password: &str) -> bool {
    KNOWN.contains(&password)
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.of_kind(Kind::HelmValues) {
        let values = helm_values(&document.root);
        let password = values.and_then(|values| values.get("grafana")?.get("adminPassword"));
        if let Some(password) = password.filter(|node| is_known_password(node.scalar_text())) {
            report(&Text::of(document, password), findings)
                .help("name a Secret that holds it: `grafana.admin.existingSecret`");
        }
    }
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.running("grafana"))
    {
        check_anonymous(facts, service, findings);
        if let Some(password) = service.variable(PASSWORD)
            && is_known(service, PASSWORD, password)
        {
            let finding = report(password, findings)
                .help("take it from a variable without a default, or from a secret");
            if let Some(edits) = from_variable(facts, password) {
                let title = "take it from a variable that has to be set";
                finding.fix(Safety::Unsafe, title, edits);
            }
        }
    }
}

fn report<'d, 'f>(password: &Text, findings: &'d mut Findings<'f>) -> Finding<'d, 'f> {
    let message = format!(
        "the administrator's password of Grafana is `{}`",
        password.as_str()
    );
    findings
        .report(password.place, message)
        .label("the first that is tried")
}

fn check_anonymous(facts: &Facts<'_>, service: &ComposeService, findings: &mut Findings<'_>) {
    let is_on = service
        .variable("GF_AUTH_ANONYMOUS_ENABLED")
        .is_some_and(|value| value.as_str() == "true");
    let role = service.variable("GF_AUTH_ANONYMOUS_ORG_ROLE");
    let Some(role) = role.filter(|role| is_on && matches!(role.as_str(), "Admin" | "Editor"))
    else {
        return;
    };
    let what = match role.as_str() {
        "Admin" => "is an administrator of Grafana",
        _ => "can change dashboards and query every datasource",
    };
    let finding = findings
        .report(
            role.place,
            format!("whoever reaches Grafana {what}, without logging in"),
        )
        .label("open to everybody")
        .help("set the role to `Viewer`, or turn anonymous access off");
    if let Some(edits) = in_place(facts.setup, role.place, role.as_str(), "Viewer") {
        finding.fix(Safety::Unsafe, "set the role to `Viewer`", edits);
    }
}

/// A variable instead of the password. Without a value for it Compose refuses to start, and says why.
fn from_variable(facts: &Facts<'_>, password: &Text) -> Option<Edits> {
    const MUST_BE_SET: &str = ":?set a password}";
    let (place, known) = (password.place, password.as_str());
    let written = facts.setup.slice(place);
    let default = format!(":-{known}}}");
    if written.contains(&default) {
        return in_place(facts.setup, place, &default, MUST_BE_SET);
    }
    let variable = format!("${{GRAFANA_ADMIN_PASSWORD{MUST_BE_SET}");
    match written == known {
        true => Some(vec![(place, format!("\"{variable}\""))]),
        false => in_place(facts.setup, place, known, &variable),
    }
}
