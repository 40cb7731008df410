//! Pairs: soft and hard times to live, idle times, jitter, absences.

use super::Is::{Absent, Fresh, Late, Nothing, Stale};
use super::Step::*;
use super::options::{eager, hard, json, living, sliding, soft};
use super::origin::Says;
use super::{Opt, Row, Shape, row, seconds};
use crate::Why::{NotLoading, Refreshing};
use crate::{Format, LayerOptions};

pub(super) fn rows(shape: Shape) -> Vec<Row> {
    let (memory, shared) = (shape != Shape::L2, shape != Shape::L1);
    vec![
        row(
            &[Opt::Soft, Opt::Sliding],
            "read on, a value goes stale at its time, and unread it dies whatever its stage",
            soft().sliding(seconds(6)),
            [
                vec![Load(Fresh(1)), Pass(5), Load(Fresh(1)), Pass(5)],
                vec![Load(if memory { Stale(1, Refreshing) } else { Fresh(2) }), Load(Fresh(2))],
                vec![Pass(5), Load(Fresh(2)), Pass(5), Get(Stale(2, NotLoading)), Pass(6), Get(Nothing)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Soft, Opt::Jitter],
            "the soft time is shortened with the hard one",
            soft().jitter(0.5),
            vec![
                Load(Fresh(1)),
                Pass(4),
                Get(Fresh(1)),
                Pass(5),
                Get(Stale(1, NotLoading)),
                Pass(90),
                Get(Nothing),
            ],
        ),
        row(
            &[Opt::Soft, Opt::Negative],
            "an absence is never stale: it is remembered, and then it is not",
            soft().negative_ttl(seconds(20)),
            vec![
                Say(Says::NoSuchThing),
                Load(Absent),
                Pass(19),
                Load(Absent),
                There(Absent),
                Loads(1),
                Pass(2),
                Load(Absent),
                Loads(2),
            ],
        ),
        row(
            &[Opt::Sliding, Opt::Jitter],
            "reads prolong no life beyond what jitter left of it",
            // Idle for so long that it does not die unread before.
            living(100).sliding(seconds(60)).jitter(0.5),
            [vec![Load(Fresh(1))], [Pass(7), Get(Fresh(1))].repeat(7), vec![Pass(50), Get(Nothing)]].concat(),
        ),
        row(
            &[Opt::Sliding, Opt::Negative],
            "an absence is remembered for its own time, read or not, wherever it lies",
            sliding(100).negative_ttl(seconds(30)),
            [
                vec![
                    Say(Says::NoSuchThing),
                    Load(Absent),
                    Pass(14),
                    There(Absent),
                    Pass(14),
                    Load(Absent),
                    Loads(1),
                ],
                vec![Pass(3), Load(Absent), Loads(2)],
            ]
            .concat(),
        ),
        row(
            &[Opt::Sliding, Opt::Tags],
            "what is read is dead all the same once its tag was invalidated",
            sliding(100),
            [
                vec![Load(Fresh(1))],
                [Pass(6), Get(Fresh(1))].repeat(3),
                vec![Tag, Get(Nothing), Pass(6), Load(Fresh(2))],
            ]
            .concat(),
        ),
        row(
            &[Opt::Sliding, Opt::Layers],
            "memory asks below sooner than the value ends, which is a read as any other",
            sliding(100).layers(LayerOptions::default().l1_ttl(seconds(8))),
            if shared {
                [vec![Load(Fresh(1))], [Pass(6), Load(Fresh(1))].repeat(10), vec![Loads(1)]].concat()
            } else {
                vec![Load(Fresh(1)), Pass(6), Load(Fresh(1)), Pass(2), Load(Fresh(2))]
            },
        ),
        row(
            &[Opt::Jitter, Opt::Negative],
            "an absence's life is shortened too",
            living(100).jitter(0.5).negative_ttl(seconds(20)),
            vec![
                Say(Says::NoSuchThing),
                Load(Absent),
                Pass(9),
                Load(Absent),
                Loads(1),
                Pass(10),
                Load(Absent),
                Loads(2),
            ],
        ),
        row(
            &[Opt::Jitter, Opt::Layers],
            "a value ends in all layers at once: what memory gave up is not found below",
            living(100).jitter(0.5),
            [
                vec![
                    Load(Fresh(1)),
                    Pass(49),
                    There(Fresh(1)),
                    Restart,
                    Get(if shared { Fresh(1) } else { Nothing }),
                ],
                vec![Pass(50), Get(Nothing), There(Fresh(2))],
            ]
            .concat(),
        ),
        row(
            &[Opt::Negative, Opt::Tags],
            "an absence bears the tags that the source gave it",
            living(100).negative_ttl(seconds(20)),
            vec![Say(Says::NoSuchThing), Load(Absent), Tag, Say(Says::Count), Load(Fresh(2))],
        ),
        row(
            &[Opt::Negative, Opt::Codec, Opt::Layers],
            "an absence has a form in every format, and is found where it lies",
            living(100).negative_ttl(seconds(20)).codec(json()),
            vec![
                Say(Says::NoSuchThing),
                Load(Absent),
                Lies(Format::Json),
                There(Absent),
                Loads(1),
                Restart,
                Load(Absent),
                Loads(if shared { 1 } else { 2 }),
            ],
        ),
        row(
            &[Opt::Negative, Opt::Timeouts],
            "an absence that comes late is remembered as well",
            living(100).negative_ttl(seconds(20)).timeouts(hard(3)),
            vec![
                Say(Says::NoSuchThing),
                Take(5),
                Load(Late),
                Took(3),
                Pass(3),
                Load(Absent),
                Took(0),
                Loads(1),
            ],
        ),
        row(
            &[Opt::Negative, Opt::Eager],
            "nobody looks for what is absent before its time is over",
            eager().negative_ttl(seconds(20)),
            vec![Say(Says::NoSuchThing), Load(Absent), Pass(15), Load(Absent), Load(Absent), Loads(1)],
        ),
    ]
}
