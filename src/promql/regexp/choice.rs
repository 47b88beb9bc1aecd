//! Patterns that stand for a short list of texts.

/// The texts that `pattern` stands for, if it is literal text or a choice of such: `a`, `a|b`, `(a|b)`, `x_(a|b)`.
///
/// At most so many that a reader could still list them; `None` for anything more general.
pub(in crate::promql) fn alternatives(pattern: &str) -> Option<Vec<String>> {
    const MOST: usize = 64;
    let mut prefixes = vec![String::new()];
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    rest = rest.strip_suffix('$').unwrap_or(rest);
    if !rest.contains('(') {
        let all: Option<Vec<String>> = rest.split('|').map(literal).collect();
        return all.filter(|all| all.len() <= MOST);
    }
    while !rest.is_empty() {
        let (plain, group) = match rest.split_once('(') {
            Some((plain, group)) => (plain, Some(group)),
            None => (rest, None),
        };
        let plain = literal(plain)?;
        for prefix in &mut prefixes {
            prefix.push_str(&plain);
        }
        let Some(group) = group else { break };
        let group = group.strip_prefix("?:").unwrap_or(group);
        let (inside, after) = group.split_once(')')?;
        let choices: Vec<String> = inside.split('|').map(literal).collect::<Option<_>>()?;
        if prefixes.len() * choices.len() > MOST || after.starts_with(['*', '+', '?', '{']) {
            return None;
        }
        prefixes = prefixes
            .iter()
            .flat_map(|prefix| {
                choices
                    .iter()
                    .map(move |choice| format!("{prefix}{choice}"))
            })
            .collect();
        rest = after;
    }
    Some(prefixes)
}

/// The text of a pattern without any special character.
fn literal(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next()?;
                if escaped.is_alphanumeric() {
                    return None;
                }
                out.push(escaped);
            }
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => {
                return None;
            }
            other => out.push(other),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_of_literals_are_listed() {
        let list = |pattern| alternatives(pattern).map(|all| all.join(" "));
        assert_eq!(list("a|b").as_deref(), Some("a b"));
        assert_eq!(
            list("redis_(up|down)_x").as_deref(),
            Some("redis_up_x redis_down_x")
        );
        assert_eq!(list("^(?:a|b)$").as_deref(), Some("a b"));
        assert_eq!(list("a\\.b").as_deref(), Some("a.b"));
        assert_eq!(list("a.*"), None);
        assert_eq!(list("(a|b)+"), None);
        assert_eq!(list("((a))"), None);
    }
}
