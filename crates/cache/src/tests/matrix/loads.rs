//! Pairs: how loads are waited for and begun, and where values lie.

use super::Is::{Fresh, Late, Nothing, Refused};
use super::Step::*;
use super::options::{bounded, hard, living, one};
use super::{Opt, Row, Shape, row, seconds};
use crate::{LayerOptions, Layers};

pub(super) fn rows(shape: Shape) -> Vec<Row> {
    let shared = shape != Shape::L1;
    let only_memory = LayerOptions::default().write(Layers::L1);
    vec![
        row(
            &[Opt::Timeouts, Opt::Budget],
            "the wait for a place is part of the whole wait, for a batch as well",
            living(100).timeouts(hard(3)),
            vec![Occupy(30), Load(Late), Took(3), Batch(Late), Took(3), Loads(0)],
        )
        .budget(one().wait(seconds(60))),
        row(
            &[Opt::Timeouts, Opt::Budget],
            "also where the batch is the first to wait",
            living(100).timeouts(hard(3)),
            vec![Occupy(30), Batch(Late), Took(3), Loads(0), Pass(28), Batch(Fresh(1))],
        )
        .budget(one().wait(seconds(60))),
        row(
            &[Opt::Tags, Opt::Layers],
            "a tag ends what lies in one layer alone",
            living(100).layers(only_memory),
            if shape == Shape::L2 {
                vec![Load(Fresh(1)), Load(Fresh(2))]
            } else {
                vec![Load(Fresh(1)), Load(Fresh(1)), Tag, Get(Nothing), Load(Fresh(2)), Loads(2)]
            },
        ),
        row(
            &[Opt::Weight, Opt::Layers],
            "what is too heavy for memory is found below by all",
            living(100),
            if shared {
                vec![
                    Load(Fresh(1)),
                    Cached(Nothing),
                    There(Fresh(1)),
                    Load(Fresh(1)),
                    Batch(Fresh(1)),
                    Get(Fresh(1)),
                    Cached(Nothing),
                    Loads(1),
                ]
            } else {
                vec![Load(Fresh(1)), Cached(Nothing), Load(Fresh(2))]
            },
        )
        .memory(bounded(), 5_000),
        row(
            &[Opt::Layers, Opt::Budget],
            "what is found below takes no place",
            living(100),
            if shared {
                vec![
                    Load(Fresh(1)),
                    Restart,
                    Occupy(10),
                    Load(Fresh(1)),
                    Took(0),
                    Restart,
                    Batch(Fresh(1)),
                    Took(0),
                ]
            } else {
                vec![Load(Fresh(1)), Restart, Occupy(10), Load(Refused), Took(1)]
            },
        )
        .budget(one()),
        row(
            &[Opt::Layers, Opt::Budget],
            "nor a place of the fleet",
            living(100),
            if shared {
                vec![Load(Fresh(1)), Restart, Load(Fresh(1)), There(Fresh(1)), Invalidate, Load(Refused)]
            } else {
                vec![Load(Fresh(1)), Load(Fresh(1)), Invalidate, Load(Refused)]
            },
        )
        .fleet(1),
    ]
}
