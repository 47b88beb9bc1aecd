//! What in a configuration is a secret.

/// Whether a key says that its value is a secret: `bearer_token`, `GF_SECURITY_ADMIN_PASSWORD`, `secretKey`.
pub fn is_secret_key(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(['_', '-', '.']).collect();
    // Where to find it, whether there is one, and what it is called, are no secrets.
    let about = [
        "file", "path", "url", "header", "name", "enabled", "expiry", "length", "policy", "type",
        "ttl", "min", "max", "id", "field", "location", "dir", "user", "username", "allow",
        "disable", "ref",
    ];
    if words.last().is_some_and(|last| about.contains(last)) || lower.contains("allow_empty") {
        return false;
    }
    let compact = lower.replace(['_', '-', '.'], "");
    [
        "password",
        "passwd",
        "bearertoken",
        "authtoken",
        "accesstoken",
        "apitoken",
        "bottoken",
        "apikey",
        "secretkey",
        "clientsecret",
        "routingkey",
        "servicekey",
        "userkey",
        "credentials",
        "privatekey",
        "secretaccesskey",
        "requirepass",
    ]
    .iter()
    .any(|secret| compact.ends_with(secret))
        || matches!(lower.as_str(), "token" | "secret")
        || lower.ends_with("_token")
        || lower.ends_with("_secret")
}

/// Whether a value is a secret that stands there for everybody to read.
pub fn is_plain(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty()
        && super::text::placeholder(value).is_none()
        && !value.starts_with('$')
        && !value.starts_with('/')
        && !value.to_ascii_lowercase().starts_with("your-")
        && !value.starts_with("<")
        && !matches!(
            value,
            "true" | "false" | "null" | "none" | "yes" | "no" | "~"
        )
        && !value
            .bytes()
            .all(|byte| byte == b'*' || byte == b'x' || byte == b'.')
}
