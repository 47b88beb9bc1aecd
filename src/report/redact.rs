//! Lines of a user's file are shown in messages; a secret in one of them must not be.

/// Words in a key that make its value a secret.
const SECRET_WORDS: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "token",
    "webhook",
    "routing_key",
    "api_key",
    "apikey",
    "credential",
    "authorization",
    "cookie",
];

/// The same text, byte for byte as long, with `*` in place of what may be a secret: the literal
/// value of a key that is named like one, and the password of a URL.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(&url_passwords(&key_value(line)));
    }
    out
}

fn key_value(line: &str) -> String {
    let Some((key, value)) = line.split_once(':') else {
        return line.into();
    };
    let name = key.to_lowercase();
    if !SECRET_WORDS.iter().any(|word| name.contains(word)) {
        return flow(line);
    }
    let body = value.trim();
    // A reference, a nested mapping, or nothing: no literal.
    if body.is_empty()
        || body.starts_with('{') && is_reference(body)
        || body.starts_with(['#', '|', '>'])
    {
        return line.into();
    }
    let start = key.len() + 1 + (value.len() - value.trim_start().len());
    masked(line, start, start + body.len())
}

/// `{env: NAME}` or `{file: PATH}`.
fn is_reference(value: &str) -> bool {
    let inner = value.trim_start_matches('{').trim_start();
    inner.starts_with("env:") || inner.starts_with("file:")
}

/// A secret key inside a flow mapping: `{kind: slack, webhook: https://…}`.
fn flow(line: &str) -> String {
    let lower = line.to_lowercase();
    let mut out = line.to_owned();
    for word in SECRET_WORDS {
        for (at, key) in lower.match_indices(&format!("{word}:")) {
            // Lower-casing may change lengths outside ASCII; then the safe answer is the whole line.
            if lower.len() != line.len() {
                return masked(line, 0, line.trim_end().len());
            }
            let start = at + key.len();
            let rest = &line[start..];
            let value = rest.trim_start();
            if value.starts_with('{') && is_reference(value) {
                continue;
            }
            let start = start + rest.len() - value.len();
            let end = value
                .find([',', '}'])
                .map_or(line.trim_end().len(), |end| start + end);
            out = masked(&out, start, end);
        }
    }
    out
}

fn url_passwords(line: &str) -> String {
    let mut out = line.to_owned();
    let mut from = 0;
    while let Some(scheme) = out[from..].find("://") {
        let start = from + scheme + 3;
        let end = out[start..]
            .find(|char: char| char.is_whitespace() || matches!(char, '"' | '\'' | '/'))
            .map_or(out.len(), |end| start + end);
        let authority = &out[start..end];
        if let Some(at) = authority.rfind('@')
            && let Some(colon) = authority[..at].find(':')
        {
            out = masked(&out, start + colon + 1, start + at);
        }
        from = end;
    }
    out
}

fn masked(line: &str, start: usize, end: usize) -> String {
    let mut out = String::with_capacity(line.len());
    out.push_str(&line[..start]);
    out.extend(std::iter::repeat_n('*', end.saturating_sub(start)));
    out.push_str(&line[end.max(start)..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_secret_is_shown_and_no_byte_moves() {
        for (line, secret) in [
            ("    password: hunter2\n", "hunter2"),
            ("    password: \"hunter2\" # x\n", "hunter2"),
            ("address: redis://:hunter2@cache:6379\n", "hunter2"),
            ("address: \"redis://u:hunter2@cache\"\n", "hunter2"),
            (
                "hook: {kind: slack, webhook: https://hooks/hunter2, channel: x}\n",
                "hunter2",
            ),
            ("SMTP_PASSWORD: hunter2", "hunter2"),
            ("é: {token: hunter2}", "hunter2"),
            ("{token: hunter2, password: hunter2}", "hunter2"),
            (
                "headers: {Authorization: \"Bearer hunter2\", a: b}",
                "hunter2",
            ),
        ] {
            let shown = redact(line);
            assert!(!shown.contains(secret), "{shown}");
            assert_eq!(shown.len(), line.len());
        }
    }

    #[test]
    fn references_and_everything_else_stay_readable() {
        for line in [
            "    password: {env: REDIS_PASSWORD}\n",
            "    password:\n      file: secrets/redis\n",
            "address: redis://cache:6379/0\n",
            "hook: {kind: slack, webhook: {env: SLACK}, channel: x}\n",
            "url: https://user@host/path\n",
        ] {
            assert_eq!(redact(line), line);
        }
    }
}
