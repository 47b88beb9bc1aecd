//! Texts with a syntax of their own: durations, sizes, command lines.

/// Whether a duration is one: Go's notation, from 2.35 on with days and weeks.
pub(super) fn is_duration(text: &str, with_days: bool) -> bool {
    const UNITS: [&str; 10] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "w"];
    const NANOSECONDS: [f64; 10] = [
        1.0, 1e3, 1e3, 1e3, 1e6, 1e9, 6e10, 3.6e12, 8.64e13, 6.048e14,
    ];
    let units = if with_days { &UNITS[..] } else { &UNITS[..8] };
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut total = 0.0;
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(rest.len());
        let unit = rest[number..]
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .map_or(rest.len(), |length| number + length);
        let has_digit = rest[..number].bytes().any(|byte| byte.is_ascii_digit());
        let (Ok(count), Some(index), true) = (
            rest[..number].parse::<f64>(),
            units.iter().position(|known| *known == &rest[number..unit]),
            has_digit,
        ) else {
            return false;
        };
        total += count * NANOSECONDS[index];
        rest = &rest[unit..];
    }
    // 63 bits of nanoseconds: about 292 years.
    total <= i64::MAX as f64
}

/// Bytes of a size: a number, perhaps with a fraction, and a unit of 1024 such as `k`, `mb` or `GiB`.
pub(super) fn bytes(text: &str) -> Option<f64> {
    let split = text
        .rfind(|character: char| character.is_ascii_digit() || character == '.')
        .map_or(0, |last| last + 1);
    let (number, unit) = text.split_at(split);
    let is_number =
        number.starts_with(|first: char| first.is_ascii_digit() || first == '.' || first == '+');
    let number: f64 = number
        .replace('_', "")
        .parse()
        .ok()
        .filter(|number: &f64| is_number && number.is_finite())?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_lowercase();
    let exponent = match unit.as_str() {
        "" | "b" => 0,
        _ => {
            let letter = unit.chars().next()?;
            let rest = &unit[letter.len_utf8()..];
            if !matches!(rest, "" | "b" | "ib" | "i") {
                return None;
            }
            "kmgtp".find(letter)? as i32 + 1
        }
    };
    Some(number * 1024_f64.powi(exponent))
}

/// Whether a size is one. Before 2.35 its number had digits around its point, and `ib` was a unit.
pub(super) fn is_size(text: &str, is_before_2_35: bool) -> bool {
    if !is_before_2_35 {
        return bytes(text).is_some();
    }
    let number = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let mut parts = text[..number].split('.');
    let is_number = parts.clone().count() <= 2 && parts.all(|part| !part.is_empty());
    let unit = text[number..].strip_prefix(' ').unwrap_or(&text[number..]);
    let unit = unit.to_lowercase();
    let unit = unit
        .strip_prefix(['k', 'm', 'g', 't', 'p'])
        .unwrap_or(&unit);
    is_number && matches!(unit, "" | "i" | "b" | "ib")
}

/// Whether a command line falls into words: quotes, backslashes and parentheses are closed.
pub(super) fn is_command_line(text: &str) -> bool {
    let mut escaped = false;
    let mut single = false;
    let mut double = false;
    let mut backtick = false;
    let mut substitution = false;
    let mut previous = None;
    for character in text.chars() {
        let before = previous.replace(character);
        if escaped {
            escaped = false;
            continue;
        }
        let quoted = single || double;
        match character {
            '\\' if !single => escaped = true,
            '`' if !quoted && !substitution => backtick = !backtick,
            ')' if !quoted && !backtick => substitution = !substitution,
            '(' if !quoted && !backtick => {
                if substitution || before != Some('$') {
                    return false;
                }
                substitution = true;
            }
            '"' if !single && !substitution => double = !double,
            '\'' if !double && !substitution => single = !single,
            // What follows is for a shell, and Compose starts none.
            ';' | '&' | '|' | '<' | '>' if !quoted && !backtick && !substitution => break,
            _ => {}
        }
    }
    !(escaped || single || double || backtick || substitution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for text in ["0", "1.5s", ".5s", "5.s", "1h30m", "-5s", "1us", "1µs"] {
            assert!(is_duration(text, false), "{text}");
        }
        for text in [
            "", "5", "1h30", "5 s", "1y", "5S", "s", "1h 30m", "9999999h", "1.2.3s",
        ] {
            assert!(!is_duration(text, true), "{text}");
        }
        assert!(is_duration("1d12h", true) && !is_duration("1d", false));
    }

    #[test]
    fn sizes_are_numbers_with_units_of_1024() {
        for (text, expected) in [
            ("1", 1.0),
            ("1k", 1024.0),
            ("1.5 KiB", 1536.0),
            ("64mb", 67_108_864.0),
            ("1_000b", 1000.0),
            (".5k", 512.0),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in [
            "", "b", "-1", "1e", "1eb", "1bb", "1  m", "1m ", "1,5m", "1.5.5m", "0x10", "lots",
            "512q",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert!(is_size(".5k", false) && !is_size(".5k", true));
        assert!(is_size("1ib", true) && !is_size("1ib", false));
        assert!(is_size("1.5 GiB", true) && !is_size("1.5.5", true) && !is_size("", true));
    }

    #[test]
    fn command_lines_are_split_as_compose_splits_them() {
        for text in [
            "",
            "a 'b c'",
            "a | 'b",
            "a $(b c) `d`",
            "\"a b\" c\\\\",
            "a #b",
            "echo {a",
        ] {
            assert!(is_command_line(text), "{text}");
        }
        for text in ["a 'b", "\"a", "a\\", "`a", "a)", "(a)", "a (b", "a $(b"] {
            assert!(!is_command_line(text), "{text}");
        }
    }
}
