//! Expressions: from the grammar, then with a slip or two.

use super::random::Random;

/// Metric names, words of the grammar among them, and what is none.
const NAMES: &[&str] = &[
    "up",
    "foo",
    "a:b",
    ":a",
    "_x",
    "http_requests_total",
    "sum",
    "by",
    "offset",
    "bool",
    "on",
    "start",
    "end",
    "step",
    "range",
    "min_of",
    "max_of",
    "fill",
    "fill_left",
    "anchored",
    "smoothed",
    "and",
    "or",
    "unless",
    "group_left",
    "inf",
    "NaN",
    "Infinity",
    "atan2",
    "without",
    "ignoring",
    "count_values",
    "limitk",
    "limit_ratio",
    "group",
    "quantile",
    "histogram",
    "SUM",
    "Offset",
    "min",
    "max",
    "topk",
    "é",
    "a.b",
    "1a",
    "rate",
    "time",
    "counter_reset_hint",
    "schema",
    "buckets",
    "n_offset",
    "stale",
];

/// Names of labels.
const LABELS: &[&str] = &[
    "a",
    "job",
    "le",
    "__name__",
    "on",
    "by",
    "without",
    "and",
    "bool",
    "sum",
    "inf",
    "nan",
    "offset",
    "start",
    "group_left",
    "fill",
    "a:b",
    "\"a.b\"",
    "\"\"",
    "'q'",
    "`r`",
    "\"\\xff\"",
    "1",
    "é",
    "anchored",
    "min_of",
    "step",
];

const NUMBERS: &[&str] = &[
    "1",
    "0",
    "2.",
    ".5",
    "1e3",
    "1E3",
    "1e",
    "1e+3",
    "1e-3",
    "0x1F",
    "0x",
    "0X1f",
    "0xG",
    "Inf",
    "inf",
    "iNf",
    "NaN",
    "nan",
    "1_000",
    "1__0",
    "1_",
    "0x_1",
    "0_1",
    "1_000.5",
    "1.5_0",
    "0755",
    "08",
    "0b11",
    "0o7",
    "0x1p3",
    "1e1000",
    "1e-1000",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "1..2",
    "1.2.3",
    "1i",
    "0.0",
    "00",
    "1h",
    "5m",
    "1h30m",
    "30m1h",
    "1.5h",
    "5m5",
    "1y2w3d4h5m6s7ms",
    "1ms1s",
    "0s",
    "300y",
    "99999999999999y",
    "1d1d",
    "5M",
    "1us",
    "1h 30m",
    "0x1h",
    "1e3s",
    "1_0m",
    "292y",
    "293y",
    "0m",
    "5ms",
    "1m1",
    "5mm",
    "+Inf",
    "-1",
    "- 1",
];

const DURATIONS: &[&str] = &[
    "5m",
    "1h",
    "30s",
    "1d",
    "100ms",
    "1h30m",
    "300",
    "0x10",
    "1.5",
    "0",
    "0s",
    "-5m",
    "+5m",
    "--5m",
    "1y",
    "1w",
    "1e2",
    "Inf",
    "NaN",
    "1_0",
    ".5",
    "300y",
    "1e1000",
    "9223372036854775808",
    "1e10",
    "9e9",
    "-0",
    "5 m",
    "5min",
];

const STRINGS: &[&str] = &[
    "\"a\"",
    "'a'",
    "`a`",
    "\"\"",
    "''",
    "``",
    "\"a b\"",
    "'it\\'s'",
    "\"it\\'s\"",
    "'say \\\"x\\\"'",
    "\"\\n\\t\\\\\"",
    "\"\\x41\"",
    "\"\\x4\"",
    "\"\\xff\"",
    "\"\\u00e9\"",
    "\"\\u00\"",
    "\"\\ud800\"",
    "\"\\U0010ffff\"",
    "\"\\U00110000\"",
    "\"\\377\"",
    "\"\\400\"",
    "\"\\08\"",
    "\"\\0\"",
    "\"\\q\"",
    "\"\\`\"",
    "`\\d`",
    "`a\nb`",
    "\"a\nb\"",
    "\"a\\\nb\"",
    "'\"'",
    "\"'\"",
    "\"é\"",
    "\"unclosed",
    "'unclosed",
    "`unclosed",
    "\"\\",
    "\"{}\"",
    "\"#\"",
    "'#'",
    "\"\\a\\b\\f\\v\\r\"",
    "\"\\/\"",
    "\"$1\"",
    "\"a\u{fffd}b\"",
    "\"\t\"",
    "'\\x'",
    "\"__name__\"",
    "\"a-b\"",
];

