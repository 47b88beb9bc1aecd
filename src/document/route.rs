use std::fmt;

/// One step down a document tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The value under a key of a mapping.
    Key(String),
    /// An item of a sequence, from 0.
    Index(usize),
}

/// The way from the root of a document to a node. Shown as `targets.cache.nodes[2]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Route(Vec<Step>);

impl Route {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A route of keys only.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(|key| Step::Key(key.into())).collect())
    }

    /// One key further down.
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    /// One item further down.
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// From a JSON Pointer (RFC 6901): `/targets/cache/nodes/2`.
    pub fn from_json_pointer(pointer: &str) -> Self {
        Self(
            pointer
                .split('/')
                .skip(1)
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .map(|part| match part.parse::<usize>() {
                    Ok(index) => Step::Index(index),
                    Err(_) => Step::Key(part),
                })
                .collect(),
        )
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl fmt::Display for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position > 0 => write!(out, ".{key}")?,
                Step::Key(key) => out.write_str(key)?,
                Step::Index(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}
