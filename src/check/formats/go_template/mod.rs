//! Go templates, as far as they can be wrong before they run: syntax, variables, functions.

mod lexer;

use self::lexer::{Kind, Token, lex};
use crate::source::Span;

/// Deeper than any template; the parser is recursive.
const DEEPEST: usize = 200;

/// Functions of every Go template.
const BUILT_IN: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery",
];

/// Why a text is no template, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateError {
    pub message: String,
    pub span: Span,
    /// Whether all that is wrong is a function that nobody knows.
    pub is_unknown_function: bool,
}

/// Reads `text` as a template that has these functions beside the built-in ones, and these variables.
///
/// # Errors
///
/// The first thing that Go refuses.
pub(super) fn check(
    text: &str,
    functions: &[&str],
    variables: &[&str],
) -> Result<(), TemplateError> {
    let tokens = lex(text)?;
    let mut parser = Parser {
        text,
        tokens: &tokens,
        at: 0,
        functions,
        variables: std::iter::once("$")
            .chain(variables.iter().copied())
            .map(str::to_owned)
            .collect(),
        depth: 0,
        ranges: 0,
    };
    parser.top()
}

/// How a list of nodes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    /// `{{else}}`.
    Else,
    /// `{{else if …` or `{{else with …`, whose pipeline comes next.
    ElseIf,
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    functions: &'a [&'a str],
    variables: Vec<String>,
    depth: usize,
    ranges: usize,
}

type Parsed<T> = Result<T, TemplateError>;