const PATTERNS: &[&str] = &[
    "\".*\"",
    "\".+\"",
    "\"a|b\"",
    "\"\"",
    "\"a*\"",
    "\"(\"",
    "\"[a-\"",
    "\"a**\"",
    "\"(?i)x\"",
    "`\\d+`",
    "`\\Z`",
    "\"^$\"",
    "\"()\"",
    "\"a{2,1}\"",
    "\"a{1000}\"",
    "\"a{1001}\"",
    "\"x*?\"",
    "\"(?=x)\"",
    "\"|\"",
    "\"é\"",
    "\"a\\\\.b\"",
    "\"a\\.b\"",
];

/// Operators, and what looks like one.
const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or", "unless", "atan2",
    "AND", "Or", "Atan2", "== bool", "> bool", "+ bool", "and bool", "!= BOOL", "=~", "=", "=>",
    "</", ">/", "&&", "on", "**", "++", "!", "!~",
];

const FUNCTIONS: &[&str] = &[
    "abs",
    "absent",
    "absent_over_time",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "avg_over_time",
    "ceil",
    "changes",
    "clamp",
    "clamp_max",
    "clamp_min",
    "cos",
    "cosh",
    "count_over_time",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "deg",
    "delta",
    "deriv",
    "double_exponential_smoothing",
    "exp",
    "first_over_time",
    "floor",
    "histogram_avg",
    "histogram_count",
    "histogram_fraction",
    "histogram_quantile",
    "histogram_quantiles",
    "histogram_stddev",
    "histogram_stdvar",
    "histogram_sum",
    "holt_winters",
    "hour",
    "idelta",
    "increase",
    "info",
    "irate",
    "label_join",
    "label_replace",
    "last_over_time",
    "ln",
    "log10",
    "log2",
    "mad_over_time",
    "max_over_time",
    "min_over_time",
    "minute",
    "month",
    "pi",
    "predict_linear",
    "present_over_time",
    "quantile_over_time",
    "rad",
    "rate",
    "resets",
    "round",
    "scalar",
    "sgn",
    "sin",
    "sinh",
    "sort",
    "sort_by_label",
    "sort_by_label_desc",
    "sort_desc",
    "sqrt",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "tan",
    "tanh",
    "time",
    "timestamp",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "vector",
    "year",
    "Rate",
    "rates",
    "start",
    "end",
    "step",
    "range",
    "min_of",
    "max_of",
    "histogram",
    "a:b",
    "xrate",
];

const AGGREGATIONS: &[&str] = &[
    "sum",
    "avg",
    "count",
    "min",
    "max",
    "group",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "count_values",
    "quantile",
    "limitk",
    "limit_ratio",
    "SUM",
    "Topk",
];

/// Tokens that a slip may put anywhere.
const STRAY: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "@",
    "+",
    "-",
    "^",
    "==",
    "=",
    "=~",
    "and",
    "bool",
    "offset",
    "by",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "without",
    "5m",
    "1",
    "foo",
    "\"s\"",
    "sum",
    "rate",
    "#c\n",
    "start()",
    "end()",
    "step()",
    "$x",
    "é",
    "\\",
    ".",
    ";",
    "|",
    "!",
    "\n",
    "\t",
    "\u{a0}",
    "\u{feff}",
    "~",
    "\"",
    "'",
    "anchored",
    "smoothed",
    "fill(1)",
    "Inf",
    "a:b",
    "__name__",
    "0x1",
    "[5m]",
    "[5m:]",
    "[1h:5m]",
    "offset 5m",
    "@ 10",
    "{a=\"b\"}",
    "()",
    "()()",
    "{}",
    "[]",
    "</",
    "_",
    "histogram",
    "{{",
];

