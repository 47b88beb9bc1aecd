use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::text::Text;
use crate::lint::rewriting::{in_place, with_variable};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "security/exporter-leaks-secrets",
    level: Level::Error,
    summary: "redis_exporter shows passwords or values of keys to whoever reads its metrics page",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.running("redis_exporter"))
    {
        check_configuration(facts, service, findings);
        check_values(facts, service, findings);
        check_address(service, findings);
    }
}

/// The variable that keeps values of keys from the metrics page.
const HIDDEN: &str = "REDIS_EXPORTER_DISABLE_EXPORTING_KEY_VALUES";

/// With redaction off, `CONFIG GET *` goes out as it is: `requirepass`, `masterauth`, `tls-key-file-pass`.
fn check_configuration(facts: &Facts<'_>, service: &ComposeService, findings: &mut Findings<'_>) {
    let shown = option(
        service,
        "include-config-metrics",
        "REDIS_EXPORTER_INCL_CONFIG_METRICS",
    );
    let redacted = option(
        service,
        "redact-config-metrics",
        "REDIS_EXPORTER_REDACT_CONFIG_METRICS",
    );
    if let (Some(shown), Some(redacted)) = (shown, redacted)
        && is_on(&shown)
        && is_off(&redacted)
    {
        let finding = findings
            .report(
                redacted.place,
                format!(
                    "`{}` shows the configuration of Redis with its passwords: `redis_config_key_value{{key=\"requirepass\"}}`",
                    service.name.as_str()
                ),
            )
            .label("nothing is hidden")
            .related("switched on here", shown.place)
            .help("leave redaction on, which is the default");
        if let Some(edits) = in_place(facts.setup, redacted.place, redacted.as_str(), "true") {
            finding.fix(Safety::Unsafe, "hide passwords again", edits);
        }
    }
}

/// Keys that are checked one by one have their values in a label where these are texts.
fn check_values(facts: &Facts<'_>, service: &ComposeService, findings: &mut Findings<'_>) {
    let keys = [
        ("check-keys", "REDIS_EXPORTER_CHECK_KEYS"),
        ("check-single-keys", "REDIS_EXPORTER_CHECK_SINGLE_KEYS"),
    ];
    let hidden = option(service, "disable-exporting-key-values", HIDDEN);
    let is_given = hidden.is_some();
    if hidden.is_some_and(|hidden| !is_off(&hidden)) {
        return;
    }
    for keys in keys
        .iter()
        .filter_map(|(flag, variable)| option(service, flag, variable))
    {
        let said = keys.as_str().to_ascii_lowercase();
        let is_secret = ["session", "token", "password", "secret", "auth", "user"]
            .iter()
            .any(|word| said.contains(word));
        let is_open = said.contains('*');
        if said.is_empty() || !(is_secret || is_open) {
            continue;
        }
        let mut finding = findings
            .report(
                keys.place,
                format!(
                    "`{}` shows the values of these keys: `redis_key_value_as_string` has them in a label",
                    service.name.as_str()
                ),
            )
            .label("values that are texts are shown")
            .help("add `--disable-exporting-key-values`")
            .level(Level::Warning);
        if !is_given && let Some(edits) = with_variable(facts, service, HIDDEN, "true") {
            finding = finding.fix(Safety::Unsafe, "show no values of keys", edits);
        }
        if !is_secret {
            finding.assuming("some of them hold texts that are not for everyone");
        }
    }
}

/// A password among arguments is in the list of processes, and an address with it in every log.
fn check_address(service: &ComposeService, findings: &mut Findings<'_>) {
    let Some(address) = service.flag("redis.addr") else {
        return;
    };
    let Some((_, rest)) = address.as_str().split_once("://") else {
        return;
    };
    let password = rest
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
        .map(|(_, password)| password);
    if password.is_some_and(|password| !password.is_empty()) {
        findings
            .report(
                address.place,
                format!(
                    "the password of Redis is among the arguments of `{}`: every list of processes shows it",
                    service.name.as_str()
                ),
            )
            .label("holds the password")
            .help("give it in `REDIS_PASSWORD_FILE` or `REDIS_PASSWORD`, and the address without it")
            .level(Level::Warning);
    }
}

/// A flag or the variable for it; a flag without a value is on.
fn option(service: &ComposeService, flag: &str, variable: &str) -> Option<Text> {
    let written = service
        .entrypoint
        .iter()
        .chain(&service.command)
        .find_map(|argument| {
            let bare = argument.as_str().strip_prefix('-')?;
            let bare = bare.strip_prefix('-').unwrap_or(bare);
            match bare.split_once('=') {
                Some((name, value)) => (name == flag).then(|| Text::at(argument.place, value)),
                None => (bare == flag).then(|| {
                    // Flags of texts may have their value in the next word.
                    let value = match flag.starts_with("check-") {
                        true => service.flag(flag),
                        false => None,
                    };
                    value.unwrap_or_else(|| Text::at(argument.place, "true"))
                }),
            }
        });
    written.or_else(|| service.variable(variable).cloned())
}

fn is_on(text: &Text) -> bool {
    matches!(
        text.as_str().to_ascii_lowercase().as_str(),
        "true" | "1" | "t"
    )
}

fn is_off(text: &Text) -> bool {
    matches!(
        text.as_str().to_ascii_lowercase().as_str(),
        "false" | "0" | "f"
    )
}
