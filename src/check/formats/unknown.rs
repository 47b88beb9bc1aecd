//! Fields that nobody reads.

use super::checker::Checker;
use super::reader::Unknown;
use super::scalar;
use super::table::{Field, Kind, TableOf};
use super::words::{ALIKE, MUCH_ALIKE, alike, short};
use crate::document::{Entry, Node};

impl Checker<'_> {
    /// A field that is not in `table`, or not in that of this version.
    pub(super) fn unknown(
        &mut self,
        node: &Node,
        entry: &Entry,
        other_version: Option<&Field>,
        table: &'static TableOf,
    ) {
        let key = &entry.key;
        let product = self.reader.product;
        let version = short(self.reader.version);
        if let Some(field) = other_version {
            let (defect, message) = match (field.since, field.until) {
                (_, Some(until)) if self.reader.version >= until => (
                    "removed-field",
                    format!(
                        "{product} {} removed `{}` of {}; this is checked for {version}",
                        short(until),
                        key.text,
                        table.what
                    ),
                ),
                (since, _) => (
                    "too-new-field",
                    format!(
                        "`{}` of {} needs {product} {} or newer; this is checked for {version}",
                        key.text,
                        table.what,
                        since.map(short).unwrap_or_default()
                    ),
                ),
            };
            self.error(defect, key.span, message);
            return;
        }
        let names = || {
            table
                .all()
                .filter(|field| field.exists_in(self.reader.version))
        };
        let likeness = match self.reader.unknown {
            Unknown::Foreign => MUCH_ALIKE,
            _ => ALIKE,
        };
        let nearest = alike(&key.text, names().map(|field| field.name), likeness);
        let below = names().find(|field| {
            let (Kind::Block(inner) | Kind::Sections(inner, _)) = field.kind else {
                return false;
            };
            inner.all().any(|inner| inner.name == &*key.text)
        });
        // Names that nobody here knows may be anything.
        let below = below.filter(|_| self.reader.unknown != Unknown::Foreign);
        let help = match (nearest, below) {
            (Some(name), _) => Some(format!("did you mean `{name}`?")),
            (None, Some(parent)) => Some(format!("`{}` belongs under `{}`", key.text, parent.name)),
            (None, None) => None,
        };
        if self.whole.is_some_and(|whole| std::ptr::eq(whole, table)) {
            let known: Vec<&str> = names().map(|field| field.name).collect();
            let message = format!(
                "{product} does not look at `{}`: everything below it is lost",
                key.text
            );
            self.error("unknown-field", key.span, message).help =
                Some(help.unwrap_or_else(|| format!("known here: {}", scalar::quoted(&known))));
            return;
        }
        if help.is_none() && self.reader.unknown != Unknown::Refused {
            if self.reader.unknown == Unknown::Ignored {
                let message = format!(
                    "{product} does not look at `{}` of {}",
                    key.text, table.what
                );
                self.warning("ignored-field", key.span, message).help = Some("remove it".into());
            }
            return;
        }
        let fix = nearest
            .filter(|name| node.entry(name).is_none())
            .map(|name| self.replacement(key.span, name));
        let diagnostic = self.error(
            "unknown-field",
            key.span,
            format!("{} has no field `{}`", table.what, key.text),
        );
        diagnostic.help = help;
        diagnostic.fix = fix;
    }
}
