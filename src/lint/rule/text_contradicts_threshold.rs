use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::rules::{PromRule, RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::share::share;
use crate::lint::{Findings, Lint};
use crate::promql::{Kind, NodeId, Parsed};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "rule/text-contradicts-threshold",
    level: Level::Warning,
    summary: "the text of an alert names another threshold than its expression, or another time than its `for`",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        let Some(expression) = rule
            .expression
            .filter(|_| rule.kind == RuleKind::Alerting)
            .map(|id| facts.expression(id))
        else {
            continue;
        };
        let parsed = &expression.parsed;
        let alert = Alert {
            facts,
            rule,
            expression,
            threshold: only_threshold(parsed).filter(|_| parsed.is_valid()),
        };
        for (_, text) in &rule.annotations {
            alert.check_percentage(text, findings);
            alert.check_age(text, findings);
            check_pending(facts, rule, expression, text, findings);
        }
    }
}

/// An alert, and the number that its texts may name.
struct Alert<'f> {
    facts: &'f Facts<'f>,
    rule: &'f PromRule,
    expression: &'f Expression,
    /// The only number that its expression compares with.
    threshold: Option<Threshold>,
}

/// A number that something is compared with.
#[derive(Clone, Copy)]
struct Threshold {
    number: f64,
    /// Where it stands in the expression.
    span: Span,
    /// What is compared with it.
    measured: NodeId,
}

impl Alert<'_> {
    /// The text names a percentage as the limit, and the expression has no such number.
    fn check_percentage(&self, text: &Text, findings: &mut Findings<'_>) {
        let said = percentages(text.as_str());
        let (Some(limit), [(said_span, percent)]) = (self.threshold, said.as_slice()) else {
            return;
        };
        let among =
            |meant: &[f64], number: f64| meant.iter().any(|meant| (meant - number).abs() < 1e-6);
        // 5 % more than before is a factor of 1.05, 20 % left are 80 % used.
        let meant = [
            *percent,
            percent / 100.0,
            100.0 - percent,
            1.0 - percent / 100.0,
            1.0 + percent / 100.0,
        ];
        let share = share(self.facts, self.expression, limit.measured);
        let is_said = match share.map(|share| share.scale) {
            // 0.9 is no 90 % where values are in per cent.
            Some(100.0) => among(&[*percent, 100.0 - percent], limit.number),
            _ => numbers(&self.expression.parsed).any(|number| among(&meant, number)),
        };
        if limit.number == 1.0 || is_said {
            return;
        }
        let (says, compares) = (format!("{percent} %"), limit.number.to_string());
        self.report(text, *said_span, &says, limit.span, &compares, findings);
    }

    /// The text names an age or a time that is left as the limit ("less than 30 days"), and no number of the expression, which
    /// compares seconds, is so long.
    fn check_age(&self, text: &Text, findings: &mut Findings<'_>) {
        let said = ages(text.as_str());
        let (Some(limit), [(said_span, seconds)]) = (self.threshold, said.as_slice()) else {
            return;
        };
        let parsed = &self.expression.parsed;
        let is_of_time = parsed
            .nodes()
            .any(|(_, node)| matches!(&node.kind, Kind::Call(call) if &*call.name.text == "time"));
        // In seconds as Prometheus has it, in milliseconds, and in what the expression divides by.
        let meant =
            [1.0, 1000.0, 1.0 / 60.0, HOUR.recip(), DAY.recip()].map(|scale| seconds * scale);
        let is_said = |number: f64| {
            meant
                .iter()
                .any(|meant| (meant - number.abs()).abs() < 1e-6)
        };
        let pending = self
            .rule
            .pending
            .map_or(0.0, |pending| pending.as_secs_f64());
        if !is_of_time || is_said(pending) || numbers(parsed).any(is_said) {
            return;
        }
        let says = slice(text, *said_span);
        let compares = in_words(limit.number);
        self.report(text, *said_span, says, limit.span, &compares, findings);
    }

    /// That the text `says` at `said_span` something else than what the expression `compares` with at `span`.
    fn report(
        &self,
        text: &Text,
        said_span: Span,
        says: &str,
        span: Span,
        compares: &str,
        findings: &mut Findings<'_>,
    ) {
        let message = format!(
            "the text of alert `{}` says {says}, its expression compares with {compares}",
            self.rule.name.as_str()
        );
        findings
            .report(text.part(self.facts.setup, said_span), message)
            .label("not the threshold")
            .related("the threshold", self.expression.place(self.facts.setup, span))
            .help("say the number that the alert fires at, or print it: one of the two was changed without the other");
    }
}

