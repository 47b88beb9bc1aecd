//! What titles speak of, and what metrics are about.

use crate::catalogue::{Catalogue, Evidence, Topic, Unit};
use crate::facts::expression::Expression;
use crate::promql::{Kind, Parsed};

/// A product that a title names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Product<'c> {
    /// The word.
    pub word: &'c str,
    signs: &'c [String],
}

/// Words of a title in lower case; `RedisDown` is two.
pub(crate) fn words(title: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for character in title.chars() {
        if !character.is_alphanumeric() || (was_lower && character.is_uppercase()) {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The only product that a title speaks of.
pub(crate) fn product<'c>(catalogue: &'c Catalogue, title: &str) -> Option<Product<'c>> {
    let words = words(title);
    let mut named = catalogue
        .titles()
        .products
        .iter()
        .filter(|product| words.contains(&product.word));
    let product = named.next()?;
    named.next().is_none().then_some(Product {
        word: &product.word,
        signs: &product.signs,
    })
}

/// Whether a title names the product and nothing that could just as well be meant.
pub(crate) fn is_only(catalogue: &Catalogue, title: &str, product: Product<'_>) -> bool {
    let words = words(title);
    !catalogue.titles().others.iter().any(|other| {
        other != product.word
            && !matches!(other.as_str(), "request" | "requests")
            && words.contains(other)
    })
}

/// How an expression stands to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation<'e> {
    /// It names the product somewhere: in a metric, a label, a value.
    About,
    /// All its metrics are known to be of something else; the first of them, and what it is of.
    Foreign(&'e str, &'e str),
    /// Nobody can tell.
    Unclear,
}

/// How an expression stands to a product.
pub(crate) fn relation<'e>(
    catalogue: &'e Catalogue,
    parsed: &'e Parsed,
    product: Product<'_>,
) -> Relation<'e> {
    let text = parsed.text().to_ascii_lowercase();
    let names_it = product.signs.iter().any(|sign| match sign.as_str() {
        "db" => {
            self::words(&text).iter().any(|word| word.starts_with("db")) || text.contains("_db")
        }
        sign => text.contains(sign),
    });
    if names_it {
        return Relation::About;
    }
    let mut foreign = None;
    for used in parsed.selectors() {
        let Some(name) = used.selector.metric_name() else {
            return Relation::Unclear;
        };
        match technology(catalogue, name) {
            Some(technology) => foreign = foreign.or(Some((name, technology))),
            None => return Relation::Unclear,
        }
    }
    foreign.map_or(Relation::Unclear, |(name, technology)| {
        Relation::Foreign(name, technology)
    })
}

/// What a metric is of, where its name leaves no doubt. Runtimes are found beside everything.
pub(crate) fn technology<'c>(catalogue: &'c Catalogue, name: &str) -> Option<&'c str> {
    // Applications count what they do with other systems, under names such as these.
    if name.starts_with("database_") || name.starts_with("db_") {
        return Some("a database");
    }
    if name.starts_with("http_request") || name.starts_with("http_server_request") {
        return Some("an HTTP application");
    }
    let prefix = catalogue.prefixes().of(name)?;
    let is_monitoring = matches!(
        prefix.technology.as_str(),
        "Prometheus" | "Blackbox probe" | "Blackbox exporter itself"
    );
    (prefix.evidence == Evidence::Strong && !is_monitoring).then_some(prefix.technology.as_str())
}

/// The topics that words speak of.
pub(crate) fn topics(catalogue: &Catalogue, words: &[String]) -> Vec<Topic> {
    catalogue
        .titles()
        .topics
        .iter()
        .filter(|known| words.contains(&known.word))
        .flat_map(|known| known.topics.iter().copied())
        .collect()
}

/// What an expression reads first, and what that is about, as messages say it.
pub(crate) fn metric_read<'e>(
    catalogue: &Catalogue,
    expression: &'e Expression,
) -> (&'e str, &'static str) {
    let names = expression.analysis.reads.first().map(|read| &read.metrics);
    let metric = names
        .and_then(|names| names.as_ref()?.first())
        .map_or("…", String::as_str);
    let topic = catalogue
        .metric(metric)
        .map_or("something else", |resolved| resolved.metric.topic.as_str());
    (metric, topic)
}

/// The topics of all metrics of an expression, by the catalogue and by the words of their names; `None` where one of them is
/// not known to the catalogue.
pub(crate) fn topics_read(catalogue: &Catalogue, parsed: &Parsed) -> Option<Vec<Topic>> {
    let mut found = Vec::new();
    for (_, node) in parsed.nodes() {
        let Kind::Selector(selector) = &node.kind else {
            continue;
        };
        let name = selector.metric_name()?;
        let resolved = catalogue
            .metric(name)
            .filter(|resolved| resolved.exporter.name == "redis_exporter")
            // A script can be about anything, and what carries labels is about each of them.
            .filter(|resolved| {
                resolved.metric.topic != Topic::Scripts && !name.ends_with("_info")
            })?;
        found.push(resolved.metric.topic);
        // What is counted in bytes and does not only grow lies in memory, or on its way to a disk.
        if resolved.unit() == Some(Unit::Bytes) && !resolved.is_cumulative() {
            found.push(Topic::Memory);
        }
        found.extend(topics(catalogue, &words(name)));
        // A command's calls and the time they take are told apart by labels only.
        for matcher in selector.label_matchers() {
            found.extend(topics(catalogue, &words(&matcher.value.text())));
        }
    }
    (!found.is_empty()).then_some(found)
}
