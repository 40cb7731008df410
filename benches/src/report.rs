//! One result a bench, as a line for people and as a line of JSON.

use serde::Serialize;
use std::{collections::BTreeMap, fmt, fs::File, io::Write, path::Path};

#[derive(Debug, Serialize)]
pub(crate) struct BenchResult {
    pub(crate) area: &'static str,
    pub(crate) bench: &'static str,
    pub(crate) mainstay: f64,
    pub(crate) unit: &'static str,
    pub(crate) peers: BTreeMap<&'static str, f64>,
    /// mainstay divided by the best peer: below 1 is better where the unit is a time.
    pub(crate) ratio_to_best_peer: f64,
    /// What the bare operation costs, where it is known; it is no peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) raw: Option<f64>,
}

impl fmt::Display for BenchResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {:<22} mainstay {:>8.1} {}", self.area, self.bench, self.mainstay, self.unit)?;
        if let Some(raw) = self.raw {
            write!(f, " (raw {raw:.1}, over raw {:.1})", self.mainstay - raw)?;
        }
        for (peer, figure) in &self.peers {
            write!(f, " | {peer} {figure:.1}")?;
        }
        write!(f, " | to the best peer × {:.2}", self.ratio_to_best_peer)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the results could not be written to {path}: {source}")]
pub(crate) struct WriteError {
    path: String,
    source: std::io::Error,
}

/// Where the lines go: found out to be writable before the minutes of measuring.
#[derive(Debug)]
pub(crate) struct JsonLines {
    path: String,
    file: File,
}

impl JsonLines {
    pub(crate) fn create(path: &Path) -> Result<Self, WriteError> {
        let file =
            File::create(path).map_err(|source| WriteError { path: path.display().to_string(), source })?;
        Ok(Self { path: path.display().to_string(), file })
    }

    pub(crate) fn write(&mut self, result: &BenchResult) -> Result<(), WriteError> {
        let mut line = serde_json::to_vec(result).expect("figures and names are plain data");
        line.push(b'\n');
        self.file.write_all(&line).map_err(|source| WriteError { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_has_the_promised_fields() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bench.json");
        let peers = BTreeMap::from([("deadpool", 120.0)]);
        let result = BenchResult {
            area: "pool",
            bench: "checkout_1task",
            mainstay: 60.0,
            unit: "ns",
            peers,
            ratio_to_best_peer: 0.5,
            raw: None,
        };
        JsonLines::create(&path).unwrap().write(&result).unwrap();
        let expected = r#"{"area":"pool","bench":"checkout_1task","mainstay":60.0,"unit":"ns","peers":{"deadpool":120.0},"ratio_to_best_peer":0.5}"#;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{expected}\n"));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let said = JsonLines::create(Path::new("no/such/folder/bench.json")).unwrap_err().to_string();
        assert!(said.contains("no/such/folder/bench.json"), "{said}");
    }
}