/// The bytes of `span` of a text.
fn slice(text: &Text, span: Span) -> &str {
    text.as_str()
        .get(span.start()..span.end())
        .unwrap_or_default()
}

/// The one number that an expression compares with. With several conditions a text may speak of any of them, or of what they
/// mean together.
fn only_threshold(parsed: &Parsed) -> Option<Threshold> {
    let mut thresholds = parsed.comparisons().filter_map(|comparison| {
        // `> 0` is a guard, not what the alert is about.
        let (number, is_right) = comparison.threshold.filter(|(number, _)| *number != 0.0)?;
        let (measured, side) = match is_right {
            true => (comparison.binary.left, comparison.binary.right),
            false => (comparison.binary.right, comparison.binary.left),
        };
        Some(Threshold {
            number,
            span: parsed[side].span,
            measured,
        })
    });
    let only = thresholds.next()?;
    thresholds.next().is_none().then_some(only)
}

/// Every number of an expression, what is calculated from several (`86400 * 14`) and windows in seconds included.
fn numbers(parsed: &Parsed) -> impl Iterator<Item = f64> {
    parsed.nodes().filter_map(|(id, _)| parsed.number(id))
}

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// A number of seconds, also as days or hours where it is several of them.
fn in_words(seconds: f64) -> String {
    let whole =
        |unit: f64| (seconds >= 2.0 * unit && seconds % unit == 0.0).then(|| seconds / unit);
    match (whole(DAY), whole(HOUR)) {
        (Some(days), _) => format!("{seconds} ({days} days)"),
        (_, Some(hours)) => format!("{seconds} ({hours} hours)"),
        _ => seconds.to_string(),
    }
}

/// The words of a text, and where each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    text.split_whitespace().map(move |word| {
        let rest = text.get(from..).unwrap_or_default();
        let at = from + rest.find(word).unwrap_or_default();
        from = at + word.len();
        (at, word)
    })
}

/// Hours, days and weeks behind a word that makes them a limit: "in less than 30 days", "older than 24h". In seconds.
fn ages(text: &str) -> Vec<(Span, f64)> {
    const WORDS: [&str; 10] = [
        "than", "within", "under", "over", "below", "above", "exceeds", "next", "least", "in",
    ];
    let words: Vec<(usize, &str)> = words(text).collect();
    let mut found = Vec::new();
    for (index, (start, word)) in words.iter().enumerate().skip(1) {
        let before = words[index - 1].1.to_ascii_lowercase();
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = word[..digits].parse::<f64>() else {
            continue;
        };
        let own = word[digits..].trim_start_matches('-');
        let (unit, end) = match (own, words.get(index + 1)) {
            ("", Some((start, next))) => (*next, start + next.len()),
            (unit, _) => (unit, start + word.len()),
        };
        let bare = unit.trim_end_matches(|last: char| !last.is_ascii_alphabetic());
        let length = match bare.to_ascii_lowercase().as_str() {
            "h" | "hour" | "hours" => HOUR,
            "d" | "day" | "days" => DAY,
            "w" | "week" | "weeks" => 7.0 * DAY,
            _ => continue,
        };
        if WORDS.contains(&before.as_str()) {
            let end = end - (unit.len() - bare.len());
            found.push((Span::new(*start, end), number * length));
        }
    }
    found
}

