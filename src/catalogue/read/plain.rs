//! The part of YAML that our data files use. Anything else is `None`, never a guess.

use std::borrow::Cow;

use super::node::Node;

/// Nested deeper than this is left to the general reader.
const DEPTH: usize = 32;

/// The only document of `text`; `None` for whatever is not certainly understood.
pub(super) fn parse(text: &str) -> Option<Node<'_>> {
    let is_usual = |byte: u8| byte == b'\n' || (byte >= b' ' && byte != 0x7f);
    if !text.bytes().all(is_usual) {
        return None;
    }
    // Line breaks and marks that only some YAML versions know.
    if !text.is_ascii() && text.contains(['\u{85}', '\u{a0}', '\u{2028}', '\u{2029}', '\u{feff}']) {
        return None;
    }
    let mut lines = Lines {
        lines: text.split('\n').collect(),
        at: 0,
    };
    let (indent, content) = lines.peek()?;
    let node = if starts_block(content) {
        lines.block(indent, 0)?
    } else {
        lines.at += 1;
        inline(content, 0)?
    };
    lines.peek().is_none().then_some(node)
}

/// Whether a line begins a block collection rather than being a scalar or flow collection.
fn starts_block(content: &str) -> bool {
    is_item(content) || split_key(content).is_some()
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

struct Lines<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

impl<'t> Lines<'t> {
    /// Indentation and content of the next line that says something.
    fn peek(&mut self) -> Option<(usize, &'t str)> {
        while let Some(line) = self.lines.get(self.at) {
            let content = line.trim_start_matches(' ');
            if !content.is_empty() && !content.starts_with('#') {
                return Some((line.len() - content.len(), content));
            }
            self.at += 1;
        }
        None
    }

    /// A block collection whose lines are indented by `indent`.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Node<'t>> {
        let (_, content) = self.peek()?;
        if depth > DEPTH {
            None
        } else if is_item(content) {
            self.sequence(indent, depth)
        } else {
            self.at += 1;
            self.mapping(indent, content, depth)
        }
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Option<Node<'t>> {
        let mut items = Vec::new();
        while let Some((found, content)) = self.peek() {
            if found < indent || (found == indent && !is_item(content)) {
                break;
            }
            if found > indent || is_document_mark(found, content) {
                return None;
            }
            self.at += 1;
            let rest = content[1..].trim_start_matches(' ');
            if !rest.is_empty() && split_key(rest).is_some() {
                // `- key: value`: the mapping is indented to where the key stands.
                let indent = indent + content.len() - rest.len();
                items.push(self.mapping(indent, rest, depth + 1)?);
            } else if is_item(rest) {
                return None;
            } else {
                items.push(self.value(rest, indent, false, depth + 1)?);
            }
        }
        Some(Node::Seq(items))
    }

    /// A mapping whose first line is `content`, already taken.
    fn mapping(&mut self, indent: usize, content: &'t str, depth: usize) -> Option<Node<'t>> {
        let mut entries: Vec<(Node<'t>, Node<'t>)> = Vec::new();
        let mut content = content;
        loop {
            let (key, rest) = split_key(content)?;
            if is_document_mark(indent, content) || entries.iter().any(|(known, _)| *known == key) {
                return None;
            }
            let value = self.value(rest, indent, true, depth + 1)?;
            entries.push((key, value));
            match self.peek() {
                Some((found, _)) if found > indent => return None,
                Some((found, next)) if found == indent => {
                    if is_item(next) {
                        return None;
                    }
                    self.at += 1;
                    content = next;
                }
                _ => return Some(Node::Map(entries)),
            }
        }
    }

    /// What stands after `key:` or `-`, on the same line or below it.
    fn value(
        &mut self,
        rest: &'t str,
        indent: usize,
        in_mapping: bool,
        depth: usize,
    ) -> Option<Node<'t>> {
        let rest = rest.trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with('#') {
            return match self.peek() {
                Some((found, content))
                    if found > indent || (in_mapping && found == indent && is_item(content)) =>
                {
                    if !starts_block(content) {
                        return None;
                    }
                    self.block(found, depth)
                }
                _ => Some(Node::Empty),
            };
        }
        match rest {
            "|" | "|-" => self.literal(indent, rest == "|"),
            ">" | ">-" => self.folded(indent, rest == ">"),
            _ => inline(rest, depth),
        }
    }

    /// The lines of a block of text, without their indentation, blank ones at the end left out.
    fn text_lines(&mut self, parent: usize) -> Option<Vec<&'t str>> {
        let first = self.lines.get(self.at)?;
        let indent = first.len() - first.trim_start_matches(' ').len();
        if first.trim_start_matches(' ').is_empty() || indent <= parent {
            return None;
        }
        let mut lines = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            let content = line.trim_start_matches(' ');
            if content.is_empty() {
                if line.len() > indent {
                    return None;
                }
                lines.push("");
            } else if line.len() - content.len() >= indent {
                lines.push(&line[indent..]);
            } else if line.len() - content.len() > parent {
                return None;
            } else {
                break;
            }
            self.at += 1;
        }
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        Some(lines)
    }

    /// `|`, and `|-` without the line break at the end.
    fn literal(&mut self, parent: usize, final_break: bool) -> Option<Node<'t>> {
        let mut text = self.text_lines(parent)?.join("\n");
        if final_break {
            text.push('\n');
        }
        Some(Node::Text(Cow::Owned(text)))
    }

    /// `>`, and `>-` without the line break at the end.
    fn folded(&mut self, parent: usize, final_break: bool) -> Option<Node<'t>> {
        let lines = self.text_lines(parent)?;
        if lines
            .iter()
            .any(|line| line.is_empty() || line.starts_with(' ') || line.ends_with(' '))
        {
            return None;
        }
        let mut text = lines.join(" ");
        if final_break {
            text.push('\n');
        }
        Some(Node::Text(Cow::Owned(text)))
    }
}

