use super::RunError;
use clap::Parser;
use clap::error::ErrorKind;
use serde::{Serialize, Serializer};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Runs one load against a naive property service and the same service on mainstay, and reports both.
///
/// Without an argument it needs no server and no file: it makes a market from a seed in SQLite, starts a valuer
/// that misbehaves, and ends in under three minutes.
#[derive(Clone, Debug, Parser, Serialize)]
#[command(name = "property-service", version, about, max_term_width = 100)]
pub struct Arguments {
    /// A smaller market and a shorter load: rougher figures, sooner
    #[arg(long)]
    pub quick: bool,

    /// Writes report.json to PATH instead of the output folder
    #[arg(long, value_name = "PATH")]
    pub json: Option<PathBuf>,

    /// Makes market, load and faults; the same seed makes the same
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,

    /// Calls a second offered to each side [default: set from the rate that the naive side is found to hold]
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub rate: Option<f64>,

    /// Seconds for which each side is put under load [default: fewer with --quick]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub duration: Option<f64>,

    /// The folder for index.html and report.json
    #[arg(long, value_name = "DIR", default_value = "target/property-report")]
    pub out: PathBuf,

    /// postgres: URL of a database to use, in two schemas that are dropped again [default: SQLite in a temporary folder]
    #[arg(long, value_name = "URL")]
    #[serde(serialize_with = "without_password")]
    pub database_url: Option<String>,

    /// redis: or rediss: URL of the cache's second layer [default: none, the run does without it]
    #[arg(long, value_name = "URL")]
    #[serde(serialize_with = "without_password")]
    pub redis_url: Option<String>,

    /// CSV of localities [default: the 18,525 built in]
    #[arg(long, value_name = "FILE")]
    pub localities: Option<PathBuf>,
}

impl Arguments {
    /// Reads the program's arguments. `--help` and `--version` are answered, and end the program, here.
    ///
    /// # Errors
    ///
    /// [`RunError::Usage`] for what is unknown, missing or out of range.
    pub fn parse() -> Result<Self, RunError> {
        Self::from(std::env::args_os())
    }

    /// What a test says on the command line.
    #[cfg(test)]
    pub fn of<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::from(arguments.into_iter().map(OsString::from)).unwrap()
    }

    fn from(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, RunError> {
        let parsed = Self::try_parse_from(arguments).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => RunError::Usage(sentence(&error)),
        })?;
        // Not value parsers: clap repeats a refused value, and a URL may hold a password.
        scheme("--database-url", parsed.database_url.as_deref(), &["postgres", "postgresql"])?;
        scheme("--redis-url", parsed.redis_url.as_deref(), &["redis", "rediss"])?;
        Ok(parsed)
    }

    pub fn duration(&self) -> Option<Duration> {
        self.duration.map(Duration::from_secs_f64)
    }
}

/// What clap's report says in its first line; the rest is its usage and tips.
fn sentence(error: &clap::Error) -> String {
    let report = error.render().to_string();
    let first = report.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=1e6).contains(&rate) { Ok(rate) } else { Err("must be between 0.1 and 1,000,000".to_owned()) }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1.0..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("must be between 1 and 3600".to_owned()) }
}

fn scheme(flag: &str, url: Option<&str>, allowed: &[&str]) -> Result<(), RunError> {
    let Some(url) = url else { return Ok(()) };
    let given = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let wants = allowed.join(": or ");
    match given {
        Some(given) if allowed.contains(&given.to_ascii_lowercase().as_str()) => Ok(()),
        Some(given) => Err(RunError::Usage(format!("{flag} must start with {wants}:, not with {given}:"))),
        None => Err(RunError::Usage(format!("{flag} must be a URL that starts with {wants}:"))),
    }
}

#[expect(clippy::ref_option, reason = "what serde hands over")]
fn without_password<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(redacted).serialize(serializer)
}

/// `url` without what may be secret in it: user, password and parameters.
fn redacted(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
            format!("{scheme}://{place}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, RunError> {
        Arguments::from(
            std::iter::once("property-service").chain(line.split_whitespace()).map(OsString::from),
        )
    }

    fn refusal(line: &str) -> String {
        parse(line).unwrap_err().to_string()
    }

    #[test]
    fn no_argument_is_the_main_job() {
        let arguments = parse("").unwrap();
        assert_eq!((arguments.seed, arguments.quick, arguments.rate), (42, false, None));
        assert_eq!(arguments.out, PathBuf::from("target/property-report"));
        assert_eq!(arguments.duration(), None);
    }

    #[test]
    fn all_flags_are_read() {
        let arguments = parse(
            "--quick --json a.json --seed 7 --rate 80.5 --duration 5 --out o --database-url postgres://h/d \
             --redis-url redis://h --localities l.csv",
        )
        .unwrap();
        assert_eq!((arguments.seed, arguments.rate), (7, Some(80.5)));
        assert_eq!(arguments.duration(), Some(Duration::from_secs(5)));
    }

    #[test]
    fn each_refusal_is_one_sentence_that_names_what_was_wrong() {
        for (line, names) in [
            ("--turbo", "--turbo"),
            ("now", "now"),
            ("--rate", "--rate"),
            ("--rate 0", "--rate"),
            ("--rate NaN", "--rate"),
            ("--rate inf", "--rate"),
            ("--rate -3", "--rate <N>"),
            ("--rate many", "--rate"),
            ("--seed x", "--seed"),
            ("--duration 0", "--duration"),
            ("--database-url mysql://h/d", "mysql"),
            ("--database-url nonsense", "--database-url"),
            ("--redis-url http://h", "--redis-url"),
        ] {
            let said = refusal(line);
            assert!(said.contains(names), "{line}: {said}");
            assert_eq!(said.lines().count(), 1, "{line}: {said}");
            assert!(said.ends_with("try --help"), "{line}: {said}");
        }
    }

    #[test]
    fn no_password_is_repeated() {
        assert!(!refusal("--database-url mysql://u:secret@h/d").contains("secret"));
        let arguments = parse(
            "--database-url postgres://u:secret@h:5432/d?sslpassword=secret --redis-url redis://:secret@h",
        )
        .unwrap();
        let json = serde_json::to_string(&arguments).unwrap();
        assert!(!json.contains("secret"), "{json}");
        assert!(json.contains("postgres://h:5432/d") && json.contains("redis://h"), "{json}");
    }
}
