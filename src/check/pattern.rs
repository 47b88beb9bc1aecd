//! Patterns of paths, as the programs of the stack read them.

/// Whether `path` fits a pattern of Go's `filepath.Match`, as far as `*` and `?` go.
pub fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(pattern, part)| part_fits(pattern.as_bytes(), part.as_bytes()))
}

/// Goes back to the last `*` only, so the time is at most the product of both lengths.
fn part_fits(pattern: &[u8], part: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < part.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == part[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stays_within_one_directory() {
        assert!(fits("prometheus/rules/*.yml", "prometheus/rules/a.yml"));
        assert!(fits("a/?b*c*.json", "a/xb--c-.json"));
        assert!(!fits("prometheus/*.yml", "prometheus/rules/a.yml"));
        assert!(!fits("a/*.yml", "a/b.yaml"));
        assert!(!fits("a*b*c", "aXbX"));
    }
}