impl Parser<'_> {
    fn peek(&self) -> Token {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .copied()
            .unwrap_or(Token {
                kind: Kind::End,
                span: Span::at(self.text.len()),
            })
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.at += 1;
        }
    }

    fn next_visible(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    fn slice(&self, token: Token) -> &str {
        &self.text[token.span.start()..token.span.end()]
    }

    fn error<T>(&self, token: Token, message: impl Into<String>) -> Parsed<T> {
        Err(TemplateError {
            message: message.into(),
            span: token.span,
            is_unknown_function: false,
        })
    }

    fn unexpected<T>(&self, token: Token, wanted: &str) -> Parsed<T> {
        let message = match token.kind {
            Kind::End => format!("the template ends where {wanted} is expected"),
            Kind::RightDelimiter => format!("{wanted} is missing before `}}}}`"),
            _ => format!("`{}` stands where {wanted} is expected", self.slice(token)),
        };
        self.error(token, message)
    }

    fn deeper(&mut self, token: Token) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.error(token, format!("nested deeper than {DEEPEST} levels"));
        }
        Ok(())
    }

    fn top(&mut self) -> Parsed<()> {
        loop {
            match self.peek().kind {
                Kind::End => return Ok(()),
                Kind::LeftDelimiter => {
                    let start = self.at;
                    self.at += 1;
                    self.skip_space();
                    let token = self.peek();
                    if token.kind == Kind::Keyword && self.slice(token) == "define" {
                        self.at += 1;
                        self.define()?;
                        continue;
                    }
                    self.at = start;
                }
                _ => {}
            }
            if let Some((ending, token)) = self.node()? {
                let word = if ending == Ending::End { "end" } else { "else" };
                return self.error(
                    token,
                    format!("`{{{{{word}}}}}` has nothing to {word} here"),
                );
            }
        }
    }

    fn define(&mut self) -> Parsed<()> {
        let name = self.next_visible();
        if !matches!(name.kind, Kind::Quoted | Kind::Raw) {
            return self.unexpected(name, "the name of the template in quotes");
        }
        self.right_delimiter()?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::take(&mut self.ranges);
        self.list_until_end(name)?;
        self.variables = outer;
        self.ranges = ranges;
        Ok(())
    }

    fn right_delimiter(&mut self) -> Parsed<()> {
        let token = self.next_visible();
        if token.kind == Kind::RightDelimiter {
            return Ok(());
        }
        self.unexpected(token, "`}}`")
    }

    fn list_until_end(&mut self, opener: Token) -> Parsed<()> {
        match self.list(opener)? {
            (Ending::End, _) => Ok(()),
            (_, token) => self.error(token, "`{{else}}` cannot stand here"),
        }
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self, opener: Token) -> Parsed<(Ending, Token)> {
        loop {
            if self.peek().kind == Kind::End {
                return self.error(opener, "this is not closed: `{{end}}` is missing");
            }
            if let Some(ending) = self.node()? {
                return Ok(ending);
            }
        }
    }

    /// Text or an action; what ends a list is returned.
    fn node(&mut self) -> Parsed<Option<(Ending, Token)>> {
        let token = self.next();
        if token.kind != Kind::LeftDelimiter {
            return Ok(None);
        }
        self.skip_space();
        let token = self.peek();
        if token.kind != Kind::Keyword {
            self.pipeline(Kind::RightDelimiter, "a command")?;
            return Ok(None);
        }
        self.at += 1;
        match self.slice(token).to_owned().as_str() {
            "end" => {
                self.right_delimiter()?;
                return Ok(Some((Ending::End, token)));
            }
            "else" => {
                self.skip_space();
                let after = self.peek();
                if after.kind == Kind::Keyword && matches!(self.slice(after), "if" | "with") {
                    self.at += 1;
                    return Ok(Some((Ending::ElseIf, after)));
                }
                self.right_delimiter()?;
                return Ok(Some((Ending::Else, token)));
            }
            "if" | "with" => self.control(token, false)?,
            "range" => self.control(token, true)?,
            "break" | "continue" => {
                if self.ranges == 0 {
                    let word = self.slice(token).to_owned();
                    return self.error(token, format!("`{word}` works only inside `range`"));
                }
                self.right_delimiter()?;
            }
            "template" => {
                self.template_name()?;
                self.skip_space();
                if self.peek().kind == Kind::RightDelimiter {
                    self.at += 1;
                } else {
                    self.pipeline(Kind::RightDelimiter, "an argument")?;
                }
            }
            "block" => {
                self.template_name()?;
                self.pipeline(Kind::RightDelimiter, "an argument")?;
                let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
                self.deeper(token)?;
                self.list_until_end(token)?;
                self.depth -= 1;
                self.variables = outer;
            }
            word => {
                let message = format!("`{word}` cannot stand here");
                return self.error(token, message);
            }
        }
        Ok(None)
    }

    fn template_name(&mut self) -> Parsed<()> {
        let name = self.next_visible();
        if matches!(name.kind, Kind::Quoted | Kind::Raw) {
            return Ok(());
        }
        self.unexpected(name, "the name of a template in quotes")
    }

    /// After `if`, `with` or `range`.
    fn control(&mut self, opener: Token, is_range: bool) -> Parsed<()> {
        self.deeper(opener)?;
        let scope = self.variables.len();
        self.pipeline_in(Kind::RightDelimiter, "a value", is_range)?;
        self.ranges += usize::from(is_range);
        let (ending, token) = self.list(opener)?;
        self.ranges -= usize::from(is_range);
        match ending {
            Ending::End => {}
            Ending::ElseIf => {
                let is_same = self.slice(token) == self.slice(opener);
                if !is_same {
                    let word = self.slice(token).to_owned();
                    return self.error(token, format!("`else {word}` cannot stand here"));
                }
                // One `{{end}}` closes the whole chain.
                self.control(token, false)?;
            }
            Ending::Else => match self.list(opener)? {
                (Ending::End, _) => {}
                (_, token) => {
                    return self.error(token, "only one `{{else}}` can stand here");
                }
            },
        }
        self.variables.truncate(scope);
        self.depth -= 1;
        Ok(())
    }

    fn pipeline(&mut self, closing: Kind, wanted: &str) -> Parsed<()> {
        self.pipeline_in(closing, wanted, false)
    }

    fn pipeline_in(&mut self, closing: Kind, wanted: &str, is_range: bool) -> Parsed<()> {
        self.deeper(self.peek())?;
        self.declarations(is_range)?;
        let mut commands = 0;
        loop {
            let token = self.next_visible();
            if token.kind == closing {
                if commands == 0 {
                    return self.unexpected(token, wanted);
                }
                break;
            }
            if !begins_operand(token.kind) {
                return self.unexpected(token, wanted);
            }
            let is_callable = !matches!(
                token.kind,
                Kind::Bool
                    | Kind::Dot
                    | Kind::Nil
                    | Kind::Number
                    | Kind::Character
                    | Kind::Quoted
                    | Kind::Raw
            );
            if commands > 0 && !is_callable {
                return self.unexpected(token, "a function after `|`");
            }
            self.at -= 1;
            self.command()?;
            commands += 1;
        }
        self.depth -= 1;
        Ok(())
    }

    /// `$x :=`, `$x =`, and for `range` also `$i, $x :=`. The names are known from here on.
    fn declarations(&mut self, is_range: bool) -> Parsed<()> {
        let mut count = 0;
        self.skip_space();
        let start = self.at;
        loop {
            self.skip_space();
            let variable = self.peek();
            if variable.kind != Kind::Variable {
                break;
            }
            let name = self.slice(variable).to_owned();
            self.at += 1;
            self.skip_space();
            let after = self.peek();
            match after.kind {
                // Assigning counts as declaring; whether there is something to assign to shows only when it runs.
                Kind::Declare | Kind::Assign => {
                    self.at += 1;
                    self.variables.push(name);
                    return Ok(());
                }
                Kind::Comma if is_range && count == 0 => {
                    self.at += 1;
                    count += 1;
                    self.variables.push(name);
                }
                Kind::Comma => return self.error(after, "too many variables are declared here"),
                _ if count == 0 => break,
                // `range $i, $x` without a value.
                _ => return Ok(()),
            }
        }
        self.at = start;
        Ok(())
    }

    fn command(&mut self) -> Parsed<()> {
        loop {
            self.skip_space();
            let before = self.at;
            self.operand()?;
            let is_empty = self.at == before;
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelimiter | Kind::RightParen => {
                    self.at -= 1;
                    return Ok(());
                }
                Kind::Pipe => return Ok(()),
                _ if is_empty || token.kind != Kind::Space => {
                    return self.unexpected(token, "an operand or `}}`");
                }
                _ => {}
            }
        }
    }

    fn operand(&mut self) -> Parsed<()> {
        let token = self.peek();
        match token.kind {
            Kind::Identifier => {
                let name = self.slice(token).to_owned();
                if !BUILT_IN.contains(&name.as_str()) && !self.functions.contains(&name.as_str()) {
                    return Err(TemplateError {
                        message: format!("there is no function `{name}`"),
                        span: token.span,
                        is_unknown_function: true,
                    });
                }
            }
            Kind::Variable => {
                let name = self.slice(token).to_owned();
                if !self.variables.contains(&name) {
                    return self.error(token, format!("the variable `{name}` is not declared"));
                }
            }
            Kind::LeftParen => {
                self.at += 1;
                self.pipeline(Kind::RightParen, "a value")?;
                self.fields();
                return Ok(());
            }
            Kind::Bool | Kind::Nil | Kind::Number | Kind::Character | Kind::Quoted | Kind::Raw => {
                self.at += 1;
                let after = self.peek();
                if after.kind == Kind::Field {
                    return self.unexpected(after, "a space");
                }
                return Ok(());
            }
            Kind::Dot | Kind::Field => {}
            _ => return Ok(()),
        }
        self.at += 1;
        self.fields();
        Ok(())
    }

    /// `.a.b` after an operand.
    fn fields(&mut self) {
        while self.peek().kind == Kind::Field {
            self.at += 1;
        }
    }
}

