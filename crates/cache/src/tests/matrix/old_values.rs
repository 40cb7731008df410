//! Pairs: old values while loads fail, take too long or are not begun.

use super::Is::{Absent, Fails, Fresh, Late, Nothing, Stale, Unkept};
use super::Step::*;
use super::options::{hard, json, kept, one};
use super::origin::Says;
use super::{Opt, Row, Shape, row, seconds};
use crate::Why::{BudgetExhausted, LoaderFailed, LoaderTimedOut, Refreshing};
use crate::{EagerRefresh, Format, RegionOptions};

pub(super) fn rows(shape: Shape) -> Vec<Row> {
    let (memory, shared) = (shape != Shape::L2, shape != Shape::L1);
    vec![
        row(
            &[Opt::Soft, Opt::FailSafe],
            "fresh, then stale while one load renews it, then only because loads fail",
            RegionOptions { soft_ttl: Some(seconds(10)), ..kept() },
            [
                vec![Load(Fresh(1)), Pass(11), Say(Says::Error)],
                vec![
                    Load(Stale(1, if memory { Refreshing } else { LoaderFailed })),
                    Load(Stale(1, LoaderFailed)),
                ],
                vec![Pass(90), Get(Nothing), Load(Stale(1, LoaderFailed)), Say(Says::Count), Pass(6)],
                vec![Load(Fresh(if memory { 4 } else { 5 }))],
            ]
            .concat(),
        ),
        row(
            &[Opt::Sliding, Opt::FailSafe],
            "what died unread is dead, and not there to fall back on",
            RegionOptions { sliding: Some(seconds(10)), ..kept() },
            vec![Load(Fresh(1)), Pass(6), Load(Fresh(1)), Pass(10), Say(Says::Error), Load(Fails)],
        ),
        row(
            &[Opt::Sliding, Opt::FailSafe],
            "what is read lives on past its time while loads fail",
            RegionOptions { sliding: Some(seconds(10)), ttl: seconds(20).into(), ..kept() },
            [
                vec![Load(Fresh(1))],
                [Pass(6), Load(Fresh(1))].repeat(3),
                vec![Say(Says::Error)],
                [Pass(6), Load(Stale(1, LoaderFailed))].repeat(6),
                vec![Pass(10), Load(Fails)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Jitter, Opt::FailSafe],
            "what fail-safe may serve is not shortened",
            kept().jitter(0.5),
            vec![
                Load(Fresh(1)),
                Say(Says::Error),
                Pass(99),
                Load(Stale(1, LoaderFailed)),
                Pass(900),
                Load(Stale(1, LoaderFailed)),
                Pass(1),
                Load(Fails),
            ],
        ),
        row(
            &[Opt::Negative, Opt::FailSafe],
            "an absence is not served past its time, nor the value before it",
            kept().negative_ttl(seconds(20)),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Say(Says::NoSuchThing),
                Load(Absent),
                Pass(21),
                Say(Says::Error),
                Load(Fails),
            ],
        ),
        row(
            &[Opt::FailSafe, Opt::Eager],
            "a renewal that failed is tried again after the throttle, and nobody notices",
            kept().eager_refresh(EagerRefresh::At(0.5)),
            [
                vec![Load(Fresh(1)), Pass(51), Say(Says::Error), Load(Fresh(1)), Pass(4), Load(Fresh(1))],
                vec![
                    Loads(if memory { 2 } else { 1 }),
                    Pass(2),
                    Load(Fresh(1)),
                    Loads(if memory { 3 } else { 1 }),
                ],
            ]
            .concat(),
        ),
        row(
            &[Opt::FailSafe, Opt::Timeouts],
            "past the soft timeout the old value is served, and the load lands behind",
            kept().timeouts(hard(5).soft(seconds(1))),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Take(8),
                Load(Stale(1, LoaderTimedOut)),
                Took(1),
                Load(Stale(1, LoaderTimedOut)),
                Took(0),
                Batch(Fresh(1)),
                Took(0),
                Pass(8),
                Load(Fresh(2)),
                Loads(2),
            ],
        ),
        row(
            &[Opt::FailSafe, Opt::Timeouts],
            "a load that fails behind undoes nothing, and is tried again after the throttle",
            kept().timeouts(hard(5).soft(seconds(1))),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Take(8),
                Say(Says::Error),
                Load(Stale(1, LoaderTimedOut)),
                Pass(8),
                Take(0),
                Load(Stale(1, LoaderFailed)),
                Say(Says::Count),
                Pass(6),
                // Without memory nothing is remembered of the attempt, and there was another.
                Load(Fresh(if memory { 3 } else { 4 })),
            ],
        ),
        row(
            &[Opt::FailSafe, Opt::Timeouts],
            "a batch is served the old value after the soft timeout as well",
            kept().timeouts(hard(5).soft(seconds(1))),
            vec![Load(Fresh(1)), Pass(101), Take(8), Batch(Fresh(1)), Took(1)],
        ),
        row(
            &[Opt::FailSafe, Opt::Timeouts, Opt::Layers],
            "whoever waits for the load is served the old value that lay below",
            kept().timeouts(hard(5).soft(seconds(1))),
            if shared {
                vec![
                    Load(Fresh(1)),
                    Pass(101),
                    Restart,
                    Take(20),
                    Load(Stale(1, LoaderTimedOut)),
                    Took(1),
                    Load(Stale(1, LoaderTimedOut)),
                    Took(0),
                    Pass(6),
                    Load(Stale(1, LoaderTimedOut)),
                    Took(1),
                    Loads(2),
                ]
            } else {
                vec![Load(Fresh(1)), Pass(101), Restart, Take(20), Load(Late), Took(5)]
            },
        ),
        row(
            &[Opt::FailSafe, Opt::Timeouts, Opt::Tags],
            "a tag invalidated while the load goes on behind ends the old value and refuses the new",
            kept().timeouts(hard(5).soft(seconds(1))),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Take(4),
                Load(Stale(1, LoaderTimedOut)),
                Tag,
                Pass(4),
                Get(Nothing),
                Take(0),
                Load(Fresh(3)),
            ],
        ),
        row(
            &[Opt::FailSafe, Opt::Timeouts, Opt::Conditional],
            "a load that says late that nothing changed begins the value's new life",
            kept().timeouts(hard(5).soft(seconds(1))),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Take(3),
                Say(Says::NotModified),
                Load(Stale(1, LoaderTimedOut)),
                Took(1),
                Pass(3),
                Load(Fresh(1)),
                Loads(2),
            ],
        ),
        row(
            &[Opt::FailSafe, Opt::Conditional, Opt::Codec, Opt::Layers],
            "value and etag are found below, whatever the format, and kept for the next time as well",
            kept().codec(json()),
            if shared {
                vec![
                    Load(Fresh(1)),
                    Lies(Format::Json),
                    Pass(101),
                    Restart,
                    Say(Says::NotModified),
                    Load(Fresh(1)),
                    Lies(Format::Json),
                    Pass(101),
                    Restart,
                    Load(Fresh(1)),
                    Loads(3),
                    There(Fresh(1)),
                    Loads(3),
                ]
            } else {
                vec![Load(Fresh(1)), Pass(101), Restart, Say(Says::NotModified), Load(Unkept)]
            },
        ),
        row(
            &[Opt::FailSafe, Opt::Codec, Opt::Layers],
            "a restarted node and another fall back on what lies below, with one attempt each",
            kept().codec(json()),
            if shared {
                vec![
                    Load(Fresh(1)),
                    Lies(Format::Json),
                    Pass(101),
                    Restart,
                    Say(Says::Error),
                    Load(Stale(1, LoaderFailed)),
                    Load(Stale(1, LoaderFailed)),
                    Loads(if memory { 2 } else { 3 }),
                    There(Stale(1, LoaderFailed)),
                    Pass(900),
                    There(Fails),
                ]
            } else {
                vec![Load(Fresh(1)), Pass(101), Restart, Say(Says::Error), Load(Fails)]
            },
        ),
        row(
            &[Opt::FailSafe, Opt::Conditional, Opt::Tags],
            "what was invalidated is nothing that could be not modified",
            kept(),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Tag,
                Say(Says::NotModified),
                Load(Unkept),
                Say(Says::Count),
                Load(Fresh(3)),
            ],
        ),
        row(
            &[Opt::FailSafe, Opt::Tags],
            "nor is it served, however the load ends",
            kept(),
            vec![
                Load(Fresh(1)),
                Tag,
                Say(Says::Error),
                Load(Fails),
                Pass(101),
                Load(Fails),
                Restart,
                Load(Fails),
            ],
        ),
        row(
            &[Opt::Negative, Opt::FailSafe, Opt::Conditional],
            "an absence that is over is no old value to keep",
            kept().negative_ttl(seconds(20)),
            vec![Say(Says::NoSuchThing), Load(Absent), Pass(21), Say(Says::NotModified), Load(Unkept)],
        ),
        row(
            &[Opt::Sliding, Opt::FailSafe, Opt::Conditional],
            "nor is a value that died unread",
            RegionOptions { sliding: Some(seconds(10)), ..kept() },
            vec![Load(Fresh(1)), Pass(10), Say(Says::NotModified), Load(Unkept)],
        ),
        row(
            &[Opt::FailSafe, Opt::Budget],
            "a load that is not begun is answered with the old value",
            kept(),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Occupy(10),
                Load(Stale(1, BudgetExhausted)),
                Took(1),
                Batch(Fresh(1)),
            ],
        )
        .budget(one()),
        row(
            &[Opt::FailSafe, Opt::Budget],
            "also where it is the fleet that has no place",
            kept(),
            vec![Load(Fresh(1)), Pass(101), Load(Stale(1, BudgetExhausted)), Took(0), Loads(1)],
        )
        .fleet(1),
    ]
}
