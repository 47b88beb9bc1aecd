use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/foreign-query-language",
    level: Level::Error,
    summary: "a query in the language, or with a macro, of another datasource than the one that it is sent to",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            for query in &panel.queries {
                let Some(text) = query
                    .text
                    .as_ref()
                    .filter(|text| !text.as_str().trim().is_empty())
                else {
                    continue;
                };
                let mistake = match query.datasource_kind.as_deref() {
                    Some("loki") => logql(text.as_str()),
                    Some("tempo") => {
                        let kind = query
                            .node
                            .get("queryType")
                            .map_or("traceql", |node| node.scalar_text());
                        if kind == "traceql" {
                            traceql(text.as_str())
                        } else {
                            None
                        }
                    }
                    // A query type is Tempo's own word, where the datasource is not known.
                    None if query
                        .node
                        .get("queryType")
                        .is_some_and(|node| node.scalar_text() == "traceql") =>
                    {
                        traceql(text.as_str())
                    }
                    _ => None,
                };
                if let Some(mistake) = mistake {
                    report(facts, panel, text, &mistake, findings);
                }
            }
        }
    }
}

struct Mistake {
    span: Span,
    message: &'static str,
    help: &'static str,
}

fn report(
    facts: &Facts<'_>,
    panel: &Panel,
    text: &Text,
    mistake: &Mistake,
    findings: &mut Findings<'_>,
) {
    findings
        .report(
            text.part(facts.setup, mistake.span),
            format!("a query of {} {}", panel.named(), mistake.message),
        )
        .label("not in this language")
        .help(mistake.help);
}

/// What Loki cannot read.
fn logql(text: &str) -> Option<Mistake> {
    let plain = without_strings(text);
    if let Some(at) = plain.find("$__rate_interval") {
        return Some(Mistake {
            span: Span::new(at, at + "$__rate_interval".len()),
            message: "is sent to Loki with `$__rate_interval`, which is a macro of the Prometheus datasource",
            help: "write `$__auto` or `$__interval`",
        });
    }
    if let Some(span) = subquery(&plain) {
        return Some(Mistake {
            span,
            message: "is sent to Loki with a subquery, which only PromQL has",
            help: "use one window (`[1h]`), or record the inner query as a metric",
        });
    }
    if let Some(span) = window_over_numbers(&plain) {
        return Some(Mistake {
            span,
            message: "is sent to Loki with a window over what a function returns: LogQL has windows of lines only",
            help: "give the function a stream and a window: `rate({app=\"…\"}[5m])`",
        });
    }
    if !plain.contains('{') && plain.contains('[') {
        return Some(Mistake {
            span: Span::new(0, text.len()),
            message: "is PromQL and sent to Loki: LogQL begins with a stream selector in braces",
            help: "send it to the Prometheus datasource, or select a stream: `{app=\"…\"}`",
        });
    }
    None
}

/// `rate(count_over_time(`: a function of a window around another function.
fn window_over_numbers(plain: &str) -> Option<Span> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut calls = plain.match_indices('(').map(|(open, _)| {
        let start = plain[..open]
            .rfind(|last| !is_name(last))
            .map_or(0, |at| at + 1);
        (start, open)
    });
    let (start, end) = calls.find_map(|(start, open)| {
        let name = &plain[start..open];
        let is_of_window = matches!(name, "rate" | "rate_counter" | "bytes_rate")
            || name.ends_with("_over_time") && !name.starts_with("quantile");
        let inner = plain[open + 1..].trim_start();
        let length = inner.find(|next| !is_name(next))?;
        let is_call = length > 0 && inner[length..].trim_start().starts_with('(');
        let from = plain.len() - inner.len();
        (is_of_window && is_call).then_some((start, from + length))
    })?;
    Some(Span::new(start, end))
}

/// `[1h:5m]`
fn subquery(plain: &str) -> Option<Span> {
    let mut from = 0;
    while let Some(open) = plain
        .get(from..)
        .and_then(|rest| rest.find('['))
        .map(|at| from + at)
    {
        let close = open + plain.get(open..)?.find(']')?;
        let inner = plain.get(open + 1..close)?;
        let is_duration = |text: &str| {
            text.trim()
                .starts_with(|first: char| first.is_ascii_digit() || first == '$')
        };
        if let Some((window, _)) = inner.split_once(':')
            && is_duration(window)
        {
            return Some(Span::new(open, close + 1));
        }
        from = close + 1;
    }
    None
}

/// What Tempo cannot read.
fn traceql(text: &str) -> Option<Mistake> {
    let plain = without_strings(text);
    for stage in ["|=", "|~", "| json", "| logfmt"] {
        if let Some(at) = plain.find(stage) {
            return Some(Mistake {
                span: Span::new(at, at + stage.len()),
                message: "is sent to Tempo with a pipeline of LogQL",
                help: "write the condition within the braces: `{ resource.service.name = \"…\" && status = error }`",
            });
        }
    }
    if let Some(at) = plain
        .find("rate({")
        .or_else(|| plain.find("sum("))
        .filter(|_| !plain.trim_start().starts_with('{'))
    {
        return Some(Mistake {
            span: Span::new(at, at + 4),
            message: "is sent to Tempo in the form of PromQL",
            help: "write functions behind a pipe: `{ … } | rate()`",
        });
    }
    let open = plain.find('{')?;
    let close = open + plain.get(open..)?.find('}')?;
    let comma = open + plain.get(open..close)?.find(',')?;
    Some(Mistake {
        span: Span::new(comma, comma + 1),
        message: "is sent to Tempo with a comma between conditions, which is PromQL",
        help: "join conditions by `&&`",
    })
}

/// The text with blanks for what stands in quotes, byte for byte.
fn without_strings(text: &str) -> String {
    let mut quote = None;
    let mut escaped = false;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let is_inside = quote.is_some();
        match (quote, character) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '`') => quote = Some(character),
            _ => {}
        }
        match is_inside {
            true => out.extend(std::iter::repeat_n(' ', character.len_utf8())),
            false => out.push(character),
        }
    }
    out
}
