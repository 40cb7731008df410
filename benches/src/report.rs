//! One result a bench, as a line for people and as a line of JSON.

use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

/// What a contest came to.
#[derive(Debug, Serialize)]
pub struct BenchResult {
    pub(crate) area: &'static str,
    pub(crate) bench: &'static str,
    pub(crate) mainstay: f64,
    pub(crate) unit: &'static str,
    pub(crate) peers: BTreeMap<&'static str, f64>,
    /// mainstay divided by the best peer: below 1 is better where the unit is a time, above 1 where it is a throughput.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio_to_best_peer: Option<f64>,
    /// What the bare operation comes to, where it is known; it is no peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) raw: Option<f64>,
    /// What else was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remark: Option<String>,
}

impl fmt::Display for BenchResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {:<22} mainstay {:>8.1} {}", self.area, self.bench, self.mainstay, self.unit)?;
        if let Some(raw) = self.raw {
            write!(f, " (raw {raw:.1}")?;
            // What a guard costs can be told from times, not from throughputs.
            if self.unit == "ns" {
                write!(f, ", over raw {:.1}", self.mainstay - raw)?;
            }
            f.write_str(")")?;
        }
        for (peer, figure) in &self.peers {
            write!(f, " | {peer} {figure:.1}")?;
        }
        if let Some(ratio) = self.ratio_to_best_peer {
            write!(f, " | to the best peer × {ratio:.2}")?;
        }
        self.remark.iter().try_for_each(|remark| write!(f, "\n{:<12}{remark}", ""))
    }
}

/// A file of one JSON line a bench.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    file: File,
}

/// The results cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the results cannot be written to {}: {source}", path.display())]
pub struct ReportError {
    path: PathBuf,
    source: io::Error,
}

impl Report {
    /// An empty report in this file, which is replaced if it exists.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: PathBuf) -> Result<Self, ReportError> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(ReportError { path, source }),
        }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The file cannot be written to.
    pub fn add(&mut self, result: &BenchResult) -> Result<(), ReportError> {
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
            ratio_to_best_peer: Some(0.5),
            raw,
            remark: None,
        }
    }

    #[test]
    fn a_line_for_people_tells_times_throughputs_and_allocations_apart() {
        let line =
            |unit, ratio| BenchResult { unit, ratio_to_best_peer: ratio, ..result(Some(12.0)) }.to_string();
        let times = line("ns", Some(0.5));
        assert!(times.starts_with(
            "pool        checkout_1task         mainstay     70.5 ns (raw 12.0, over raw 58.5) | "
        ));
        assert!(times.ends_with(" | bb8 150.0 | deadpool 141.0 | to the best peer × 0.50"));
        assert!(
            line("M/s", Some(5.0)).contains(" M/s (raw 12.0) | ")
                && line("M/s", Some(5.0)).ends_with("× 5.00")
        );
        assert!(line("allocations", None).ends_with(" | deadpool 141.0"));
        let remarked = BenchResult { remark: Some("fair".into()), ..result(None) }.to_string();
        assert!(remarked.ends_with("× 0.50\n            fair"), "{remarked}");
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
