use figment::{Metadata, Source};
use std::{fmt, path::PathBuf};

/// Where a value of a configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A text of this name, given by the program.
    Text(String),
    /// An environment variable.
    Variable(String),
    /// Nobody set it: it is what the profile of this name sets, or the default.
    Profile(&'static str),
}

const TEXT: &str = "text";
const VARIABLE: &str = "environment variable";

impl Origin {
    /// As figment remembers it beside every value.
    pub(super) fn metadata(&self) -> Metadata {
        match self {
            Self::File(path) => Metadata::from("file", Source::File(path.clone())),
            Self::Text(name) => Metadata::from(TEXT, Source::Custom(name.clone())),
            Self::Variable(name) => Metadata::from(VARIABLE, Source::Custom(name.clone())),
            Self::Profile(profile) => Metadata::named(*profile),
        }
    }

    /// Back from what figment remembers; `profile` is where a value comes from that no source set.
    pub(super) fn of(metadata: Option<&Metadata>, profile: &'static str) -> Self {
        match metadata.map(|known| (&*known.name, &known.source)) {
            Some((_, Some(Source::File(path)))) => Self::File(path.clone()),
            Some((TEXT, Some(Source::Custom(name)))) => Self::Text(name.clone()),
            Some((VARIABLE, Some(Source::Custom(name)))) => Self::Variable(name.clone()),
            _ => Self::Profile(profile),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file `{}`", path.display()),
            Self::Text(name) => write!(f, "text `{name}`"),
            Self::Variable(name) => write!(f, "environment variable `{name}`"),
            Self::Profile(profile) => write!(f, "profile `{profile}`"),
        }
    }
}