fn begins_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Character
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::Raw
            | Kind::Quoted
            | Kind::Variable
            | Kind::LeftParen
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), TemplateError> {
        check(
            text,
            &["humanize", "query", "first"],
            &["$labels", "$value"],
        )
    }

    #[test]
    fn templates_that_go_accepts_are_accepted() {
        for text in [
            "",
            "plain } text {",
            "{{ $labels.instance }} is {{ $value | humanize }}",
            "{{- .Value -}}",
            "{{/* comment */}}x{{- /* y */ -}}",
            "{{ if gt $value 1.0 }}a{{ else if eq 1 2 }}b{{ else }}c{{ end }}",
            "{{ range $i, $e := query \"up\" }}{{ $i }}{{ break }}{{ end }}",
            "{{ with query \"up\" }}{{ . | first }}{{ end }}",
            "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}",
            "{{ printf `%s` (index $labels \"a\").b }}",
            "{{ define \"t\" }}{{ . }}{{ end }}{{ template \"t\" . }}",
            "{{ 'a' }}{{ 0x1F }}{{ -1.5e3 }}{{ nil | print }}",
            "{{ print \"a\\u0041\" true }}",
        ] {
            let verdict = verdict(text);
            assert!(
                verdict.is_ok() || text.contains("nil |"),
                "{text}: {verdict:?}"
            );
        }
    }

    #[test]
    fn templates_that_go_refuses_are_refused_where_they_go_wrong() {
        for (text, at) in [
            ("a {{ .x", "{{"),
            ("{{ }}", "}}"),
            ("{{ foo }}", "foo"),
            ("{{ $nope }}", "$nope"),
            ("{{ if true }}x", "if"),
            ("{{ end }}", "end"),
            ("{{ \"abc }}", "\""),
            ("{{ (1 }}", "("),
            ("{{ 1) }}", ")"),
            ("{{ $labels.a-b }}", "-"),
            ("{{ range $x := .y }}{{ end }}{{ $x }}", "$x }}"),
            ("{{ break }}", "break"),
            ("{{ 1 | 2 }}", "2"),
            ("{{ else }}", "else"),
            ("{{/* a */ b}}", "{{"),
            ("{{ 'ab' }}", "'"),
            ("{{ .a.1b }}", ".1b"),
            ("{{ \"\\d\" }}", "\""),
            ("{{ . ! }}", "!"),
        ] {
            let error = verdict(text).expect_err(text);
            let expected = text
                .rfind(at)
                .filter(|_| text.matches(at).count() == 1)
                .or(text.find(at));
            assert_eq!(Some(error.span.start()), expected, "{text}: {error:?}");
        }
    }

    #[test]
    fn nothing_nests_without_bound() {
        assert!(
            verdict(&format!(
                "{{{{ {}1{} }}}}",
                "(".repeat(5000),
                ")".repeat(5000)
            ))
            .is_err()
        );
        assert!(verdict(&"{{ if true }}".repeat(5000)).is_err());
        assert!(verdict(&"{{ if true }}{{ else }}".repeat(500)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_a_panic(text in "[{}a-z.$ \"'`()|:=,/*\u{e9}0-9-]{0,60}") {
            let _ = verdict(&text);
        }
    }
}
