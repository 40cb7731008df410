use super::{Format, LoadProblem, Merged, Origin, environment::Variable};
use figment::{
    Figment, Metadata, Provider,
    providers::{Format as _, Json, Toml},
    util::nest,
    value::{Dict, Map, Value},
};

/// What the sources held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading(pub(super) Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text { origin: Origin, format: Format, text: String },
    Variable(Variable),
    Unreadable { origin: Origin, message: String },
}

impl Reading {
    /// All pieces as one document; what cannot be read is noted in `problems` and left out.
    pub fn merge(&self, problems: &mut Vec<LoadProblem>) -> Merged {
        let mut merged = Figment::new();
        for piece in &self.0 {
            match piece.parse() {
                Ok(part) => merged = merged.merge(part),
                Err((origin, message)) => problems.push(LoadProblem::Unreadable { origin, message }),
            }
        }
        Merged::new(merged)
    }
}

impl Piece {
    fn parse(&self) -> Result<Part, (Origin, String)> {
        match self {
            Self::Text { origin, format, text } => match format {
                Format::Toml => Toml::from_str(text).map_err(|error| error.to_string()),
                Format::Json => Json::from_str(text).map_err(|error| error.to_string()),
            }
            .map(|dict| Part { origin: origin.clone(), dict })
            .map_err(|message| (origin.clone(), message.trim_end().to_owned())),
            Self::Variable(Variable { path, name, value }) => {
                // What figment does not understand as a number, a list or a table is text.
                let value = value.parse().unwrap_or_else(|_| Value::from(value.as_str()));
                let dict = nest(path, value).into_dict().unwrap_or_default();
                Ok(Part { origin: Origin::Variable(name.clone()), dict })
            }
            Self::Unreadable { origin, message } => Err((origin.clone(), message.clone())),
        }
    }
}

/// A piece that was understood, for figment to merge and to remember where it came from.
struct Part {
    origin: Origin,
    dict: Dict,
}

impl Provider for Part {
    fn metadata(&self) -> Metadata {
        self.origin.metadata()
    }

    fn data(&self) -> figment::Result<Map<figment::Profile, Dict>> {
        Ok(figment::Profile::Default.collect(self.dict.clone()))
    }
}
