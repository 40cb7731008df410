use crate::compare::OutputError;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why the program ended without a report; each says it in one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    #[error("{0}; try --help")]
    Usage(String),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot read the localities file {path}: {why}")]
    Localities { path: PathBuf, why: String },
    #[error("the property database cannot be used: {0}")]
    Database(String),
    #[error("Redis cannot be used: {0}")]
    Redis(String),
    #[error("the valuation service cannot be started: {0}")]
    Upstream(String),
    #[error("the runtime cannot be started: {0}")]
    Runtime(std::io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl RunError {
    fn code(&self) -> u8 {
        match self {
            // As a shell has it for a program ended by Ctrl-C.
            Self::Interrupted => 130,
            _ => 2,
        }
    }
}

/// The exit code for `result`, whose error is said on stderr.
pub fn exit_code(result: Result<(), RunError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("property-service: {error}");
            ExitCode::from(error.code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_but_an_interruption_exits_with_two() {
        assert_eq!(RunError::Usage("unexpected argument".to_owned()).code(), 2);
        assert_eq!(RunError::Database("no such file".to_owned()).code(), 2);
        assert_eq!(RunError::Interrupted.code(), 130);
    }
}
