//! Several environments of one system as one profile: what they share, and an overlay for each.

use serde_json::{Map, Value as Json};

use super::Adopted;
use super::draft::Draft;

/// One profile with an environment for each of several setups. `None` where they are not the same system, or not different
/// environments.
pub fn join(adopted: &[Adopted]) -> Option<Draft> {
    let [first, others @ ..] = adopted else {
        return None;
    };
    let name = first.draft.get(&["name"]);
    let mut environments: Vec<&str> = vec![&first.environment];
    for other in others {
        if other.draft.get(&["name"]) != name || environments.contains(&&*other.environment) {
            return None;
        }
        environments.push(&other.environment);
    }
    let trees: Vec<&Map<String, Json>> = adopted.iter().map(|one| one.draft.tree()).collect();
    let shared = shared(&trees);
    let mut joined = Draft::default();
    for (key, value) in &shared {
        joined.set(&[key], value.clone());
    }
    for one in adopted {
        let overlay = beyond(one.draft.tree(), &shared);
        joined.set(&["environments", &one.environment], Json::Object(overlay));
        for (place, comment) in one.draft.comments() {
            let place: Vec<&str> = place.iter().map(String::as_str).collect();
            let own: Vec<&str> = ["environments", &one.environment]
                .into_iter()
                .chain(place.iter().copied())
                .collect();
            if joined.get(&own).is_some() {
                joined.comment(&own, comment);
            } else if std::ptr::eq(one, first) {
                joined.comment(&place, comment);
            }
        }
    }
    Some(joined)
}

/// What is the same in all of them.
fn shared(trees: &[&Map<String, Json>]) -> Map<String, Json> {
    let Some((first, others)) = trees.split_first() else {
        return Map::new();
    };
    let mut same = Map::new();
    for (key, value) in *first {
        let values: Vec<&Json> = others.iter().filter_map(|tree| tree.get(key)).collect();
        if values.len() < others.len() {
            continue;
        }
        if values.iter().all(|other| *other == value) {
            same.insert(key.clone(), value.clone());
            continue;
        }
        let all = std::iter::once(value).chain(values);
        let mappings: Vec<&Map<String, Json>> = all.filter_map(Json::as_object).collect();
        if mappings.len() == trees.len() {
            let inner = shared(&mappings);
            if !inner.is_empty() {
                same.insert(key.clone(), Json::Object(inner));
            }
        }
    }
    same
}

/// What a tree has beyond what it shares.
fn beyond(tree: &Map<String, Json>, shared: &Map<String, Json>) -> Map<String, Json> {
    let mut own = Map::new();
    for (key, value) in tree {
        match (value, shared.get(key)) {
            (_, Some(same)) if same == value => {}
            (Json::Object(inner), Some(Json::Object(same))) => {
                own.insert(key.clone(), Json::Object(beyond(inner, same)));
            }
            _ => {
                own.insert(key.clone(), value.clone());
            }
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_stands_in_the_environments() {
        let adopted = |environment: &str, mode: &str| {
            let mut draft = Draft::default();
            draft.set(&["name"], "shop");
            draft.set(
                &["targets", "cache"],
                json!({"address": "redis://cache", "maxmemory": "1gb"}),
            );
            draft.set(&["exporters", "one", "mode"], mode);
            Adopted {
                draft,
                environment: environment.into(),
                remainders: Vec::new(),
                recognised: Vec::new(),
            }
        };
        let joined = join(&[adopted("dev", "sidecar"), adopted("live", "external")]);
        let joined = joined.expect("one system");
        assert_eq!(
            joined.get(&["targets", "cache", "maxmemory"]),
            Some(&json!("1gb"))
        );
        assert_eq!(joined.get(&["exporters"]), None);
        let own = ["environments", "live", "exporters", "one", "mode"];
        assert_eq!(joined.get(&own), Some(&json!("external")));
        assert_eq!(
            join(&[adopted("dev", "sidecar"), adopted("dev", "external")]),
            None
        );
    }
}
