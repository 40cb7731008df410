//! Seeded mutations of valid entries, and bytes from nowhere: whatever is read, it is what was written or a miss.
//!
//! 200,000 inputs by default; `MAINSTAY_FUZZ_INPUTS` and `MAINSTAY_FUZZ_SEED` say otherwise (`scripts/fuzz`).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::values::{Index, codec, flavours, header, house, tree};
use crate::codec::header::{EPOCH_AT, STAMPED_TO, close, stamp};
use crate::codec::{CodecConfig, Foreign, Header};

/// Where the lengths lie: etag, the first tag count, and around what follows it.
const LENGTHS: std::ops::Range<usize> = STAMPED_TO..STAMPED_TO + 80;
const CHECKSUM: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Original,
    /// A value that nobody stored.
    Forged,
    Missed(&'static str),
}

struct Sample {
    flavour: String,
    encrypted: bool,
    key: String,
    bytes: Vec<u8>,
    open: Open,
}

type Open = Box<dyn Fn(&[u8]) -> Outcome>;

fn sample<V>(flavour: &str, config: &CodecConfig, key: String, header: Header, value: Option<V>) -> Sample
where
    V: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    let codec = codec(config);
    let bytes = codec.seal(&key, &header, value.as_ref()).unwrap();
    let own = key.clone();
    let open = move |bytes: &[u8]| match codec.open::<V>(header.fingerprint, &own, bytes) {
        Ok((mut found, read)) => {
            (found.epoch, found.born) = (header.epoch, header.born);
            if found == header && read == value { Outcome::Original } else { Outcome::Forged }
        }
        Err(why) => Outcome::Missed(why.reason()),
    };
    Sample {
        flavour: flavour.to_owned(),
        encrypted: flavour.ends_with("encrypted"),
        key,
        bytes,
        open: Box::new(open),
    }
}

fn samples(random: &mut Rng) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (name, config) in flavours() {
        for at in 0..3_u32 {
            // No two alike: a replay of what was stored for the same key before is not told from it.
            let key = |shape: &str| format!("{shape}:{name}:{at}");
            let mut of = |shape: u64| header(random, shape);
            let headers: Vec<Header> = (0..7).map(&mut of).collect();
            let [h0, h1, h2, h3, h4, h5, h6] = headers.try_into().unwrap();
            let text = "by the sea ".repeat(at as usize * 9);
            let numbers: Vec<u64> = (0..at * 30).map(|n| u64::from(n) << (n % 60)).collect();
            let index: Index = (0..at * 2).map(|n| (n.to_string(), vec![i64::from(n); 3])).collect();
            samples.push(sample(&name, &config, key("text"), h0, Some(text)));
            samples.push(sample(&name, &config, key("numbers"), h1, Some(numbers)));
            samples.push(sample(&name, &config, key("house"), h2, Some(house(random))));
            samples.push(sample(&name, &config, key("tree"), h3, Some(tree(random, 5))));
            samples.push(sample(&name, &config, key("index"), h4, Some(index)));
            samples.push(sample(&name, &config, key("units"), h5, Some(vec![(); at as usize])));
            samples.push(sample::<u64>(&name, &config, key("absent"), h6, None));
        }
    }
    samples
}

#[derive(Debug, Clone, Copy)]
enum Mutation {
    Stamp,
    Flip,
    Cut,
    Behead,
    Insert,
    Remove,
    Splice,
    HeadOfOnePayloadOfOther,
    LengthLie,
    Reflag,
    Moved,
    Noise,
    NoiseInOurShape,
}

const MUTATIONS: [Mutation; 13] = [
    Mutation::Stamp,
    Mutation::Flip,
    Mutation::Cut,
    Mutation::Behead,
    Mutation::Insert,
    Mutation::Remove,
    Mutation::Splice,
    Mutation::HeadOfOnePayloadOfOther,
    Mutation::LengthLie,
    Mutation::Reflag,
    Mutation::Moved,
    Mutation::Noise,
    Mutation::NoiseInOurShape,
];

