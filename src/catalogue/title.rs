//! What words in titles speak of.

use serde::Deserialize;

use super::metric::Topic;

/// `templates/titles.yaml`: words of titles of dashboards, panels and alerts, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TitleWords {
    /// Words for products.
    pub products: Vec<ProductWord>,
    /// Words that speak of an application as well: then nobody can tell what is meant.
    pub others: Vec<String>,
    /// Words that speak of topics of Redis' metrics.
    pub topics: Vec<TopicWord>,
}

/// A word for a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductWord {
    /// The word.
    pub word: String,
    /// What metrics, labels or values hold that are about it.
    pub signs: Vec<String>,
}

/// A word for topics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicWord {
    /// The word.
    pub word: String,
    /// The topics.
    #[serde(deserialize_with = "topics")]
    pub topics: Vec<Topic>,
}

fn topics<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Topic>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names
        .iter()
        .map(|name| {
            Topic::named(name)
                .ok_or_else(|| serde::de::Error::custom(format!("there is no topic `{name}`")))
        })
        .collect()
}
