#![allow(clippy::unwrap_used, missing_docs)]
//! The program from outside: what it says, what it leaves, what it writes.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// Two folders that the program must leave as it found them: where it runs, and where it makes temporary files.
struct Place {
    here: TempDir,
    temporary: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { here: tempfile::tempdir().unwrap(), temporary: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_property-service"));
        command.args(arguments).current_dir(self.here.path()).env("TMPDIR", self.temporary.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.here.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Exit code 2, its last line on stderr one sentence that says `what`, nothing on stdout, nothing left behind.
fn refused(place: &Place, arguments: &[&str], what: &[&str]) {
    let before = names(place.here.path());
    let output = place.run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {:?}", output.stdout);
    let sentence = stderr.lines().last().unwrap_or_default();
    assert!(sentence.starts_with("property-service: "), "{arguments:?}: {stderr}");
    for part in what {
        assert!(sentence.contains(part), "{arguments:?}: no `{part}` in: {stderr}");
    }
    assert_eq!(names(place.here.path()), before, "{arguments:?} left something behind");
    assert_eq!(names(place.temporary.path()), Vec::<String>::new(), "{arguments:?} left something behind");
}

#[test]
fn wrong_arguments_are_one_sentence_each() {
    let place = Place::new();
    refused(&place, &["--turbo"], &["--turbo"]);
    refused(&place, &["--rate", "0"], &["--rate"]);
    refused(&place, &["--database-url", "mysql://h/d"], &["--database-url", "mysql"]);
    refused(&place, &["--redis-url", "http://h"], &["--redis-url", "http"]);
}

#[test]
fn servers_that_cannot_be_reached_are_found_out_at_once() {
    let place = Place::new();
    refused(
        &place,
        &["--database-url", "postgres://nobody:secret@127.0.0.1:1/x"],
        &["cannot reach", "127.0.0.1:1"],
    );
    refused(&place, &["--redis-url", "redis://127.0.0.1:1"], &["Redis cannot be used"]);
    let output = place.run(&["--database-url", "postgres://nobody:secret@127.0.0.1:1/x"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"));
}

#[test]
fn a_corrupt_localities_file_is_named_by_line() {
    let place = Place::new();
    let header = "postcode,locality,state,latitude,longitude,sa4_name,lga,remoteness";
    let good = "2601,Acton,ACT,-35.27944,149.11944,Australian Capital Territory,Unincorporated ACT,Major Cities of Australia";
    place.file("bad.csv", &format!("{header}\n{good}\n2602,Ainslie,ACT,south,149.14417,,,\n"));
    refused(&place, &["--quick", "--localities", "bad.csv"], &["bad.csv", "line 3", "latitude", "south"]);
    refused(&place, &["--quick", "--localities", "missing.csv"], &["missing.csv"]);
}

#[test]
fn an_output_folder_that_cannot_be_made_is_found_out_before_the_work() {
    let place = Place::new();
    place.file("a-file", "in the way");
    refused(&place, &["--out", "a-file/report"], &["a-file/report"]);
}

/// A short run in the open: small enough for an unoptimised build.
const SHORT: [&str; 6] = ["--quick", "--duration", "1", "--rate", "8", "--out"];

fn short_run(place: &Place, more: &[&str]) -> Value {
    let arguments: Vec<&str> = SHORT.iter().copied().chain(["report"]).chain(more.iter().copied()).collect();
    let output = place.run(&arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("average response"));
    assert_eq!(names(&place.here.path().join("report")), ["index.html", "report.json"]);
    assert_eq!(names(place.temporary.path()), Vec::<String>::new());
    let page = std::fs::read_to_string(place.here.path().join("report/index.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("src=\"http") && !page.contains("href=\"http"));
    serde_json::from_str(&std::fs::read_to_string(place.here.path().join("report/report.json")).unwrap())
        .unwrap()
}

/// The promised shape, and figures that agree with one another.
fn is_a_report(report: &Value) {
    for field in ["seed", "machine", "rate", "duration_s", "before", "after", "ratios"] {
        assert!(!report[field].is_null(), "{field}");
    }
    for side in ["before", "after"] {
        let side = &report[side];
        assert_eq!(side["requests"].as_f64(), Some(8.0));
        for rate in ["success_rate", "degraded_rate", "transient_error_rate"] {
            assert!((0.0..=1.0).contains(&side[rate].as_f64().unwrap()), "{rate}");
        }
        for time in ["avg", "p50", "p95", "p99", "max"] {
            assert!(side["response_ms"][time].as_f64().unwrap() > 0.0, "{time}");
        }
        assert_eq!(side["stale_reads_after_write"].as_u64(), Some(0));
        for field in ["db_queries", "slow_queries", "capacity_rps"] {
            assert!(side[field].is_number(), "{field}");
        }
    }
    assert!(report["before"]["cache_hit_rate"]["total"].is_null());
    assert!(report["after"]["cache_hit_rate"]["total"].is_number());
    let (before, after) = (&report["before"]["response_ms"], &report["after"]["response_ms"]);
    let ratio = before["avg"].as_f64().unwrap() / after["avg"].as_f64().unwrap();
    assert!((report["ratios"]["avg"].as_f64().unwrap() / ratio - 1.0).abs() < 0.01);
}

#[test]
fn the_main_job_needs_nothing_and_writes_its_report() {
    let report = short_run(&Place::new(), &["--seed", "7"]);
    is_a_report(&report);
    assert_eq!(report["seed"].as_u64(), Some(7));
    assert!(report["after"]["cache_hit_rate"]["l2"].is_null());
}

#[test]
fn the_main_job_on_real_servers_gives_a_report_of_the_same_shape_and_takes_itself_out_again() {
    let postgres = mainstay_testkit::postgres::Postgres::start().unwrap();
    let redis = mainstay_testkit::redis::Redis::start().unwrap();
    let report = short_run(&Place::new(), &["--database-url", &postgres.url(), "--redis-url", &redis.url()]);
    is_a_report(&report);
    assert!(report["after"]["cache_hit_rate"]["l2"].is_number());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let mut connection = sqlx::PgConnection::connect(&postgres.url()).await.unwrap();
        let schemas = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'mainstay%'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert!(schemas.is_empty());
        let client = redis::Client::open(redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let keys: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
        assert_eq!(keys, 0);
    });
}

#[test]
fn interrupted_it_leaves_nothing_behind() {
    let place = Place::new();
    let mut running = place.command(&["--quick"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It has begun to fill its databases.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while names(place.temporary.path()).is_empty() {
        assert!(std::time::Instant::now() < deadline, "no work was begun");
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = running.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(names(place.here.path()), Vec::<String>::new());
    assert_eq!(names(place.temporary.path()), Vec::<String>::new());
}
