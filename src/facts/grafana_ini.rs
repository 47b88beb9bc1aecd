//! `grafana.ini`: settings by section.

use super::text::Text;
use crate::setup::Document;
use crate::source::Span;

/// One line `key = value`.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The section in brackets above it; empty at the top.
    pub section: String,
    /// Its name.
    pub key: String,
    /// What it is set to, without quotes.
    pub value: Text,
}

/// Every setting of a file, in its order; comments (`;`, `#`) are none.
pub fn settings(document: &Document) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut section = String::new();
    let mut start = 0;
    for line in document.text.text().split_inclusive('\n') {
        let here = start;
        start += line.len();
        let content = line.trim();
        if content.is_empty() || content.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = content
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            section = name.trim().to_owned();
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let from = here + key.len() + 1 + (value.len() - value.trim_start().len());
        let value = value.trim();
        let place = document.place(Span::new(from, from + value.len()));
        settings.push(Setting {
            section: section.clone(),
            key: key.trim().to_owned(),
            value: Text::at(place, value.trim_matches(['"', '`', '\''])),
        });
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;

    #[test]
    fn settings_have_sections_and_places() {
        let text = "instance_name = a\n; [x]\n[auth.anonymous]\nenabled=true\n# org_role = Admin\norg_role =  \"Admin\"  \n";
        let setup = Setup::of_texts("", [("grafana.ini", text.as_bytes())]);
        let told: Vec<_> = settings(&setup.documents()[0])
            .into_iter()
            .map(|setting| {
                let written = setup.slice(setting.value.place).to_owned();
                (setting.section, setting.key, written)
            })
            .collect();
        let expected = [
            ("", "instance_name", "a"),
            ("auth.anonymous", "enabled", "true"),
            ("auth.anonymous", "org_role", "\"Admin\""),
        ];
        let expected = expected.map(|(section, key, written)| {
            (section.to_owned(), key.to_owned(), written.to_owned())
        });
        assert_eq!(told, expected);
    }
}
