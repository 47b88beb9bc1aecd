use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "security/grafana-open-admin",
    level: Level::Error,
    summary: "everybody is an administrator of Grafana: anonymously, or with a password that everybody knows",
    needs: &[],
    check,
};

/// Passwords that are tried first.
const KNOWN: [&str; 8] = [
    "admin", "password", "grafana", "changeme", "secret", "admin123", "123456", "test",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.running("grafana"))
    {
        check_anonymous(service, findings);
        let password = service.variable("GF_SECURITY_ADMIN_PASSWORD");
        if let Some(password) = password.filter(|password| KNOWN.contains(&password.as_str())) {
            findings
                .report(
                    password.place,
                    format!(
                        "the administrator's password of Grafana is `{}`",
                        password.as_str()
                    ),
                )
                .label("the first that is tried")
                .help("take it from a variable without a default, or from a secret");
        }
    }
}

fn check_anonymous(service: &ComposeService, findings: &mut Findings<'_>) {
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
    findings
        .report(
            role.place,
            format!("whoever reaches Grafana {what}, without logging in"),
        )
        .label("open to everybody")
        .help("set the role to `Viewer`, or turn anonymous access off");
}
