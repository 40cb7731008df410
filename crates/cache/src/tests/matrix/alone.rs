//! Each option by itself, beside a time to live.

use super::Is::{Absent, Fails, Fresh, Late, Nothing, Refused, Stale, Unkept};
use super::Step::*;
use super::options::{bounded, costly, eager, hard, json, kept, living, one, sliding, soft};
use super::origin::Says;
use super::{Opt, Row, Shape, row, seconds};
use crate::Why::{LoaderFailed, NotLoading, Refreshing};
use crate::{FailSafe, Format, LayerOptions};

pub(super) fn rows(shape: Shape) -> Vec<Row> {
    let (memory, shared) = (shape != Shape::L2, shape != Shape::L1);
    let keeper = shared && shape != Shape::L1L3;
    let mut rows = vec![
        row(
            &[Opt::Soft],
            "past it the old value is served and one load runs behind the readers, until the hard one",
            soft(),
            [
                vec![Load(Fresh(1)), Pass(9), Load(Fresh(1)), Pass(2)],
                if memory { vec![Load(Stale(1, Refreshing))] } else { vec![Load(Fresh(2))] },
                vec![Load(Fresh(2)), Loads(2), Pass(99), Get(Stale(2, NotLoading)), Pass(2), Get(Nothing)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Soft],
            "a loader that borrows keeps the first caller past it waiting",
            soft(),
            vec![Load(Fresh(1)), Pass(11), Take(2), Borrowed(Fresh(2)), Took(2), Loads(2)],
        ),
        row(
            &[Opt::Sliding],
            "a value dies if it is not read for so long",
            sliding(100),
            [
                vec![Load(Fresh(1))],
                [Pass(6), Load(Fresh(1))].repeat(4),
                [Pass(6), Get(Fresh(1))].repeat(4),
                [Pass(6), Batch(Fresh(1))].repeat(4),
                // What lies below is exact to the clocks of two nodes.
                vec![There(Fresh(1)), Loads(1), Pass(11), Get(Nothing), Load(Fresh(2))],
            ]
            .concat(),
        ),
        row(
            &[Opt::Sliding],
            "and in any case after its time to live",
            sliding(100),
            [vec![Load(Fresh(1))], [Pass(6), Load(Fresh(1))].repeat(16), vec![Pass(5), Load(Fresh(2))]]
                .concat(),
        ),
        row(
            &[Opt::Jitter],
            "a life is shortened by half at most, and never prolonged",
            living(100).jitter(0.5),
            vec![Load(Fresh(1)), Pass(49), Load(Fresh(1)), Pass(50), Get(Nothing), Load(Fresh(2))],
        ),
        row(
            &[Opt::Negative],
            "an absence is remembered for its own time, by all nodes",
            living(100).negative_ttl(seconds(20)),
            vec![
                Say(Says::NoSuchThing),
                Load(Absent),
                Pass(19),
                Load(Absent),
                There(Absent),
                Get(Nothing),
                Loads(1),
                Say(Says::Count),
                Pass(2),
                Load(Fresh(2)),
                There(Fresh(2)),
            ],
        ),
        row(
            &[Opt::FailSafe],
            "while loads fail the old value is served up to its greatest age, with one attempt within the throttle",
            kept(),
            [
                vec![Load(Fresh(1)), Pass(101), Say(Says::Error), Get(Nothing)],
                vec![Load(Stale(1, LoaderFailed)), Load(Stale(1, LoaderFailed)), Batch(Fresh(1))],
                // Where nothing is kept in memory, nothing is remembered of the attempt.
                vec![Loads(if memory { 2 } else { 4 }), Pass(6), Load(Stale(1, LoaderFailed))],
                vec![Loads(if memory { 3 } else { 5 }), Pass(890), Load(Stale(1, LoaderFailed)), Pass(6)],
                vec![Load(Fails), Say(Says::Count), Pass(2), Load(Fresh(if memory { 6 } else { 8 }))],
            ]
            .concat(),
        ),
        row(
            &[Opt::FailSafe],
            "reads that do not load are served such values if told so, and where another node renewed it, the new one",
            living(100).fail_safe(FailSafe::default().on_reads(true)),
            vec![
                Load(Fresh(1)),
                Pass(101),
                Get(Stale(1, NotLoading)),
                There(Fresh(2)),
                Get(if shared { Fresh(2) } else { Stale(1, NotLoading) }),
            ],
        ),
        row(
            &[Opt::Eager],
            "the first reader past the point begins the one load, and waits for nothing",
            eager(),
            vec![
                Load(Fresh(1)),
                Pass(49),
                Load(Fresh(1)),
                Loads(1),
                Take(3),
                Pass(2),
                Load(Fresh(1)),
                Took(0),
                Load(Fresh(1)),
                Took(0),
                Loads(if memory { 2 } else { 1 }),
                Pass(4),
                Load(Fresh(if memory { 2 } else { 1 })),
            ],
        ),
        row(
            &[Opt::Cost],
            "what cost nothing is not renewed before its time",
            costly(),
            [
                vec![Load(Fresh(1)), Pass(9)],
                [Load(Fresh(1))].repeat(10),
                vec![Loads(1), Pass(1), Load(Fresh(2))],
            ]
            .concat(),
        ),
        row(
            &[Opt::Cost],
            "what took six times its life to load is renewed at once",
            costly(),
            [
                vec![Take(60), Load(Fresh(1)), Took(60), Take(1)],
                vec![Load(Fresh(1)), Loads(if memory { 2 } else { 1 })],
            ]
            .concat(),
        ),
        row(
            &[Opt::Timeouts],
            "nobody waits longer, and the load lands behind",
            living(100).timeouts(hard(3)),
            vec![Take(10), Load(Late), Took(3), Load(Late), Took(3), Pass(5), Load(Fresh(1)), Loads(1)],
        ),
        row(
            &[Opt::Timeouts],
            "nor for a batch, which ends with its caller",
            living(100).timeouts(hard(3)),
            vec![Take(10), Batch(Late), Took(3), Pass(9), Take(0), Batch(Fresh(2))],
        ),
        row(
            &[Opt::Timeouts],
            "with nothing going on behind, the next call loads with its own loader",
            living(100).timeouts(hard(3).background(false)),
            vec![Take(10), Load(Late), Took(3), Pass(9), Get(Nothing), Take(0), Load(Fresh(2)), Loads(2)],
        ),
        row(
            &[Opt::Conditional],
            "no option keeps the old value: there is nothing to be not modified",
            living(100),
            vec![Load(Fresh(1)), Pass(101), Say(Says::NotModified), Load(Unkept)],
        ),
        row(
            &[Opt::Tags],
            "a value that the source gave a tag ends with it, on all nodes that hear of it, and so does the next",
            living(100),
            [
                vec![Load(Fresh(1)), There(Fresh(1)), Tag, Get(Nothing)],
                if keeper { vec![There(Fresh(2)), Load(Fresh(2)), Tag, There(Fresh(3))] } else { vec![] },
            ]
            .concat(),
        ),
        row(
            &[Opt::Codec],
            "a stored value is read by whoever knows the format",
            living(100).codec(json()),
            vec![
                Load(Fresh(1)),
                Lies(Format::Json),
                There(Fresh(1)),
                Restart,
                Load(Fresh(if shared { 1 } else { 2 })),
            ],
        ),
        row(
            &[Opt::Layers],
            "memory asks below again when its own time is over",
            living(100).layers(LayerOptions::default().l1_ttl(seconds(10))),
            [vec![Load(Fresh(1))], [Pass(9), Load(Fresh(1)), Pass(2)].to_vec(), layered(shared)].concat(),
        ),
        row(
            &[Opt::Budget],
            "a load that finds no place in time is not begun",
            living(100),
            vec![
                Occupy(10),
                Load(Refused),
                Took(1),
                Batch(Refused),
                Took(1),
                Loads(0),
                Pass(9),
                Load(Fresh(1)),
            ],
        )
        .budget(one()),
        row(
            &[Opt::Budget],
            "nor one that the fleet has no place for",
            living(100),
            vec![Load(Fresh(1)), Invalidate, Load(Refused), Took(0), Batch(Refused), Loads(1)],
        )
        .fleet(1),
    ];
    // Too heavy for memory, a value lies below alone.
    let next = if shared { 1 } else { 2 };
    rows.push(
        row(
            &[Opt::Weight],
            "memory keeps nothing that is heavier than its bound",
            living(100),
            vec![Load(Fresh(1)), Cached(Nothing), Load(Fresh(next)), Cached(Nothing), Loads(next)],
        )
        .memory(bounded(), 5_000),
    );
    rows.push(
        row(
            &[Opt::Weight],
            "and what is within it",
            living(100),
            vec![Load(Fresh(1)), Cached(if memory { Fresh(1) } else { Nothing }), Load(Fresh(1)), Loads(1)],
        )
        .memory(bounded(), 50),
    );
    rows
}

fn layered(shared: bool) -> Vec<super::Step> {
    if shared { vec![Load(Fresh(1)), Loads(1)] } else { vec![Load(Fresh(2)), Loads(2)] }
}