/// Percentages behind a word that makes them a limit: "above 80%", "> 80 %".
fn percentages(text: &str) -> Vec<(Span, f64)> {
    const WORDS: [&str; 14] = [
        ">",
        "<",
        ">=",
        "<=",
        "above",
        "below",
        "over",
        "under",
        "exceeds",
        "exceed",
        "exceeded",
        "exceeding",
        "than",
        "beyond",
    ];
    let mut found = Vec::new();
    let mut before = "";
    for (at, word) in words(text) {
        let bare = word.trim_start_matches(['(', '>', '<', '=', '"', '\'']);
        let start = at + (word.len() - bare.len());
        let is_limit = WORDS.contains(&before.to_ascii_lowercase().as_str())
            || word
                .trim_start_matches(['(', '"', '\''])
                .starts_with(['>', '<']);
        let digits = bare
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
            .count();
        let number = bare
            .get(..digits)
            .and_then(|number| number.parse::<f64>().ok());
        let after = text.get(start + digits..).unwrap_or_default();
        if let (Some(number), true, true) = (
            number,
            is_limit,
            after.starts_with('%') || after.starts_with(" %"),
        ) {
            found.push((Span::new(start, start + digits), number));
        }
        before = word.trim_start_matches(['(', '"', '\'']);
    }
    found
}

/// The text says for how long something holds, and neither `for` nor any number of the expression is so long.
fn check_pending(
    facts: &Facts<'_>,
    rule: &PromRule,
    expression: &Expression,
    text: &Text,
    findings: &mut Findings<'_>,
) {
    let said = durations(text.as_str());
    let ([(span, seconds)], Some(pending), Some(node)) =
        (said.as_slice(), rule.pending, rule.node.get("for"))
    else {
        return;
    };
    let pending = pending.as_secs_f64();
    let parsed = &expression.parsed;
    // A condition over a window of its own, or on an age, takes its time before `for` begins.
    let has_own_time = numbers(parsed)
        .any(|number| (number - seconds).abs() < 1e-6 || (number + pending - seconds).abs() < 1e-6)
        || parsed.nodes().any(|(_, node)| match &node.kind {
            Kind::Range(_) | Kind::Subquery(_) => true,
            Kind::Call(call) => matches!(&*call.name.text, "time" | "timestamp"),
            _ => false,
        });
    if pending == 0.0 || has_own_time || (pending - seconds).abs() < 1e-6 {
        return;
    }
    let document = facts.setup.document(text.place.document);
    let message = format!(
        "the text of alert `{}` says {}, and its `for` is {}",
        rule.name.as_str(),
        slice(text, *span),
        node.scalar_text()
    );
    findings
        .report(text.part(facts.setup, *span), message)
        .label("not `for`")
        .related("so long it waits", document.place(node.span))
        .help("say the time that the alert waits: one of the two was changed without the other");
}

/// Times behind words that say for how long: "for more than 5 minutes", "for the last 2m". In seconds.
fn durations(text: &str) -> Vec<(Span, f64)> {
    const FILLERS: [&str; 9] = [
        "more", "than", "over", "at", "least", "the", "last", "past", "longer",
    ];
    let mut found = Vec::new();
    let lower = text.to_ascii_lowercase();
    for (at, _) in lower.match_indices("for ") {
        let is_word = at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric();
        let mut from = at + "for ".len();
        let mut rest = &lower[from..];
        while let Some(filler) = FILLERS.iter().find(|word| {
            rest.strip_prefix(**word)
                .is_some_and(|rest| rest.starts_with(' '))
        }) {
            from += filler.len() + 1;
            rest = &lower[from..];
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = rest[..digits].parse::<f64>() else {
            continue;
        };
        let after = &rest[digits..];
        let space = after.len() - after.trim_start_matches([' ', '-']).len();
        let unit = after[space..]
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let factor = match &after[space..space + unit] {
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => HOUR,
            _ => continue,
        };
        if is_word {
            let end = from + digits + space + unit;
            found.push((Span::new(from, end), number * factor));
        }
    }
    found
}
