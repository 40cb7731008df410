//! Pairs: what is loaded anew behind its readers.

use super::Is::{Fails, Fresh, Nothing, Stale};
use super::Step::*;
use super::options::{bounded, costly, eager, hard, living, one, sliding, soft};
use super::origin::Says;
use super::{Opt, Row, Shape, row, seconds};
use crate::Why::{BudgetExhausted, LoaderFailed, LoaderTimedOut, Refreshing};
use crate::{EagerRefresh, RegionOptions};

pub(super) fn rows(shape: Shape) -> Vec<Row> {
    let (memory, shared) = (shape != Shape::L2, shape != Shape::L1);
    let (renewed, keeper) = (if memory { 2 } else { 1 }, shared && shape != Shape::L1L3);
    // What a heavy value's reader is told whose load fails.
    let unrenewed = match (shared, memory) {
        (false, _) => Fails,
        (true, false) => Stale(1, LoaderFailed),
        (true, true) => Stale(1, Refreshing),
    };
    let renews = if shared {
        vec![Load(Fresh(1)), Took(0), Loads(renewed), Load(Fresh(renewed))]
    } else {
        vec![Load(Fresh(2)), Loads(2)]
    };
    vec![
        row(
            &[Opt::Soft, Opt::Eager],
            "the point is one of the fresh life",
            soft().eager_refresh(EagerRefresh::At(0.5)),
            vec![
                Load(Fresh(1)),
                Pass(4),
                Load(Fresh(1)),
                Loads(1),
                Pass(2),
                Load(Fresh(1)),
                Load(Fresh(renewed)),
            ],
        ),
        row(
            &[Opt::Soft, Opt::Cost],
            "and so is the end that a costly load is begun before",
            RegionOptions { ttl: seconds(10_000).into(), ..soft() }.eager_refresh(EagerRefresh::ByCost(10.0)),
            [vec![Take(60), Load(Fresh(1)), Take(1)], [Load(Fresh(1))].repeat(8), vec![Loads(renewed)]]
                .concat(),
        ),
        row(
            &[Opt::Soft, Opt::Timeouts],
            "who is served a stale value waits for nothing, however long its renewal takes",
            soft().timeouts(hard(3)),
            [
                vec![Load(Fresh(1)), Pass(11), Take(5)],
                if memory {
                    vec![Load(Stale(1, Refreshing)), Took(0), Pass(3), Load(Stale(1, Refreshing)), Took(0)]
                } else {
                    vec![Load(Stale(1, LoaderTimedOut)), Took(3)]
                },
                vec![Pass(3), Load(Fresh(2)), Loads(2)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Soft, Opt::Conditional],
            "a renewal that finds nothing changed begins a new life",
            soft(),
            [
                vec![Load(Fresh(1)), Pass(11), Say(Says::NotModified)],
                vec![Load(if memory { Stale(1, Refreshing) } else { Fresh(1) }), Load(Fresh(1))],
                vec![Loads(2), Pass(9), Load(Fresh(1)), There(Fresh(1)), Loads(2)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Soft, Opt::Tags],
            "what was invalidated is not served while it is renewed",
            soft(),
            vec![Load(Fresh(1)), Pass(11), Tag, Get(Nothing), Load(Fresh(2))],
        ),
        row(
            &[Opt::Soft, Opt::Layers],
            "a restarted node and another serve the old value that lies below, and renew it behind their readers",
            soft(),
            if shared && memory {
                vec![
                    Load(Fresh(1)),
                    Pass(11),
                    Restart,
                    Take(5),
                    Load(Stale(1, Refreshing)),
                    Took(0),
                    Load(Stale(1, Refreshing)),
                    Took(0),
                    There(Stale(1, Refreshing)),
                    Took(0),
                    // It takes Redis to have one load in the fleet.
                    Loads(if keeper { 2 } else { 3 }),
                    Pass(6),
                    Load(Fresh(2)),
                ]
            } else {
                vec![Load(Fresh(1)), Pass(11), Restart, Take(5), Load(Fresh(2)), Took(5)]
            },
        ),
        row(
            &[Opt::Soft, Opt::Weight],
            "too heavy for memory, it is found below past its time, served and renewed behind, as by a restarted node",
            soft(),
            [
                vec![Load(Fresh(1)), Cached(Nothing), Pass(11)],
                if shared && memory { vec![Load(Stale(1, Refreshing)), Took(0)] } else { vec![] },
                vec![Load(Fresh(2)), Cached(Nothing), Loads(2)],
            ]
            .concat(),
        )
        .memory(bounded(), 5_000),
        row(
            &[Opt::Soft, Opt::Weight],
            "memory has no place to note that it failed: the next call tries again",
            soft(),
            [vec![Load(Fresh(1)), Pass(11), Say(Says::Error)], [Load(unrenewed)].repeat(2), vec![Loads(3)]]
                .concat(),
        )
        .memory(bounded(), 5_000),
        row(
            &[Opt::Soft, Opt::Budget],
            "a renewal that is not begun leaves the old value, and is tried again after a second",
            soft(),
            [
                vec![Load(Fresh(1)), Pass(11), Occupy(4)],
                if memory {
                    vec![
                        Load(Stale(1, Refreshing)),
                        Took(0),
                        Pass(1),
                        Load(Stale(1, BudgetExhausted)),
                        Took(0),
                    ]
                } else {
                    vec![Load(Stale(1, BudgetExhausted)), Took(1)]
                },
                vec![
                    Loads(1),
                    Pass(4),
                    Load(if memory { Stale(1, Refreshing) } else { Fresh(2) }),
                    Load(Fresh(2)),
                ],
            ]
            .concat(),
        )
        .budget(one()),
        row(
            &[Opt::Sliding, Opt::Eager],
            "the point is one of the whole life, read or not",
            sliding(100).eager_refresh(EagerRefresh::At(0.5)),
            [
                vec![Load(Fresh(1))],
                [Pass(7), Load(Fresh(1))].repeat(7),
                vec![Loads(1), Pass(2), Load(Fresh(1)), Loads(renewed)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Jitter, Opt::Eager],
            "and of what jitter leaves of it",
            living(100).jitter(0.5).eager_refresh(EagerRefresh::At(0.4)),
            vec![
                Load(Fresh(1)),
                Pass(19),
                Load(Fresh(1)),
                Loads(1),
                Pass(20),
                Load(Fresh(1)),
                Loads(renewed),
            ],
        ),
        row(
            &[Opt::Eager, Opt::Timeouts],
            "nobody waits for a renewal before its time",
            eager().timeouts(hard(3)),
            vec![
                Load(Fresh(1)),
                Pass(51),
                Take(10),
                Load(Fresh(1)),
                Took(0),
                Pass(5),
                Load(Fresh(1)),
                Took(0),
                Loads(renewed),
            ],
        ),
        row(
            &[Opt::Eager, Opt::Conditional],
            "one that finds nothing changed begins a new life, with a point of its own",
            eager(),
            [
                vec![Load(Fresh(1)), Pass(51), Say(Says::NotModified), Load(Fresh(1)), Loads(renewed)],
                if memory {
                    vec![
                        Pass(48),
                        Load(Fresh(1)),
                        Loads(2),
                        Pass(3),
                        Load(Fresh(1)),
                        Loads(3),
                        Pass(90),
                        Load(Fresh(1)),
                    ]
                } else {
                    vec![]
                },
            ]
            .concat(),
        ),
        row(
            &[Opt::Eager, Opt::Tags],
            "a tag invalidated meanwhile ends the value and refuses the new one",
            eager(),
            vec![
                Load(Fresh(1)),
                Pass(51),
                Take(2),
                Load(Fresh(1)),
                Tag,
                Get(Nothing),
                Pass(3),
                Get(Nothing),
                Take(0),
                Load(Fresh(renewed + 1)),
            ],
        ),
        row(
            &[Opt::Eager, Opt::Layers],
            "a restarted node's first reader past the point begins it too",
            eager(),
            [vec![Load(Fresh(1)), Pass(51), Restart], renews.clone()].concat(),
        ),
        row(
            &[Opt::Eager, Opt::Layers],
            "what another node renewed is taken, and nothing loaded",
            eager(),
            if shared && memory {
                vec![
                    Load(Fresh(1)),
                    There(Fresh(1)),
                    Pass(51),
                    There(Fresh(1)),
                    There(Fresh(2)),
                    Loads(2),
                    Load(Fresh(1)),
                    Load(Fresh(2)),
                    Loads(2),
                ]
            } else {
                vec![]
            },
        ),
        row(
            &[Opt::Eager, Opt::Weight],
            "so does each reader of what is too heavy for memory",
            eager(),
            [vec![Load(Fresh(1)), Cached(Nothing), Pass(51)], renews.clone()].concat(),
        )
        .memory(bounded(), 5_000),
        row(
            &[Opt::Cost, Opt::Layers],
            "a restarted node finds what the load cost beside the value",
            costly(),
            [vec![Take(60), Load(Fresh(1)), Take(0), Restart], renews.clone()].concat(),
        ),
        row(
            &[Opt::Cost, Opt::Weight],
            "and so does who reads what is too heavy for memory",
            costly(),
            [vec![Take(60), Load(Fresh(1)), Take(0), Cached(Nothing)], renews].concat(),
        )
        .memory(bounded(), 5_000),
        row(
            &[Opt::Eager, Opt::Budget],
            "a renewal that is not begun is no reader's concern",
            eager(),
            vec![
                Load(Fresh(1)),
                Pass(51),
                Occupy(5),
                Load(Fresh(1)),
                Took(0),
                Pass(2),
                Load(Fresh(1)),
                Loads(1),
                Pass(5),
                Load(Fresh(1)),
                Load(Fresh(renewed)),
            ],
        )
        .budget(one()),
    ]
}
