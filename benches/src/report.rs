//! One result a bench, as a line for people and as a line of JSON.

use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

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

/// A file of one JSON line a bench.
pub(crate) struct Report {
    path: PathBuf,
    file: File,
}

#[derive(Debug, thiserror::Error)]
#[error("the results cannot be written to {}: {source}", path.display())]
pub(crate) struct ReportError {
    path: PathBuf,
    source: io::Error,
}

impl Report {
    pub(crate) fn create(path: PathBuf) -> Result<Self, ReportError> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(ReportError { path, source }),
        }
    }

    pub(crate) fn add(&mut self, result: &BenchResult) -> Result<(), ReportError> {
        let line = serde_json::to_string(result).map_err(io::Error::from);
        line.and_then(|line| writeln!(self.file, "{line}"))
            .map_err(|source| ReportError { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::{Value, json};

    fn result(raw: Option<f64>) -> BenchResult {
        BenchResult {
            area: "pool",
            bench: "checkout_1task",
            mainstay: 70.5,
            unit: "ns",
            peers: BTreeMap::from([("bb8", 150.0), ("deadpool", 141.0)]),
            ratio_to_best_peer: 0.5,
            raw,
        }
    }

    #[test]
    fn each_bench_is_one_line_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let mut report = Report::create(path.clone()).unwrap();
        report.add(&result(None)).unwrap();
        report.add(&result(Some(12.0))).unwrap();

        let written = std::fs::read_to_string(path).unwrap();
        let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut expected = json!({
            "area": "pool", "bench": "checkout_1task", "mainstay": 70.5, "unit": "ns",
            "peers": {"bb8": 150.0, "deadpool": 141.0}, "ratio_to_best_peer": 0.5,
        });
        assert_eq!(lines[0], expected);
        expected["raw"] = json!(12.0);
        assert_eq!(lines[1..], [expected]);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere/results.json");
        let error = Report::create(path.clone()).err().unwrap().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}
