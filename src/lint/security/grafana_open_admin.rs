use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::grafana_ini::settings;
use crate::facts::text::Text;
use crate::lint::rewriting::{Edits, in_place};
use crate::lint::{Finding, Findings, Lint};
use crate::setup::{Document, Kind, helm_values};

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
    for document in facts.setup.of_kind(Kind::GrafanaIni) {
        check_ini(facts, document, findings);
    }
    for service in grafanas(facts) {
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

fn grafanas<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f ComposeService> {
    let projects = facts.projects.iter();
    projects.flat_map(|project| project.running("grafana"))
}

/// The same in a configuration file, where no variable of a Grafana overrides it.
fn check_ini(facts: &Facts<'_>, document: &Document, findings: &mut Findings<'_>) {
    let settings = settings(document);
    let value = |section: &str, key: &str| {
        let mut all = settings.iter().rev();
        let setting = all.find(|setting| setting.section == section && setting.key == key)?;
        let section = section.replace('.', "_");
        let variable = format!("GF_{section}_{key}").to_ascii_uppercase();
        let is_set = |service: &ComposeService| {
            let mut names = service.environment.keys();
            names.any(|name| name.trim_end_matches("__FILE") == variable)
        };
        (!grafanas(facts).any(is_set)).then_some(&setting.value)
    };
    if let Some(password) = value("security", "admin_password")
        && is_known_password(password.as_str())
    {
        report(password, findings).help("write `$__file{…}` or `$__env{…}`, and keep it outside");
    }
    let is_on =
        value("auth.anonymous", "enabled").is_some_and(|enabled| enabled.as_str() == "true");
    if is_on && let Some(role) = value("auth.anonymous", "org_role") {
        check_role(facts, role, findings);
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
    if let Some(role) = role.filter(|_| is_on) {
        check_role(facts, role, findings);
    }
}

/// What whoever comes may do without logging in.
fn check_role(facts: &Facts<'_>, role: &Text, findings: &mut Findings<'_>) {
    if !matches!(role.as_str(), "Admin" | "Editor") {
        return;
    }
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
