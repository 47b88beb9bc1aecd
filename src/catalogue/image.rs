//! What runs in an image.

use serde::Deserialize;

/// One entry of `templates/images.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Name of the program, unique.
    pub program: String,
    /// Repositories that hold it, without registry where that is Docker Hub.
    pub repositories: Vec<String>,
    /// TCP ports it listens on unless told otherwise; the first is the one to talk to.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Where it reads its configuration unless told otherwise.
    #[serde(default)]
    pub config: Option<String>,
    /// Directories whose content must outlive the container.
    #[serde(default)]
    pub data: Vec<String>,
    /// Commands that a health check may use; empty for an image of which nothing is known, or that has none.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Commands that it, or some of its tags, are known not to have.
    #[serde(default)]
    pub lacks: Vec<Lacking>,
    /// Entry of the catalogue for what it exposes.
    #[serde(default)]
    pub exporter: Option<String>,
    /// How the names of its own metrics begin.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Images of other makers, who put configuration and data elsewhere.
    #[serde(default)]
    pub layouts: Vec<Layout>,
}

/// Where another maker's image of the program has its files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Its repositories.
    pub repositories: Vec<String>,
    /// In place of [`Image::config`].
    #[serde(default)]
    pub config: Option<String>,
    /// In place of [`Image::data`].
    #[serde(default)]
    pub data: Vec<String>,
}

/// Commands that tags of an image do not have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lacking {
    /// The commands.
    pub commands: Vec<String>,
    /// Only of tags that hold this; of all where it is not given.
    #[serde(default)]
    pub tag: Option<String>,
    /// But not of tags that hold this.
    #[serde(default)]
    pub unless_tag: Option<String>,
}

impl Image {
    /// Whether the image of that tag is known not to have a command.
    pub fn lacks(&self, command: &str, tag: &str) -> bool {
        self.lacks.iter().any(|lacking| {
            lacking.commands.iter().any(|known| known == command)
                && lacking
                    .tag
                    .as_ref()
                    .is_none_or(|part| tag.contains(part.as_str()))
                && lacking
                    .unless_tag
                    .as_ref()
                    .is_none_or(|part| !tag.contains(part.as_str()))
        })
    }
}

/// All known images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images(Vec<Image>);

impl Images {
    /// In the order of the file.
    pub(super) fn new(images: Vec<Image>) -> Self {
        Self(images)
    }

    /// The program in the image of that repository, `docker.io/` before it or not, with its files where this maker puts them.
    pub fn of_repository(&self, repository: &str) -> Option<Image> {
        let repository = repository.strip_prefix("docker.io/").unwrap_or(repository);
        let is_among = |known: &[String]| known.iter().any(|known| known == repository);
        self.0.iter().find_map(|image| {
            let mut layouts = image.layouts.iter();
            match layouts.find(|layout| is_among(&layout.repositories)) {
                Some(layout) => Some(Image {
                    config: layout.config.clone(),
                    data: layout.data.clone(),
                    ..image.clone()
                }),
                None => is_among(&image.repositories).then(|| image.clone()),
            }
        })
    }

    /// The image of a program.
    pub fn of_program(&self, program: &str) -> Option<&Image> {
        self.0.iter().find(|image| image.program == program)
    }

    /// All in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Image> {
        self.0.iter()
    }
}
