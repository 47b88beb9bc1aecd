use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::scalars::each_scalar;
use crate::lint::{Findings, Lint};
use crate::setup::Kind;

pub(super) static LINT: Lint = Lint {
    id: "security/unverified-tls",
    level: Level::Warning,
    summary: "a connection that is encrypted to whoever answers: the certificate is not checked",
    needs: &[],
    check,
};

const KEYS: [&str; 3] = ["insecure_skip_verify", "tlsSkipVerify", "skip_verify"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.documents() {
        let is_ours = matches!(
            document.kind,
            Kind::Prometheus | Kind::Alertmanager | Kind::Blackbox | Kind::Datasources
        );
        if !is_ours {
            continue;
        }
        each_scalar(&document.root, &mut |keys, node| {
            let Some(key) = keys.last().filter(|key| KEYS.contains(key)) else {
                return;
            };
            if node.scalar_text() == "true" {
                findings
                    .report(
                        document.place(node.span),
                        format!("`{key}` leaves certificates unchecked: anybody in between can answer, and read what is sent"),
                    )
                    .label("not checked")
                    .help("give the authority's certificate, in `ca_file` or `tlsCACert`, and check");
            }
        });
    }
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.running("redis_exporter"))
    {
        let variable = service.variable("REDIS_EXPORTER_SKIP_TLS_VERIFICATION");
        let flag = service.command.iter().find(|argument| {
            argument
                .as_str()
                .trim_start_matches('-')
                .starts_with("skip-tls-verification")
        });
        let place = variable
            .filter(|value| value.as_str() == "true")
            .or(flag.filter(|flag| !flag.as_str().ends_with("=false")))
            .map(|text| text.place);
        if let Some(place) = place {
            findings
                .report(
                    place,
                    format!(
                        "`{}` does not check Redis' certificate: anybody in between can read the password",
                        service.name.as_str()
                    ),
                )
                .label("not checked")
                .help("give the authority's certificate in `REDIS_EXPORTER_TLS_CA_CERT_FILE`");
        }
    }
}