/// What an expression is meant to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Scalar,
    Vector,
    Matrix,
    Text,
}

/// An expression in the making, token by token.
struct Maker<'r> {
    random: &'r mut Random,
    tokens: Vec<String>,
}

/// One expression. About half are valid for the newest Prometheus.
pub(super) fn expression(random: &mut Random) -> String {
    let mut maker = Maker {
        random,
        tokens: Vec::new(),
    };
    let depth = maker.random.below(4);
    let wanted = [
        Type::Vector,
        Type::Vector,
        Type::Scalar,
        Type::Matrix,
        Type::Text,
    ];
    let wanted = wanted[maker.random.below(if depth == 0 { 5 } else { 3 })];
    maker.typed(wanted, depth);
    let slips = [0, 0, 0, 1, 1, 2][maker.random.below(6)];
    for _ in 0..slips {
        maker.slip();
    }
    maker.text()
}

/// `text` with one slip, token by token as Prometheus would split it, about.
pub(super) fn slipped(text: &str, random: &mut Random) -> String {
    let mut tokens: Vec<String> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
    for character in text.chars() {
        match tokens.last_mut() {
            Some(last) if is_word(character) && last.ends_with(is_word) => last.push(character),
            _ => tokens.push(character.to_string()),
        }
    }
    let mut maker = Maker { random, tokens };
    maker.slip();
    maker.tokens.concat()
}

