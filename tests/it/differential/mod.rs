//! Our verdicts against those of promtool and amtool, on inputs that are made here: from the grammar, and by mutation of
//! files that are valid. The same on every run; `STACKWRIGHT_CASES` asks for more of them, `STACKWRIGHT_SEED` for others.

mod configs;
mod contexts;
mod expressions;
mod promql;
mod random;

/// How many inputs each test tries; `few` unless somebody asks for another number.
fn cases(few: usize) -> usize {
    number("STACKWRIGHT_CASES").unwrap_or(few)
}

fn seed() -> u64 {
    number("STACKWRIGHT_SEED").unwrap_or(0) as u64
}

fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("`{variable}` is no number: `{text}`")),
    )
}
