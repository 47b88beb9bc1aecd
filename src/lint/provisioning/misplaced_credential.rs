use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/misplaced-credential",
    level: Level::Error,
    summary: "a credential of a datasource in a block where Grafana does not look for it",
    needs: &[],
    check,
};

/// Keys of `secureJsonData`.
const SECRET: [&str; 10] = [
    "basicAuthPassword",
    "password",
    "tlsCACert",
    "tlsClientCert",
    "tlsClientKey",
    "accessKey",
    "secretKey",
    "privateKey",
    "authToken",
    "apiKey",
];

/// Keys of the datasource itself.
const OWN: [&str; 3] = ["basicAuth", "basicAuthUser", "user"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for datasource in &facts.datasources {
        let document = facts.setup.document(datasource.document);
        for (block, is_secret) in [("secureJsonData", true), ("jsonData", false)] {
            let entries = datasource
                .node
                .get(block)
                .map_or(&[][..], |node| node.entries());
            for entry in entries {
                let key = &*entry.key.text;
                let belongs = if OWN.contains(&key) {
                    format!("beside `{block}`, with `basicAuth: true`")
                } else if is_secret && key.starts_with("httpHeaderName") {
                    "in `jsonData`".into()
                } else if !is_secret
                    && (SECRET.contains(&key) || key.starts_with("httpHeaderValue"))
                {
                    "in `secureJsonData`".into()
                } else {
                    continue;
                };
                // Drivers of databases have a `user` in `jsonData` of their own.
                if key == "user" && !is_secret {
                    continue;
                }
                findings
                    .report(
                        document.place(entry.key.span),
                        format!("Grafana does not read `{key}` in `{block}`"),
                    )
                    .label("ignored here")
                    .related("of this datasource", datasource.place)
                    .help(format!("put it {belongs}"));
            }
        }
    }
}