impl Mutation {
    fn apply(self, random: &mut Rng, bytes: &mut Vec<u8>, other: &Sample) {
        let at = random.usize(..bytes.len());
        let some = random.usize(1..24);
        match self {
            Self::Stamp => stamp(bytes, random.u64(..), random.u64(..)),
            Self::Flip => {
                for _ in 0..random.usize(1..6) {
                    let at = random.usize(..bytes.len());
                    bytes[at] ^= 1 << random.u32(..8);
                }
            }
            Self::Cut => bytes.truncate(at),
            Self::Behead => drop(bytes.drain(..at)),
            Self::Insert => drop(bytes.splice(at..at, (0..some).map(|_| random.u8(..)))),
            Self::Remove => drop(bytes.drain(at..(at + some).min(bytes.len()))),
            Self::Splice => {
                let from = random.usize(..other.bytes.len());
                let part = &other.bytes[from..(from + some).min(other.bytes.len())];
                let until = (at + part.len()).min(bytes.len());
                bytes.splice(at..until, part.iter().copied());
            }
            Self::HeadOfOnePayloadOfOther => {
                // The payload begins somewhere here, depending on tags and flags.
                let border = random.usize(STAMPED_TO..STAMPED_TO + 110);
                bytes.truncate(border);
                bytes.extend_from_slice(
                    other.bytes.get(random.usize(STAMPED_TO..STAMPED_TO + 110)..).unwrap_or(&[]),
                );
            }
            Self::LengthLie => {
                for _ in 0..random.usize(1..5) {
                    let at = random.usize(LENGTHS).min(bytes.len() - 1);
                    bytes[at] = random.choice([0, 1, 0x7f, 0x80, 0xfe, 0xff]).unwrap_or(0);
                }
                if random.bool() {
                    let at = random.usize(STAMPED_TO + 45..STAMPED_TO + 120).min(bytes.len() - 1);
                    let until = (at + random.usize(1..11)).min(bytes.len());
                    bytes[at..until].fill(0xff);
                }
            }
            Self::Reflag => {
                let at = random.choice([3, STAMPED_TO]).unwrap_or(3);
                bytes[at] = random.u8(..20);
            }
            Self::Moved => {
                bytes.clear();
                bytes.extend_from_slice(&other.bytes);
            }
            Self::Noise => {
                bytes.clear();
                bytes.extend((0..random.usize(..300)).map(|_| random.u8(..)));
            }
            Self::NoiseInOurShape => {
                for byte in bytes.iter_mut().skip(STAMPED_TO + 1 + some * 6) {
                    *byte = random.u8(..);
                }
            }
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")))
}

#[test]
fn whatever_is_read_is_what_was_written_or_a_counted_miss() {
    let inputs = setting("MAINSTAY_FUZZ_INPUTS", 200_000);
    let seed = setting("MAINSTAY_FUZZ_SEED", 0x6d73);
    let mut random = Rng::with_seed(seed);
    let samples = samples(&mut random);
    let mut tally: BTreeMap<(bool, bool, Outcome), u64> = BTreeMap::new();

    for input in 0..inputs {
        let sample = &samples[random.usize(..samples.len())];
        let other = &samples[random.usize(..samples.len())];
        let mut bytes = sample.bytes.clone();
        let mutation = MUTATIONS[random.usize(..MUTATIONS.len())];
        mutation.apply(&mut random, &mut bytes, other);
        // A forger rights the checksum afterwards.
        let forger = random.bool() && bytes.len() > STAMPED_TO + CHECKSUM;
        if forger {
            bytes.truncate(bytes.len() - CHECKSUM);
            close(&mut bytes, &sample.key);
        }

        let outcome = catch_unwind(AssertUnwindSafe(|| (sample.open)(&bytes)));
        let told = || {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("seed {seed} input {input}: {mutation:?} of {} as {}: {hex}", sample.key, sample.flavour)
        };
        let outcome = outcome.unwrap_or_else(|_| panic!("panicked: {}", told()));
        let untouched = bytes.len() == sample.bytes.len()
            && bytes[..EPOCH_AT] == sample.bytes[..EPOCH_AT]
            && bytes[STAMPED_TO..] == sample.bytes[STAMPED_TO..];
        match outcome {
            Outcome::Original => {}
            Outcome::Missed(_) => assert!(!untouched, "refused: {}", told()),
            // What a forger writes in plain text can be anything that decodes: encryption is what stops that.
            Outcome::Forged => assert!(forger && !sample.encrypted, "believed: {}", told()),
        }
        *tally.entry((sample.encrypted, forger, outcome)).or_default() += 1;
    }

    println!("{inputs} inputs of seed {seed}, {} samples", samples.len());
    for ((encrypted, forger, outcome), count) in &tally {
        let (encrypted, forger) =
            (if *encrypted { "encrypted" } else { "plain" }, if *forger { "forged" } else { "damaged" });
        println!("{encrypted:9} {forger:7} {count:9} {outcome:?}");
    }
    let seen =
        |outcome| tally.iter().filter(|((_, _, of), _)| *of == outcome).map(|(_, count)| count).sum::<u64>();
    assert!(seen(Outcome::Original) > inputs / 50, "too few were accepted to tell anything");
    for why in Foreign::ALL {
        let possible = match why {
            // Judged by the reader's clock, not by the codec.
            Foreign::Ahead => false,
            Foreign::TooLarge | Foreign::Decompress => cfg!(any(feature = "zstd", feature = "lz4")),
            Foreign::Plaintext | Foreign::Decrypt => cfg!(feature = "encryption"),
            _ => true,
        };
        assert!(
            !possible || inputs < 100_000 || seen(Outcome::Missed(why.reason())) > 0,
            "{why:?} never happened"
        );
    }
}