fn is_document_mark(indent: usize, content: &str) -> bool {
    indent == 0 && (content.starts_with("---") || content.starts_with("..."))
}

/// `key: value` in a block mapping as key and what follows the colon.
fn split_key(content: &str) -> Option<(Node<'_>, &str)> {
    if content.starts_with(['"', '\'']) {
        let (key, rest) = quoted(content)?;
        let rest = rest.strip_prefix(':')?;
        return (rest.is_empty() || rest.starts_with(' ')).then_some((key, rest));
    }
    let end = match content.find(": ") {
        Some(end) => end,
        None => content.strip_suffix(':')?.len(),
    };
    let key = &content[..end];
    let is_plain =
        is_plain_start(key) && key == key.trim_end() && !key.contains(" #") && key != "<<";
    // A flow collection that holds `: ` is no key.
    is_plain.then(|| (Node::Plain(key), &content[end + 1..]))
}

/// Whether a plain scalar may begin like this.
fn is_plain_start(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        None => false,
        Some('-') => chars
            .next()
            .is_some_and(|next| next.is_ascii_alphanumeric()),
        Some(first) => !",[]{}#&*!|>'\"%@`?:".contains(first),
    }
}

/// A scalar or flow collection that fills the rest of a line, comment aside.
fn inline(text: &str, depth: usize) -> Option<Node<'_>> {
    let (node, rest) = match text.as_bytes().first()? {
        b'"' | b'\'' => quoted(text)?,
        b'[' | b'{' => flow(text, depth)?,
        _ => {
            let end = text.find(" #").unwrap_or(text.len());
            let plain = text[..end].trim_end_matches(' ');
            if !is_plain_start(plain) || plain.contains(": ") || plain.ends_with(':') {
                return None;
            }
            return (!plain.starts_with("---") && !plain.starts_with("..."))
                .then_some(Node::Plain(plain));
        }
    };
    let after = rest.trim_start_matches(' ');
    (after.is_empty() || (after.starts_with('#') && after.len() < rest.len())).then_some(node)
}

