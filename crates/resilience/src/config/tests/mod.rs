mod errors;
mod live;
mod nested;
mod profiles;
#[cfg(feature = "schema")]
mod schema;
mod sources;

use super::*;

fn toml(text: &str) -> Sources {
    Sources::new().text("t", Format::Toml, text)
}

fn loaded(text: &str) -> ResilienceConfig {
    ResilienceConfig::load(&toml(text)).unwrap()
}

/// What is wrong with `sources`, a line a problem.
fn refused(sources: &Sources) -> Vec<String> {
    ResilienceConfig::load(sources).unwrap_err().problems.iter().map(ToString::to_string).collect()
}
