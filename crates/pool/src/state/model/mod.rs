//! A million random steps beside a model that knows the rules and nothing of how they are kept.
//!
//! `MAINSTAY_POOL_MODEL_STEPS=100000000` makes it longer, `MAINSTAY_POOL_MODEL_SEED=7` another. A failure is shrunk to a short list of
//! steps.

mod checks;
mod ends;
mod run;
mod steps;
