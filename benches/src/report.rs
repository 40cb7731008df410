//! One result a bench, as a line for people and as a line of JSON.

use serde::Serialize;
use std::{collections::BTreeMap, fmt, io::Write, path::Path};

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

pub(crate) fn write(path: &Path, results: &[BenchResult]) -> Result<(), WriteError> {
    let lines = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(path)?;
        for result in results {
            serde_json::to_writer(&mut file, result)?;
            file.write_all(b"\n")?;
        }
        Ok(())
    };
    lines().map_err(|source| WriteError { path: path.display().to_string(), source })
}
