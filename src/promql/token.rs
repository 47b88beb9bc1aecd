//! Tokens of PromQL.

use crate::source::Span;

/// One token: what it is and which bytes it covers. White space is what lies between tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Which bytes of the expression it covers.
    pub span: Span,
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The end of the input; zero bytes wide.
    End,
    /// `# …` up to the end of the line.
    Comment,
    /// A name without a colon that is no keyword, or any name inside braces.
    Identifier,
    /// A name with a colon: a metric name only.
    MetricIdentifier,
    /// A word with a meaning of its own (upper and lower case alike); most are names too where the grammar allows it.
    Keyword(Keyword),
    /// `1`, `0x1F`, `1e3`, `Inf`, `NaN`.
    Number,
    /// `5m`, `1h30m`.
    Duration,
    /// A string in single, double or back quotes.
    String,
    /// Exactly one Grafana variable: `$name`, `${name:format}`, `[[name]]`.
    Variable,
    /// A name, number or duration with Grafana variables inside: `redis_${part}_total`, `${n}m`.
    Template,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `@`
    At,
    /// `=`
    Assign,
    /// `=~`
    RegexMatch,
    /// `!~`
    RegexNotMatch,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `</`
    TrimUpper,
    /// `>/`
    TrimLower,
    /// Bytes that no token starts with; the lexer has reported them.
    Unknown,
}

/// A word with a meaning of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the word itself")]
pub enum Keyword {
    And,
    Or,
    Unless,
    Atan2,
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
    Offset,
    Smoothed,
    Anchored,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Bool,
    Start,
    End,
    Step,
    Range,
    MinOf,
    MaxOf,
}

/// The longest keyword: `count_values`.
const LONGEST_KEYWORD: usize = 12;

impl Keyword {
    /// The keyword that `word` spells in any case.
    pub fn of(word: &[u8]) -> Option<Self> {
        let mut buffer = [0u8; LONGEST_KEYWORD];
        let lower = buffer.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"and" => Self::And,
            b"or" => Self::Or,
            b"unless" => Self::Unless,
            b"atan2" => Self::Atan2,
            b"sum" => Self::Sum,
            b"avg" => Self::Avg,
            b"count" => Self::Count,
            b"min" => Self::Min,
            b"max" => Self::Max,
            b"group" => Self::Group,
            b"stddev" => Self::Stddev,
            b"stdvar" => Self::Stdvar,
            b"topk" => Self::Topk,
            b"bottomk" => Self::Bottomk,
            b"count_values" => Self::CountValues,
            b"quantile" => Self::Quantile,
            b"limitk" => Self::Limitk,
            b"limit_ratio" => Self::LimitRatio,
            b"offset" => Self::Offset,
            b"smoothed" => Self::Smoothed,
            b"anchored" => Self::Anchored,
            b"by" => Self::By,
            b"without" => Self::Without,
            b"on" => Self::On,
            b"ignoring" => Self::Ignoring,
            b"group_left" => Self::GroupLeft,
            b"group_right" => Self::GroupRight,
            b"fill" => Self::Fill,
            b"fill_left" => Self::FillLeft,
            b"fill_right" => Self::FillRight,
            b"bool" => Self::Bool,
            b"start" => Self::Start,
            b"end" => Self::End,
            b"step" => Self::Step,
            b"range" => Self::Range,
            b"min_of" => Self::MinOf,
            b"max_of" => Self::MaxOf,
            _ => return None,
        })
    }

    /// Whether a metric may bear this name without quotes.
    pub const fn is_metric_name(self) -> bool {
        !matches!(
            self,
            Self::Bool
                | Self::On
                | Self::Ignoring
                | Self::GroupLeft
                | Self::GroupRight
                | Self::Atan2
        )
    }
}

impl TokenKind {
    /// How messages name it where its text would not help.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::End => "the end of the expression",
            Self::Comment => "a comment",
            Self::Identifier | Self::MetricIdentifier => "a name",
            Self::Keyword(_) => "a keyword",
            Self::Number => "a number",
            Self::Duration => "a duration",
            Self::String => "a string",
            Self::Variable | Self::Template => "a Grafana variable",
            _ => "a symbol",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case_and_longer_words_are_none() {
        assert_eq!(Keyword::of(b"SuM"), Some(Keyword::Sum));
        assert_eq!(Keyword::of(b"count_values"), Some(Keyword::CountValues));
        assert_eq!(Keyword::of(b"count_values_"), None);
        assert_eq!(Keyword::of(b"summ"), None);
        assert_eq!(Keyword::of(b""), None);
    }
}
