//! Classes of characters: `[a-z]`, `[[:alpha:]]`, `\pL`.

use super::{LONGEST_LOOK, PatternError, Reader, error};

/// The scripts of Unicode 15, as Go spells them.
const SCRIPTS: [&str; 163] = [
    "Adlam",
    "Ahom",
    "Anatolian_Hieroglyphs",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Bassa_Vah",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Canadian_Aboriginal",
    "Carian",
    "Caucasian_Albanian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cypro_Minoan",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dives_Akuru",
    "Dogra",
    "Duployan",
    "Egyptian_Hieroglyphs",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gunjala_Gondi",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanifi_Rohingya",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Imperial_Aramaic",
    "Inherited",
    "Inscriptional_Pahlavi",
    "Inscriptional_Parthian",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kawi",
    "Kayah_Li",
    "Kharoshthi",
    "Khitan_Small_Script",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Linear_A",
    "Linear_B",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Masaram_Gondi",
    "Medefaidrin",
    "Meetei_Mayek",
    "Mende_Kikakui",
    "Meroitic_Cursive",
    "Meroitic_Hieroglyphs",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nag_Mundari",
    "Nandinagari",
    "New_Tai_Lue",
    "Newa",
    "Nko",
    "Nushu",
    "Nyiakeng_Puachue_Hmong",
    "Ogham",
    "Ol_Chiki",
    "Old_Hungarian",
    "Old_Italic",
    "Old_North_Arabian",
    "Old_Permic",
    "Old_Persian",
    "Old_Sogdian",
    "Old_South_Arabian",
    "Old_Turkic",
    "Old_Uyghur",
    "Oriya",
    "Osage",
    "Osmanya",
    "Pahawh_Hmong",
    "Palmyrene",
    "Pau_Cin_Hau",
    "Phags_Pa",
    "Phoenician",
    "Psalter_Pahlavi",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "SignWriting",
    "Sinhala",
    "Sogdian",
    "Sora_Sompeng",
    "Soyombo",
    "Sundanese",
    "Syloti_Nagri",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Warang_Citi",
    "Yezidi",
    "Yi",
    "Zanabazar_Square",
];

impl Reader<'_> {
    /// `\pN`, `\p{Greek}`, `\P{^Lu}`
    pub(super) fn unicode_class(&mut self) -> Result<(), PatternError> {
        let after = &self.rest[2..];
        let (name, rest) = match after.strip_prefix('{') {
            Some(inside) => match inside.split_once('}') {
                Some(parts) => parts,
                None => return error("`\\p{` is never closed"),
            },
            None => match after.chars().next() {
                Some(letter) => after.split_at(letter.len_utf8()),
                None => return error("`\\p` names no class of characters"),
            },
        };
        let plain = name.strip_prefix('^').unwrap_or(name);
        let is_category = matches!(
            plain,
            "C" | "Cc"
                | "Cf"
                | "Co"
                | "Cs"
                | "L"
                | "Ll"
                | "Lm"
                | "Lo"
                | "Lt"
                | "Lu"
                | "M"
                | "Mc"
                | "Me"
                | "Mn"
                | "N"
                | "Nd"
                | "Nl"
                | "No"
                | "P"
                | "Pc"
                | "Pd"
                | "Pe"
                | "Pf"
                | "Pi"
                | "Po"
                | "Ps"
                | "S"
                | "Sc"
                | "Sk"
                | "Sm"
                | "So"
                | "Z"
                | "Zl"
                | "Zp"
                | "Zs"
                | "Any"
        );
        let is_script = SCRIPTS.binary_search(&plain).is_ok();
        if !is_category && !is_script {
            return error(format!("`{plain}` is no class of Unicode characters"));
        }
        self.rest = rest;
        Ok(())
    }

    pub(super) fn class(&mut self) -> Result<(), PatternError> {
        self.advance(1);
        if self.rest.starts_with('^') {
            self.advance(1);
        }
        let mut first = true;
        loop {
            if self.rest.starts_with(']') && !first {
                self.advance(1);
                return Ok(());
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some(length) = self.rest.as_bytes()[2..]
                    .windows(2)
                    .take(LONGEST_LOOK)
                    .position(|bytes| bytes == b":]")
            {
                let end = 2 + length;
                let name = &self.rest[2..end];
                let plain = name.strip_prefix('^').unwrap_or(name);
                let known = matches!(
                    plain,
                    "alnum"
                        | "alpha"
                        | "ascii"
                        | "blank"
                        | "cntrl"
                        | "digit"
                        | "graph"
                        | "lower"
                        | "print"
                        | "punct"
                        | "space"
                        | "upper"
                        | "word"
                        | "xdigit"
                );
                if !known {
                    return error(format!("`[:{name}:]` is no class of characters"));
                }
                self.advance(end + 2);
                continue;
            }
            let mut characters = self.rest.chars();
            match (characters.next(), characters.next()) {
                (Some('\\'), Some('p' | 'P')) => {
                    self.unicode_class()?;
                    continue;
                }
                (Some('\\'), Some('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                    self.advance(2);
                    continue;
                }
                _ => {}
            }
            let low = self.class_character()?;
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            if is_range && self.rest.len() > 1 {
                self.advance(1);
                let high = self.class_character()?;
                if high < low {
                    return error(format!("the range `{low}-{high}` runs backwards"));
                }
            }
        }
    }

    fn class_character(&mut self) -> Result<char, PatternError> {
        match self.rest.chars().next() {
            None => error("a `[` is never closed"),
            Some('\\') => self.character_escape(),
            Some(character) => {
                self.advance(character.len_utf8());
                Ok(character)
            }
        }
    }
}
