//! Sections with tables in them, of which policies will have some.

use super::*;
use crate::config::document::Document;
use std::collections::BTreeMap;

#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Deep {
    window: Window,
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Window {
    Count(u32),
    Calls { within: u32 },
}

impl Default for Window {
    fn default() -> Self {
        Self::Count(100)
    }
}

#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Endpoint {
    after: u32,
}

/// A section read over its default, and what was wrong with it.
fn read(sources: &Sources) -> (Deep, Vec<String>) {
    let mut problems = Vec::new();
    let document = Document::new(&sources.read(&Environment::POLICIES), &mut problems);
    let (mut layer, mut deep) = (document.general(), Deep::default());
    layer.lay_over("breaker", &mut deep);
    problems.extend(layer.take_problems());
    (deep, problems.iter().map(ToString::to_string).collect())
}

/// The default's variant must not be merged with the one that was set.
#[test]
fn a_field_is_replaced_whole_and_not_mixed_with_its_default() {
    let (deep, problems) = read(&toml("[breaker.window.calls]\nwithin = 3"));
    assert_eq!((deep.window, problems), (Window::Calls { within: 3 }, vec![]));
}

#[test]
fn tables_of_several_sources_are_merged() {
    let (deep, problems) = read(
        &toml("[breaker.endpoints.search]\nafter = 3\n[breaker.endpoints.health]\nafter = 1")
            .variables([("MAINSTAY_BREAKER__ENDPOINTS__SEARCH__AFTER", "4")]),
    );
    assert_eq!(problems, [""; 0]);
    let limits: Vec<_> = deep.endpoints.iter().map(|(name, each)| (name.as_str(), each.after)).collect();
    assert_eq!(limits, [("health", 1), ("search", 4)]);
}

#[test]
fn what_is_wrong_deep_inside_is_named_by_its_whole_path_and_its_own_source() {
    let (_, problems) = read(
        &toml("[breaker.endpoints.search]\nafter = 3\nwindow = 1\n[breaker.window.county]\nwithin = 3")
            .variables([("MAINSTAY_BREAKER__ENDPOINTS__HEALTH__AFTER", "soon")]),
    );
    assert_eq!(
        problems,
        [
            "breaker.endpoints.health.after = \"soon\" cannot be read: expected u32; \
             set in environment variable `MAINSTAY_BREAKER__ENDPOINTS__HEALTH__AFTER`",
            "breaker.window.county = {\"within\":3} cannot be read: \
             expected one of count, calls, did you mean `count`?; set in text `t`",
        ]
    );
    let (_, problems) = read(&toml("[breaker.endpoints.search]\naftr = 3"));
    assert_eq!(
        problems,
        ["breaker.endpoints.search.aftr: no such setting, did you mean `after`?; set in text `t`"]
    );
}
