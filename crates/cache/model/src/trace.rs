//! One way through a model, written down: what the product's conformance test replays against the real thing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stateright::Model;

use crate::catalogue::{self, Case};
use crate::model::Coherence;
use crate::state::State;
use crate::step::Step;

/// A way through the model, from a beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The catalogue's name of the case: which readers, writers and rules there are.
    pub case: String,
    /// The promise that is broken at the end; none if the way is only a legal one.
    pub breaks: Option<String>,
    /// Whether it begins with every key's first version in L1 and L2.
    pub warm: bool,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A trace that the model does not allow.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Illegal {
    /// The catalogue has no such case.
    #[error("no case is named {0:?}")]
    Case(String),
    /// A step that cannot be taken there.
    #[error("step {at} cannot be taken: {step:?}")]
    Step {
        /// Counted from 0.
        at: usize,
        /// Which.
        step: Step,
    },
}

impl Trace {
    /// The stored counterexamples: for every mutation the shortest way to the first promise it breaks, as `scripts/model
    /// --traces` has written them, since some take minutes to find.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn stored() -> std::io::Result<Vec<Self>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
        let files = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        let mut paths: Vec<_> = files.into_iter().map(|file| file.path()).collect();
        paths.sort_unstable();
        let read = |path| serde_json::from_slice(&fs::read(path)?).map_err(std::io::Error::other);
        paths.into_iter().map(read).collect()
    }

    /// The file in which it is stored.
    pub fn file_name(&self) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
        let words: String = self.case.chars().map(word).collect();
        words.split_whitespace().collect::<Vec<_>>().join("-") + ".json"
    }

    /// The shortest way to the first promise that the case breaks, if it breaks any and is found in time.
    pub fn of(case: &Case, limit: Option<Duration>) -> Option<Self> {
        let promise = *case.breaks.first()?;
        let broken = crate::explore::find(&case.model(), promise, limit)?;
        Some(Self {
            case: case.name(),
            breaks: Some(promise.to_owned()),
            warm: broken.warm,
            steps: broken.steps,
        })
    }

    /// A random way through the case, of at most so many steps; the same seed gives the same way.
    pub fn random(case: &Case, seed: u64, length: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let model = case.model();
        let warm = random.bool();
        let mut state = model.beginning(warm);
        let mut steps = Vec::new();
        let mut offered = Vec::new();
        while steps.len() < length {
            offered.clear();
            model.actions(&state, &mut offered);
            let Some(step) = random.choice(&offered).copied() else { break };
            steps.push(step);
            let Some(next) = model.next_state(&state, step) else { break };
            state = next;
        }
        Self { case: case.name(), breaks: None, warm, steps }
    }

    /// All states passed, the beginning first: what the real thing must look like after each step.
    ///
    /// # Errors
    ///
    /// [`Illegal`] if the case is not known or a step cannot be taken.
    pub fn states(&self) -> Result<Vec<State>, Illegal> {
        let case = catalogue::all().into_iter().find(|case| case.name() == self.case);
        let model: Coherence = case.ok_or_else(|| Illegal::Case(self.case.clone()))?.model();
        let mut states = vec![model.beginning(self.warm)];
        let mut offered = Vec::new();
        for (at, step) in self.steps.iter().copied().enumerate() {
            let state = &states[at];
            offered.clear();
            model.actions(state, &mut offered);
            if !offered.contains(&step) {
                return Err(Illegal::Step { at, step });
            }
            states.extend(model.next_state(state, step));
        }
        Ok(states)
    }
}
