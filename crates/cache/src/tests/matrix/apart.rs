//! Pairs of options that cannot notice each other, or that others speak for.

use super::Opt::{self, *};

const WHEN: &str = "both eager refreshes say only when a load begins: `Eager` speaks for what follows";
const HEAVY: &str = "what is too heavy for memory is, renewals aside, as in the last choice of layers";
const HEADER: &str = "the codec is about the value; times, tags and etag stand in the header beside it";
const LENGTH: &str = "jitter is over when a value is kept, as a shorter time to live";
const BEGIN: &str = "the budget asks whether a load may begin, not what for nor what becomes of its value";

const APART: [(Opt, Opt, &str); 35] = [
    (Sliding, Weight, HEAVY),
    (Jitter, Weight, HEAVY),
    (Negative, Weight, HEAVY),
    (FailSafe, Weight, HEAVY),
    (Timeouts, Weight, HEAVY),
    (Conditional, Weight, HEAVY),
    (Tags, Weight, HEAVY),
    (Weight, Codec, HEAVY),
    (Weight, Budget, HEAVY),
    (Soft, Codec, HEADER),
    (Sliding, Codec, HEADER),
    (Jitter, Codec, HEADER),
    (Eager, Codec, HEADER),
    (Cost, Codec, HEADER),
    (Timeouts, Codec, HEADER),
    (Tags, Codec, HEADER),
    (Codec, Budget, HEADER),
    (Jitter, Timeouts, LENGTH),
    (Jitter, Conditional, LENGTH),
    (Jitter, Tags, LENGTH),
    (Jitter, Budget, LENGTH),
    (Sliding, Budget, BEGIN),
    (Negative, Budget, BEGIN),
    (Conditional, Budget, BEGIN),
    (Tags, Budget, BEGIN),
    (Sliding, Cost, WHEN),
    (Jitter, Cost, WHEN),
    (Negative, Cost, WHEN),
    (FailSafe, Cost, WHEN),
    (Cost, Timeouts, WHEN),
    (Cost, Conditional, WHEN),
    (Cost, Tags, WHEN),
    (Cost, Budget, WHEN),
    (Eager, Cost, "one option says either"),
    (Sliding, Timeouts, "one is about reads that find the value, the other about those that do not"),
];

pub(super) fn reason(pair: (Opt, Opt)) -> Option<&'static str> {
    APART.iter().find(|(one, other, _)| (*one, *other) == pair).map(|(.., reason)| *reason)
}
