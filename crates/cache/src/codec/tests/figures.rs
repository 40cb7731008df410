//! Sizes and times by flavour, for the book: printed with `--nocapture`; times mean something only with `--release`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::values::{House, State, codec, flavours};
use crate::codec::{CodecConfig, Header};

const STREETS: [&str; 5] =
    ["The Esplanade", "Pittwater Road", "Bower Street", "North Steyne", "Raglan Street"];

/// A property as a service would store it; the numbers vary as they do in a market.
fn property(random: &mut fastrand::Rng, id: u64) -> House {
    let suburb = random.choice(["Manly", "Fairlight", "Balgowlah"]).unwrap_or("Manly");
    House {
        id,
        street: format!("{} {}", random.u32(1..200), random.choice(STREETS).unwrap_or_default()),
        price: f64::from(random.u32(900..4_000)) * 1_000.0,
        tags: vec![format!("suburb:{suburb}"), "state:nsw".to_owned(), "kind:house".to_owned()],
        rooms: [("bed".to_owned(), vec![random.u32(1..6)]), ("bath".to_owned(), vec![random.u32(1..4)])]
            .into(),
        state: State::Let("agency of the northern beaches".to_owned()),
        note: Some("close to the ferry, north-facing, with a garden that wants some care".to_owned()),
        place: (-33.8 + random.f32() / 100.0, 151.28 + random.f32() / 100.0),
    }
}

/// The median.
fn timed(rounds: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2]
}

fn measure<V: Serialize + DeserializeOwned>(
    name: &str,
    config: &CodecConfig,
    value: &V,
    rounds: usize,
) -> usize {
    let codec = codec(config);
    let header = Header::default();
    let bytes = codec.seal("property:1", &header, Some(value)).unwrap();
    let seal = timed(rounds, || drop(black_box(codec.seal("property:1", &header, Some(value)))));
    let open = timed(rounds, || drop(black_box(codec.open::<V>(0, "property:1", &bytes))));
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!("{name:28} {:7} bytes  seal {:8.2} µs  open {:8.2} µs", bytes.len(), micros(seal), micros(open));
    bytes.len()
}

#[test]
fn formats_compressions_and_encryption_cost_what_they_are_chosen_for() {
    let rounds = if cfg!(debug_assertions) { 3 } else { 501 };
    let mut random = fastrand::Rng::with_seed(1);
    let one = property(&mut random, 1);
    let page: Vec<House> = (0..100).map(|id| property(&mut random, id)).collect();
    let mut sizes = BTreeMap::new();
    for (name, config) in flavours() {
        #[cfg(any(feature = "zstd", feature = "lz4"))]
        let config = CodecConfig { compression: config.compression.map(|with| with.above(4_096)), ..config };
        sizes.insert(format!("one {name}"), measure(&format!("one {name}"), &config, &one, rounds));
        sizes.insert(format!("page {name}"), measure(&format!("page {name}"), &config, &page, rounds));
    }
    for value in ["one", "page"] {
        assert!(sizes[&format!("{value} Postcard")] < sizes[&format!("{value} Json")]);
    }
    for (name, size) in &sizes {
        if let Some(plain) = name.strip_suffix(" encrypted") {
            assert_eq!(size - sizes[plain], 4 + 12 + 16, "{name}: key id, nonce, tag");
        }
        if let Some(plain) = name.strip_suffix(" zstd").or_else(|| name.strip_suffix(" lz4")) {
            let whole = sizes[plain];
            assert!(
                if name.starts_with("page") { size * 2 < whole } else { *size == whole },
                "{name}: {size} of {whole}"
            );
        }
    }
}
