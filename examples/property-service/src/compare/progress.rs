use super::figures::grouped;
use crate::load::Slice;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Between two plain lines of one step.
const EVERY: Duration = Duration::from_secs(5);

/// Says on stderr how far the work is: bars on a terminal, a plain line every few seconds elsewhere.
#[derive(Debug)]
pub struct Progress {
    bars: Option<MultiProgress>,
}

/// One piece of work under way.
#[derive(Debug)]
pub struct Step {
    what: String,
    span: Option<Duration>,
    bar: Option<ProgressBar>,
    /// Of the wall's clock: it is people who read it.
    said: Instant,
    begun: Instant,
    answers: u64,
    errors: u64,
}

impl Progress {
    pub fn on_stderr() -> Self {
        let terminal = stderr().is_terminal();
        Self { bars: terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())) }
    }

    /// Begins a step; `span` is how long it is to take, where that is known.
    pub fn step(&self, what: &str, span: Option<Duration>) -> Step {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(match span {
                Some(span) => ProgressBar::new(span.as_millis() as u64),
                None => ProgressBar::no_length(),
            });
            bar.set_style(style(span.is_some()));
            bar.set_prefix(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        if bar.is_none() {
            eprintln!("{what} …");
        }
        let now = Instant::now();
        Step { what: what.to_owned(), span, bar, said: now, begun: now, answers: 0, errors: 0 }
    }
}

impl Step {
    /// Notes how far the step is.
    pub fn at(&mut self, done: Duration, note: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(done.as_millis() as u64);
                bar.set_message(note.to_owned());
            }
            None if self.said.elapsed() >= EVERY => {
                self.said = Instant::now();
                let of = self.span.map(|span| format!(" of {}", span.as_secs())).unwrap_or_default();
                eprintln!("{}: {:.0}{of} s, {note}", self.what, done.as_secs_f64());
            }
            None => {}
        }
    }

    /// Notes what happened, without saying how far the step is.
    pub fn note(&mut self, note: &str) {
        self.at(self.begun.elapsed(), note);
    }

    /// Notes a slice of a load.
    pub fn slice(&mut self, slice: &Slice) {
        self.answers += slice.answers;
        self.errors += slice.errors;
        let (answers, errors) = (grouped(self.answers as f64), grouped(self.errors as f64));
        let errors = if self.errors == 0 { "no errors".to_owned() } else { format!("{errors} failed") };
        self.at(slice.at, &format!("{answers} answers, {errors}"));
    }

    /// Ends the step.
    pub fn finish(self, note: &str) {
        match self.bar {
            Some(bar) => {
                bar.set_style(style(false));
                bar.finish_with_message(note.to_owned());
            }
            None => eprintln!("{}: {note} ({:.1} s)", self.what, self.begun.elapsed().as_secs_f64()),
        }
    }
}

fn style(with_bar: bool) -> ProgressStyle {
    let template = if with_bar {
        "{prefix:<28} {wide_bar:.cyan/dim} {elapsed:>4}  {msg}"
    } else {
        "{prefix:<28} {msg} {elapsed:.dim}"
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}
