//! URLs as Go's `net/url` reads them.

/// The parts that the rules of configuration files ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Url<'a> {
    /// In the case in which it was written; empty where there is none.
    pub scheme: &'a str,
    /// With its port.
    pub host: &'a str,
}

/// Reads `text`.
///
/// # Errors
///
/// Why Go refuses it.
pub(super) fn parse(text: &str) -> Result<Url<'_>, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("it holds a control character".into());
    }
    let text = text.split_once('#').map_or(text, |(before, fragment)| {
        if is_escaped_well(fragment) {
            before
        } else {
            text
        }
    });
    let (scheme, rest) = split_scheme(text)?;
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            // Opaque: `mailto:someone`.
            return Ok(Url { scheme, host: "" });
        }
        let first_segment = rest.split('/').next().unwrap_or_default();
        if first_segment.contains(':') {
            return Err("its first path segment contains a colon".into());
        }
    }
    let (host, path) = match rest.strip_prefix("//") {
        Some(after) if !(scheme.is_empty() && after.starts_with('/')) => {
            let end = after.find('/').unwrap_or(after.len());
            (host_of(&after[..end])?, &after[end..])
        }
        _ => ("", rest),
    };
    if !is_escaped_well(path) {
        return Err("a `%` is not followed by two hexadecimal digits".into());
    }
    Ok(Url { scheme, host })
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("its scheme is missing".into()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn host_of(authority: &str) -> Result<&str, String> {
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let allowed =
                |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
            if !user.bytes().all(allowed) || !is_escaped_well(user) {
                return Err("the user or password holds a character that must be escaped".into());
            }
            host
        }
        None => authority,
    };
    let port = match host.strip_prefix('[') {
        Some(after) => {
            let Some((_, port)) = after.rsplit_once(']') else {
                return Err("a `]` is missing in its host".into());
            };
            port
        }
        None => host.find(':').map_or("", |colon| &host[colon..]),
    };
    let port_fits = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if !port_fits {
        return Err(format!("`{port}` after its host is not a port"));
    }
    let allowed = |byte: u8| {
        byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]<>\"%".contains(&byte)
    };
    if let Some(character) = host.chars().find(|character| {
        character.is_ascii() && !allowed(u8::try_from(*character).unwrap_or_default())
    }) {
        return Err(format!("its host holds `{character}`"));
    }
    // Only bytes beyond ASCII may be escaped in a host.
    for (at, _) in host.match_indices('%') {
        let digits = host.get(at + 1..at + 3).unwrap_or_default();
        let is_zone = host.starts_with('[') && digits == "25";
        let beyond_ascii = u8::from_str_radix(digits, 16).is_ok_and(|byte| byte >= 0x80);
        if !is_zone && !beyond_ascii {
            return Err(format!("`%{digits}` is not allowed in its host"));
        }
    }
    Ok(host)
}

fn is_escaped_well(text: &str) -> bool {
    text.match_indices('%').all(|(at, _)| {
        text.as_bytes()
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "://x",
            "http://a b/",
            "http://host:port/",
            "host:9090",
            "http://[::1/",
            "http://x/%zz",
            "http://us er@x/",
            "127.0.0.1:9090",
            "http://x\n",
        ] {
            // `host:9090` is a scheme and an opaque part.
            assert_eq!(parse(text).is_err(), text != "host:9090", "{text}");
        }
    }

    #[test]
    fn scheme_and_host_are_found() {
        let url = parse("https://user:pa%20ss@example.org:9090/a?b#c").unwrap();
        assert_eq!(
            url,
            Url {
                scheme: "https",
                host: "example.org:9090"
            }
        );
        assert_eq!(parse("").unwrap(), Url::default());
        assert_eq!(parse("/only/path").unwrap(), Url::default());
        assert_eq!(
            parse("http://[fe80::1%25en0]:80/").unwrap().host,
            "[fe80::1%25en0]:80"
        );
    }
}
