//! Operators and aggregations.

use serde::Deserialize;

use super::token::{Keyword, TokenKind};

/// How tightly a binary operator binds; higher binds tighter.
pub(super) mod precedence {
    pub const LOWEST: u8 = 1;
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const COMPARISON: u8 = 3;
    pub const SUM: u8 = 4;
    pub const PRODUCT: u8 = 5;
    pub const POWER: u8 = 6;
}

/// `+` or `-` before an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the sign itself")]
pub enum Sign {
    Plus,
    Minus,
}

impl Sign {
    /// As written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operator itself")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `</`: drops the observations above a threshold from a native histogram.
    TrimUpper,
    /// `>/`: drops the observations below a threshold from a native histogram.
    TrimLower,
    And,
    Or,
    Unless,
    /// A Grafana variable: taken for a comparison, which is what dashboards use it for.
    Variable,
}

impl BinaryOp {
    pub(super) const fn of(token: TokenKind) -> Option<Self> {
        Some(match token {
            TokenKind::Add => Self::Add,
            TokenKind::Sub => Self::Sub,
            TokenKind::Mul => Self::Mul,
            TokenKind::Div => Self::Div,
            TokenKind::Mod => Self::Mod,
            TokenKind::Pow => Self::Pow,
            TokenKind::Equal => Self::Equal,
            TokenKind::NotEqual => Self::NotEqual,
            TokenKind::Less => Self::Less,
            TokenKind::LessEqual => Self::LessEqual,
            TokenKind::Greater => Self::Greater,
            TokenKind::GreaterEqual => Self::GreaterEqual,
            TokenKind::TrimUpper => Self::TrimUpper,
            TokenKind::TrimLower => Self::TrimLower,
            TokenKind::Keyword(Keyword::Atan2) => Self::Atan2,
            TokenKind::Keyword(Keyword::And) => Self::And,
            TokenKind::Keyword(Keyword::Or) => Self::Or,
            TokenKind::Keyword(Keyword::Unless) => Self::Unless,
            TokenKind::Variable => Self::Variable,
            _ => return None,
        })
    }

    /// As written in PromQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
            Self::Variable => "$",
        }
    }

    /// `==`, `!=`, `<`, `<=`, `>`, `>=`.
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
        )
    }

    /// `and`, `or`, `unless`.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// `+`, `-`, `*`, `/`, `%`, `^`, `atan2`.
    pub const fn is_arithmetic(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow | Self::Atan2
        )
    }

    pub(super) const fn precedence(self) -> u8 {
        match self {
            Self::Or => precedence::OR,
            Self::And | Self::Unless => precedence::AND,
            Self::Add | Self::Sub => precedence::SUM,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => precedence::PRODUCT,
            Self::Pow => precedence::POWER,
            _ => precedence::COMPARISON,
        }
    }
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum MatchOp {
    /// `=`
    #[serde(rename = "=")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    NotEqual,
    /// `=~`
    #[serde(rename = "=~")]
    Regex,
    /// `!~`
    #[serde(rename = "!~")]
    NotRegex,
}

impl MatchOp {
    pub(super) const fn of(token: TokenKind) -> Option<Self> {
        Some(match token {
            TokenKind::Assign => Self::Equal,
            TokenKind::NotEqual => Self::NotEqual,
            TokenKind::RegexMatch => Self::Regex,
            TokenKind::RegexNotMatch => Self::NotRegex,
            _ => return None,
        })
    }

    /// The operator of that text.
    pub fn named(text: &str) -> Option<Self> {
        [Self::Equal, Self::NotEqual, Self::Regex, Self::NotRegex]
            .into_iter()
            .find(|op| op.as_str() == text)
    }

    /// As written, in PromQL and by Alertmanager.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }

    /// Whether the value is a regular expression.
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::NotRegex)
    }
}

/// What an aggregation computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the aggregation itself")]
pub enum AggregateOp {
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
    /// A Grafana variable: `${aggregation} by (job) (…)`.
    Variable,
}

impl AggregateOp {
    pub(super) const fn of(keyword: Keyword) -> Option<Self> {
        Some(match keyword {
            Keyword::Sum => Self::Sum,
            Keyword::Avg => Self::Avg,
            Keyword::Count => Self::Count,
            Keyword::Min => Self::Min,
            Keyword::Max => Self::Max,
            Keyword::Group => Self::Group,
            Keyword::Stddev => Self::Stddev,
            Keyword::Stdvar => Self::Stdvar,
            Keyword::Topk => Self::Topk,
            Keyword::Bottomk => Self::Bottomk,
            Keyword::CountValues => Self::CountValues,
            Keyword::Quantile => Self::Quantile,
            Keyword::Limitk => Self::Limitk,
            Keyword::LimitRatio => Self::LimitRatio,
            _ => return None,
        })
    }

    /// As written in PromQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::CountValues => "count_values",
            Self::Quantile => "quantile",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
            Self::Variable => "$",
        }
    }

    /// Whether an argument stands before the expression, as in `topk(5, …)`.
    pub const fn has_parameter(self) -> bool {
        matches!(
            self,
            Self::Topk
                | Self::Bottomk
                | Self::CountValues
                | Self::Quantile
                | Self::Limitk
                | Self::LimitRatio
        )
    }

    /// Whether the result is some of the input series with all their labels, as for `topk`.
    pub const fn keeps_series(self) -> bool {
        matches!(
            self,
            Self::Topk | Self::Bottomk | Self::Limitk | Self::LimitRatio
        )
    }

    /// Every aggregation.
    pub const ALL: [Self; 14] = [
        Self::Sum,
        Self::Avg,
        Self::Count,
        Self::Min,
        Self::Max,
        Self::Group,
        Self::Stddev,
        Self::Stdvar,
        Self::Topk,
        Self::Bottomk,
        Self::CountValues,
        Self::Quantile,
        Self::Limitk,
        Self::LimitRatio,
    ];
}