impl Maker<'_> {
    fn put(&mut self, token: &str) {
        self.tokens.push(token.to_owned());
    }

    fn choose(&mut self, choices: &[&str]) {
        let token = self.random.of(choices).to_owned();
        self.tokens.push(token);
    }

    /// Mostly one of the first few, which are harmless.
    fn mostly(&mut self, harmless: usize, choices: &[&str]) {
        let choices = if self.random.once_in(4) {
            choices
        } else {
            &choices[..harmless]
        };
        self.choose(choices);
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
        let tight = self.random.once_in(2);
        for token in &self.tokens {
            let touching = text.ends_with(is_word) && token.starts_with(is_word);
            if touching || (!tight && !text.is_empty()) {
                text.push(' ');
            }
            text.push_str(token);
        }
        text
    }

    /// Something of the wanted type; rarely of another one.
    fn typed(&mut self, wanted: Type, depth: usize) {
        let wanted = if self.random.once_in(25) {
            [Type::Scalar, Type::Vector, Type::Matrix, Type::Text][self.random.below(4)]
        } else {
            wanted
        };
        match wanted {
            Type::Scalar => self.scalar(depth),
            Type::Vector => self.vector(depth),
            Type::Matrix => self.matrix(depth),
            Type::Text => self.mostly(8, STRINGS),
        }
    }

    fn scalar(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 2 } else { 7 }) {
            0 | 1 => self.mostly(5, NUMBERS),
            2 => self.paren(Type::Scalar, depth - 1),
            3 => {
                self.typed(Type::Scalar, depth - 1);
                self.choose(OPERATORS);
                self.typed(Type::Scalar, depth - 1);
            }
            4 => self.call("scalar", &[Type::Vector], depth - 1),
            5 => {
                self.choose(&["time", "pi", "start", "end", "step", "range"]);
                self.put("(");
                self.put(")");
            }
            _ => {
                self.choose(&["-", "+"]);
                self.typed(Type::Scalar, depth - 1);
            }
        }
    }

    fn paren(&mut self, wanted: Type, depth: usize) {
        self.put("(");
        self.typed(wanted, depth);
        self.put(")");
    }

    fn vector(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 2 } else { 11 }) {
            0 | 1 => {
                self.selector();
                self.modifiers();
            }
            2 => self.paren(Type::Vector, depth - 1),
            3 | 4 => self.binary(depth - 1),
            5 | 6 => self.aggregation(depth - 1),
            7 => {
                self.choose(&["-", "+"]);
                self.typed(Type::Vector, depth - 1);
            }
            8 => {
                let over_time = [
                    "rate",
                    "increase",
                    "max_over_time",
                    "deriv",
                    "absent_over_time",
                    "mad_over_time",
                ];
                let name = self.random.of(&over_time).to_owned();
                self.call(&name, &[Type::Matrix], depth - 1);
            }
            _ => self.function(depth - 1),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Type], depth: usize) {
        self.put(name);
        self.put("(");
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                self.put(",");
            }
            self.typed(*argument, depth);
        }
        self.put(")");
    }

    /// Any function with arguments that may fit.
    fn function(&mut self, depth: usize) {
        let name = self.random.of(FUNCTIONS).to_owned();
        let arguments: &[Type] = match &*name {
            "label_replace" => &[Type::Vector, Type::Text, Type::Text, Type::Text, Type::Text],
            "label_join" => &[Type::Vector, Type::Text, Type::Text, Type::Text],
            "sort_by_label" | "sort_by_label_desc" => &[Type::Vector, Type::Text],
            "clamp" => &[Type::Vector, Type::Scalar, Type::Scalar],
            "clamp_max" | "clamp_min" | "round" => &[Type::Vector, Type::Scalar],
            "histogram_quantile" | "quantile_over_time" => &[Type::Scalar, Type::Vector],
            "histogram_fraction" => &[Type::Scalar, Type::Scalar, Type::Vector],
            "histogram_quantiles" => &[Type::Vector, Type::Text, Type::Scalar],
            "predict_linear" => &[Type::Matrix, Type::Scalar],
            "holt_winters" | "double_exponential_smoothing" => {
                &[Type::Matrix, Type::Scalar, Type::Scalar]
            }
            "time" | "pi" | "start" | "end" | "step" | "range" => &[],
            "vector" => &[Type::Scalar],
            "info" => &[Type::Vector, Type::Vector],
            _ if name.contains("_over_time")
                || ["rate", "increase", "delta", "resets", "changes"].contains(&&*name) =>
            {
                &[Type::Matrix]
            }
            _ => &[Type::Vector],
        };
        let count = match self.random.below(10) {
            0 => arguments.len().saturating_sub(1),
            _ => arguments.len(),
        };
        let mut arguments = arguments[..count].to_vec();
        if self.random.once_in(12) {
            arguments.push([Type::Scalar, Type::Vector, Type::Text][self.random.below(3)]);
        }
        self.call(&name, &arguments, depth);
    }

    fn binary(&mut self, depth: usize) {
        self.typed(Type::Vector, depth);
        self.mostly(16, OPERATORS);
        if self.random.once_in(3) {
            self.choose(&["on", "ignoring", "ON"]);
            self.labels();
            if self.random.once_in(2) {
                self.choose(&["group_left", "group_right", "GROUP_LEFT"]);
                if !self.random.once_in(4) {
                    self.labels();
                }
            }
        }
        if self.random.once_in(30) {
            self.choose(&[
                "fill(1)",
                "fill_left(-1) fill_right(2)",
                "bool",
                "group_left",
            ]);
        }
        let right = [Type::Vector, Type::Vector, Type::Scalar][self.random.below(3)];
        self.typed(right, depth);
    }

    fn labels(&mut self) {
        self.put("(");
        for _ in 0..self.random.below(3) {
            self.mostly(3, LABELS);
            self.put(",");
        }
        if self.random.once_in(2) {
            self.mostly(3, LABELS);
        }
        self.put(")");
    }

    fn grouping(&mut self) {
        self.choose(&["by", "without", "BY"]);
        self.labels();
    }

    fn aggregation(&mut self, depth: usize) {
        let name = self.random.of(AGGREGATIONS).to_owned();
        self.put(&name);
        let place = self.random.below(4);
        if place == 0 {
            self.grouping();
        }
        self.put("(");
        let parameter = match &*name.to_lowercase() {
            "topk" | "bottomk" | "quantile" | "limitk" | "limit_ratio" => Some(Type::Scalar),
            "count_values" => Some(Type::Text),
            _ => None,
        };
        if let Some(parameter) = parameter
            && !self.random.once_in(12)
        {
            self.typed(parameter, depth);
            self.put(",");
        }
        self.typed(Type::Vector, depth);
        self.put(")");
        if place == 1 || (place == 0 && self.random.once_in(8)) {
            self.grouping();
        }
    }

    fn selector(&mut self) {
        let has_name = !self.random.once_in(6);
        if has_name {
            self.mostly(8, NAMES);
        }
        if has_name && self.random.once_in(2) {
            return;
        }
        self.put("{");
        if self.random.once_in(8) {
            self.mostly(8, STRINGS);
            self.put(",");
        }
        for _ in 0..self.random.below(3) {
            self.matcher();
            self.put(",");
        }
        if !self.random.once_in(4) {
            self.matcher();
        }
        self.put("}");
    }

    fn matcher(&mut self) {
        self.mostly(4, LABELS);
        if self.random.once_in(2) {
            self.choose(&["=", "!=", "=", "!=", "=", "=="]);
            self.mostly(8, STRINGS);
        } else {
            self.choose(&["=~", "!~"]);
            self.mostly(5, PATTERNS);
        }
    }

    fn modifiers(&mut self) {
        if self.random.once_in(6) {
            self.choose(&["anchored", "smoothed"]);
        }
        for _ in 0..2 {
            match self.random.below(10) {
                0 => {
                    self.choose(&["offset", "OFFSET"]);
                    self.duration(1);
                }
                1 => {
                    self.put("@");
                    self.choose(&[
                        "10",
                        "-1.5",
                        "1609746000.123",
                        "start()",
                        "end()",
                        "+5",
                        "Inf",
                        "NaN",
                        "start",
                        "1e100",
                        "5m",
                        "(5)",
                        "\"a\"",
                        "up",
                        "step()",
                        "9223372036854775",
                        "9223372036854776",
                        "- 5",
                        "1_0",
                        "0x10",
                    ]);
                }
                _ => {}
            }
        }
    }

    fn duration(&mut self, depth: usize) {
        match self.random.below(if depth == 0 { 4 } else { 9 }) {
            4 => {
                self.duration(depth - 1);
                self.choose(&["+", "-", "*", "/", "%", "^"]);
                self.duration(depth - 1);
            }
            5 => {
                self.put("(");
                self.duration(depth - 1);
                self.put(")");
            }
            6 if self.random.once_in(2) => {
                self.choose(&["-", "+"]);
                self.duration(depth - 1);
            }
            7 if self.random.once_in(3) => {
                self.choose(&["min", "max", "min_of", "max_of", "step", "range", "foo"]);
                self.put("(");
                self.duration(depth - 1);
                self.put(",");
                self.duration(depth - 1);
                self.put(")");
            }
            8 if self.random.once_in(3) => {
                self.choose(&["step()", "range()", "up", "foo{}", "\"5m\""])
            }
            _ => self.mostly(5, DURATIONS),
        }
    }

    fn matrix(&mut self, depth: usize) {
        if depth > 0 && self.random.once_in(3) {
            self.typed(Type::Vector, depth - 1);
            self.put("[");
            self.duration(1);
            self.put(":");
            if self.random.once_in(2) {
                self.duration(1);
            }
        } else {
            self.selector();
            if self.random.once_in(15) {
                self.modifiers();
            }
            self.put("[");
            self.duration(1);
        }
        self.put("]");
        self.modifiers();
    }

    /// Drops, doubles, exchanges, replaces or inserts a token.
    fn slip(&mut self) {
        let count = self.tokens.len();
        if count == 0 {
            return;
        }
        let at = self.random.below(count);
        match self.random.below(6) {
            0 => {
                self.tokens.remove(at);
            }
            1 => {
                let token = self.tokens[at].clone();
                self.tokens.insert(at, token);
            }
            2 => {
                let other = self.random.below(count);
                self.tokens.swap(at, other);
            }
            3 => self.tokens[at] = self.random.of(STRAY).to_owned(),
            4 => {
                let token = self.random.of(STRAY).to_owned();
                self.tokens.insert(at, token);
            }
            // A character is lost.
            _ => {
                let token = &mut self.tokens[at];
                let characters = token.chars().count();
                let lost = self.random.below(characters.max(1));
                *token = token
                    .chars()
                    .enumerate()
                    .filter(|(index, _)| *index != lost)
                    .map(|(_, character)| character)
                    .collect();
            }
        }
    }
}

