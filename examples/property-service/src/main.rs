#![forbid(unsafe_code)]
#![deny(missing_docs)]
//! An Australian property back end, once naive and once on mainstay, under one load: what mainstay is worth, measured.

mod after;
mod before;
mod cli;
mod compare;
mod domain;
mod job;
mod load;
mod market;
mod store;
mod upstream;

fn main() -> std::process::ExitCode {
    cli::exit_code(job::run())
}