/// A quoted scalar that ends on its line, and what follows it.
fn quoted(text: &str) -> Option<(Node<'_>, &str)> {
    let quote = text.chars().next()?;
    let body = &text[1..];
    let mut decoded: Option<String> = None;
    let mut taken = 0;
    loop {
        let at = taken + body[taken..].find([quote, '\\'])?;
        let after = &body[at + 1..];
        let (piece, length) = match (&body[at..=at], quote) {
            ("\\", '"') => {
                let (c, length) = escape(after)?;
                (c, length + 1)
            }
            // A backslash is nothing special between single quotes.
            ("\\", _) => ('\\', 1),
            _ if quote == '\'' && after.starts_with('\'') => ('\'', 2),
            _ => {
                let node = match decoded {
                    None => Cow::Borrowed(&body[..at]),
                    Some(mut text) => {
                        text.push_str(&body[taken..at]);
                        Cow::Owned(text)
                    }
                };
                return Some((Node::Text(node), after));
            }
        };
        let text = decoded.get_or_insert_default();
        text.push_str(&body[taken..at]);
        text.push(piece);
        taken = at + length;
    }
}

/// What stands after a backslash, and its length in bytes.
fn escape(text: &str) -> Option<(char, usize)> {
    let hex = |digits: usize| {
        let code = u32::from_str_radix(text.get(1..=digits)?, 16).ok()?;
        Some((char::from_u32(code)?, digits + 1))
    };
    match text.as_bytes().first()? {
        b'n' => Some(('\n', 1)),
        b't' => Some(('\t', 1)),
        b'"' => Some(('"', 1)),
        b'\\' => Some(('\\', 1)),
        b'x' => hex(2),
        b'u' => hex(4),
        _ => None,
    }
}

/// A flow collection, or one entry of it, and what follows.
fn flow(text: &str, depth: usize) -> Option<(Node<'_>, &str)> {
    if depth > DEPTH {
        return None;
    }
    match text.as_bytes().first()? {
        b'[' => {
            let mut items = Vec::new();
            let mut rest = text[1..].trim_start_matches(' ');
            while !rest.starts_with(']') {
                let (item, after) = flow(rest, depth + 1)?;
                items.push(item);
                rest = next_entry(after, ']')?;
            }
            Some((Node::Seq(items), &rest[1..]))
        }
        b'{' => {
            let mut entries: Vec<(Node<'_>, Node<'_>)> = Vec::new();
            let mut rest = text[1..].trim_start_matches(' ');
            while !rest.starts_with('}') {
                let (key, after) = flow(rest, depth + 1)?;
                let after = after.strip_prefix(": ")?.trim_start_matches(' ');
                let is_usual_key = matches!(key, Node::Plain(_) | Node::Text(_));
                if !is_usual_key || entries.iter().any(|(known, _)| *known == key) {
                    return None;
                }
                let (value, after) = flow(after, depth + 1)?;
                entries.push((key, value));
                rest = next_entry(after, '}')?;
            }
            Some((Node::Map(entries), &rest[1..]))
        }
        b'"' | b'\'' => quoted(text),
        _ => {
            let end = text.find([',', '[', ']', '{', '}']).unwrap_or(text.len());
            let end = text[..end].find(": ").unwrap_or(end);
            let plain = text[..end].trim_end_matches(' ');
            // YAML readers differ about colons inside a flow collection.
            let is_usual = is_plain_start(plain)
                && !plain.contains([':', '?'])
                && !plain.contains(" #")
                && plain != "<<";
            is_usual.then_some((Node::Plain(plain), &text[end..]))
        }
    }
}

/// The next entry of a flow collection, or its end.
fn next_entry(text: &str, end: char) -> Option<&str> {
    let text = text.trim_start_matches(' ');
    match text.strip_prefix(',') {
        Some(rest) => {
            let rest = rest.trim_start_matches(' ');
            // A comma before the end is legal and unusual.
            (!rest.starts_with(end)).then_some(rest)
        }
        None => text.starts_with(end).then_some(text),
    }
}
