//! What the tests store, and in which flavours.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::codec::{Codec, CodecConfig, Format, Header};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct House {
    pub(super) id: u64,
    pub(super) street: String,
    pub(super) price: f64,
    pub(super) tags: Vec<String>,
    pub(super) rooms: BTreeMap<String, Vec<u32>>,
    pub(super) state: State,
    pub(super) note: Option<String>,
    pub(super) place: (f32, f32),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    Free,
    Let(String),
    Sold { cents: i128, to: Vec<Self> },
    Moved(u16, Box<Self>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Tree {
    Leaf(i32),
    Twig(Box<Self>),
    Fork(Vec<Self>),
}

pub(super) type Index = HashMap<String, Vec<i64>>;

impl Tree {
    pub(super) fn twig(depth: usize) -> Self {
        (0..depth).fold(Self::Leaf(7), |tree, _| Self::Twig(Box::new(tree)))
    }
}

pub(super) fn house(random: &mut fastrand::Rng) -> House {
    let word = |random: &mut fastrand::Rng, most| -> String {
        (0..random.usize(..most)).map(|_| random.choose_char()).collect()
    };
    House {
        id: random.u64(..) >> random.u32(0..64),
        street: word(random, 24),
        price: random.f64() * 1e7,
        tags: (0..random.usize(..4)).map(|_| word(random, 9)).collect(),
        rooms: (0..random.usize(..4))
            .map(|_| (word(random, 9), (0..random.usize(..5)).map(|_| random.u32(..)).collect()))
            .collect(),
        state: state(random, 3),
        note: random.bool().then(|| word(random, 20)),
        place: (random.f32(), -random.f32()),
    }
}

trait ChooseChar {
    fn choose_char(&mut self) -> char;
}

impl ChooseChar for fastrand::Rng {
    fn choose_char(&mut self) -> char {
        if self.u8(..) < 230 { self.alphanumeric() } else { self.char(..) }
    }
}

fn state(random: &mut fastrand::Rng, depth: u32) -> State {
    match random.u8(..if depth == 0 { 2 } else { 4 }) {
        0 => State::Free,
        1 => State::Let("tenant".repeat(random.usize(..3))),
        2 => State::Sold {
            cents: i128::from(random.i64(..)) << 20,
            to: (0..random.usize(..3)).map(|_| state(random, depth - 1)).collect(),
        },
        _ => State::Moved(random.u16(..), Box::new(state(random, depth - 1))),
    }
}

pub(super) fn tree(random: &mut fastrand::Rng, depth: u32) -> Tree {
    match random.u8(..if depth == 0 { 1 } else { 3 }) {
        0 => Tree::Leaf(random.i32(..)),
        1 => Tree::Twig(Box::new(tree(random, depth - 1))),
        _ => Tree::Fork((0..random.usize(..4)).map(|_| tree(random, depth - 1)).collect()),
    }
}

pub(super) fn header(random: &mut fastrand::Rng, fingerprint: u64) -> Header {
    let created_ms = random.u64(..1 << 45);
    Header {
        fingerprint,
        epoch: random.u64(..),
        born: random.u64(..),
        version: random.u64(..),
        created_ms,
        fresh_until_ms: created_ms + random.u64(..500_000),
        hard_until_ms: created_ms + random.u64(500_000..1_000_000),
        expires_ms: created_ms + random.u64(1_000_000..9_000_000),
        load_cost_us: random.u32(..),
        etag: if random.bool() { "W/\"5f-é\"".into() } else { Box::default() },
        tags: (0..random.usize(..4)).map(|_| random.u64(..)).collect(),
    }
}

/// Every format, with every compression, with and without encryption.
pub(super) fn flavours() -> Vec<(String, CodecConfig)> {
    let mut flavours = Vec::new();
    for format in formats() {
        for (compression, config) in compressions(&CodecConfig::default().format(format)) {
            let name = format!("{format:?}{compression}");
            #[cfg(feature = "encryption")]
            {
                let keys = crate::codec::KeyRing::new(7, [7; 32]).and(8, [8; 32]);
                flavours.push((format!("{name} encrypted"), config.clone().encryption(keys)));
            }
            flavours.push((name, config));
        }
    }
    flavours
}

pub(super) fn formats() -> Vec<Format> {
    vec![
        Format::Postcard,
        Format::Json,
        #[cfg(feature = "msgpack")]
        Format::MessagePack,
    ]
}

fn compressions(config: &CodecConfig) -> Vec<(&'static str, CodecConfig)> {
    #[cfg(any(feature = "zstd", feature = "lz4"))]
    let with = |algorithm| config.clone().compression(crate::codec::Compression::new(algorithm).above(48));
    vec![
        ("", config.clone()),
        #[cfg(feature = "zstd")]
        (" zstd", with(crate::codec::Algorithm::Zstd)),
        #[cfg(feature = "lz4")]
        (" lz4", with(crate::codec::Algorithm::Lz4)),
    ]
}

pub(super) fn codec(config: &CodecConfig) -> Codec {
    config.validate().unwrap();
    Codec::new(config)
}