/// A regular expression, perhaps; without quotes, line breaks and backquotes.
pub(super) fn pattern(random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "a",
        "b",
        "é",
        ".",
        "*",
        "+",
        "?",
        "|",
        "(",
        ")",
        "[",
        "]",
        "^",
        "$",
        "{2}",
        "{2,}",
        "{,2}",
        "{2,1}",
        "{1000}",
        "{1001}",
        "{100}",
        "{",
        "}",
        "(?:",
        "(?i)",
        "(?i:",
        "(?P<n>",
        "(?<n>",
        "(?'n'",
        "(?=",
        "(?!",
        "(?#",
        "(?U)",
        "(?x)",
        "(?s-i)",
        "(?-)",
        "(?)",
        "\\d",
        "\\D",
        "\\w",
        "\\s",
        "\\b",
        "\\B",
        "\\A",
        "\\z",
        "\\Z",
        "\\C",
        "\\Q",
        "\\E",
        "\\p{Greek}",
        "\\p{Lu}",
        "\\pN",
        "\\p{Foo}",
        "\\P{^Lu}",
        "\\p{L",
        "\\x41",
        "\\x{1F600}",
        "\\x{110000}",
        "\\x4",
        "\\101",
        "\\1",
        "\\0",
        "\\8",
        "\\n",
        "\\.",
        "\\-",
        "\\_",
        "\\é",
        "\\",
        "\\a",
        "\\e",
        "[a-z]",
        "[z-a]",
        "[^a]",
        "[]a]",
        "[]",
        "[^]",
        "[a-]",
        "[-a]",
        "[a-\\d]",
        "[\\d-z]",
        "[[:alpha:]]",
        "[[:foo:]]",
        "[[:^digit:]]",
        "[:alpha:]",
        "[\\pL]",
        "[a&&b]",
        "[\\Q]\\E]",
        "[^\\x00-\\x{10FFFF}]",
        "-",
        ",",
        ":",
        "=",
        "<",
        ">",
        "P",
        "??",
        "*?",
        "+?",
        "++",
        "**",
        "{2}?",
        "{2}{2}",
        "{0}",
        "{0,0}",
        "()",
        "(|a)",
        "(a|)",
        ".*",
        ".+",
        " ",
        "#",
        "/",
        "&",
        "\\p{Any}",
        "\\p{Latin}",
        "\\p{greek}",
        "\\pL",
        "\\p{Script=Greek}",
        "\\h",
        "\\R",
        "\\X",
        "\\G",
        "\\K",
        "\\k<n>",
        "\\u0041",
        "\\cA",
        "(?P=n)",
        "(?P>n)",
        "(?>",
        "(?<=a)",
        "(?<!a)",
        "(?|",
        "(?i",
        "(?P<",
        "(?P<n",
        "(?P<1>",
        "(?P<>a)",
        "(?P<n>a)(?P<n>b)",
    ];
    let count = 1 + random.below(7);
    (0..count).map(|_| random.of(PIECES)).collect()
}
