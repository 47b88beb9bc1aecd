//! What [`super::plain`] reads, as something that serde can take apart.

use std::borrow::Cow;

use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A YAML node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'t> {
    /// No value at all, as after `key:`.
    Empty,
    /// A scalar without quotes: may be a number, a truth value or null.
    Plain(&'t str),
    /// A scalar with quotes, or a block of text: always text.
    Text(Cow<'t, str>),
    /// A sequence.
    Seq(Vec<Node<'t>>),
    /// A mapping in the order of the file.
    Map(Vec<(Node<'t>, Node<'t>)>),
}

/// Every refusal makes the general reader try again, so the words do not matter.
fn unusual() -> Error {
    Error::custom("not for the fast reader")
}

/// What YAML's core schema makes of a plain scalar.
enum Scalar {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

fn resolve(plain: &str) -> Result<Scalar, Error> {
    Ok(match plain {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if !plain.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => Scalar::Text,
        _ => {
            let digits = plain.strip_prefix('-').unwrap_or(plain);
            let is_number =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let is_whole = is_number(digits) && (digits == "0" || !digits.starts_with('0'));
            if is_whole && plain != "-0" {
                if let Ok(number) = plain.parse() {
                    Scalar::Unsigned(number)
                } else {
                    Scalar::Signed(plain.parse().map_err(|_| unusual())?)
                }
            } else if let Some((whole, fraction)) = digits.split_once('.')
                && is_number(whole)
                && is_number(fraction)
            {
                Scalar::Float(plain.parse().map_err(|_| unusual())?)
            } else if plain.matches('.').count() < 2
                && plain
                    .chars()
                    .all(|c| "0123456789abcdefxoABCDEFinINFyNaA+-._".contains(c))
            {
                // Hexadecimal, exponents, infinities …: the general reader knows.
                return Err(unusual());
            } else {
                Scalar::Text
            }
        }
    })
}

impl<'de> IntoDeserializer<'de, Error> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Empty => visitor.visit_unit(),
            Self::Plain(plain) => match resolve(plain)? {
                Scalar::Null => visitor.visit_unit(),
                Scalar::Bool(value) => visitor.visit_bool(value),
                Scalar::Unsigned(value) => visitor.visit_u64(value),
                Scalar::Signed(value) => visitor.visit_i64(value),
                Scalar::Float(value) => visitor.visit_f64(value),
                Scalar::Text => visitor.visit_borrowed_str(plain),
            },
            Self::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Self::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Self::Seq(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Self::Map(entries) => {
                let mut entries = MapDeserializer::new(entries.into_iter());
                let value = visitor.visit_map(&mut entries)?;
                entries.end().map(|()| value)
            }
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Plain("" | "~" | "null" | "Null" | "NULL") => Err(unusual()),
            // Whoever asks for text gets `1.45` and `true` as text.
            Self::Plain(plain) => visitor.visit_borrowed_str(plain),
            Self::Text(_) => self.deserialize_any(visitor),
            Self::Empty | Self::Seq(_) | Self::Map(_) => Err(unusual()),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Empty => visitor.visit_none(),
            Self::Plain("" | "~" | "null" | "Null" | "NULL") => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // Variants with content are tagged in YAML, which is beyond the fast reader.
        match self {
            Self::Plain(variant) => visitor.visit_enum(variant.into_deserializer()),
            Self::Text(variant) => visitor.visit_enum(variant.into_deserializer()),
            Self::Empty | Self::Seq(_) | Self::Map(_) => Err(unusual()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct ignored_any
    }
}
