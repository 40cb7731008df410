use std::hash::{Hash, Hasher};

use equivalent::Equivalent;

/// What an entry lies under in the store: its region and what its rendered text says after the region's prefix.
///
/// It is a function of the region and the text alone, so two keys are the same entry exactly if they render alike: a text
/// that is the decimal form of a number is that number, whatever the key's type was. Most keys never need the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreKey {
    region: u32,
    rest: Rest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rest {
    Number(u64),
    Text(Box<str>),
}

/// A [`StoreKey`] that is only looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lookup<'k> {
    region: u32,
    rest: Borrowed<'k>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Borrowed<'k> {
    Number(u64),
    Text(&'k str),
}

/// The region of texts that do not begin with their region's prefix, as complete keys may.
pub(super) const WHOLE: u32 = u32::MAX;

impl<'k> Lookup<'k> {
    /// A rendered text of a region.
    #[inline]
    pub(crate) fn rendered(region: u32, prefix: &str, text: &'k str) -> Self {
        match text.strip_prefix(prefix) {
            Some(rest) => Self::text(region, rest),
            None => Self::text(WHOLE, text),
        }
    }

    /// What follows the prefix.
    #[inline]
    pub(crate) fn text(region: u32, rest: &'k str) -> Self {
        Self { region, rest: number(rest).map_or(Borrowed::Text(rest), Borrowed::Number) }
    }

    /// The same as the [`text`](Self::text) of its decimal form.
    #[inline]
    pub(crate) fn number(region: u32, number: u64) -> Self {
        Self { region, rest: Borrowed::Number(number) }
    }

    pub(super) fn to_owned(self) -> StoreKey {
        let rest = match self.rest {
            Borrowed::Number(number) => Rest::Number(number),
            Borrowed::Text(text) => Rest::Text(text.into()),
        };
        StoreKey { region: self.region, rest }
    }
}

/// The number whose decimal form this is: no sign, no leading zero.
#[inline]
fn number(text: &str) -> Option<u64> {
    match text.as_bytes() {
        [b'1'..=b'9', ..] => text.parse().ok(),
        b"0" => Some(0),
        _ => None,
    }
}

impl Hash for Lookup<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.rest {
            Borrowed::Number(number) => state.write_u64(number),
            Borrowed::Text(text) => state.write(text.as_bytes()),
        }
        state.write_u32(self.region);
    }
}

impl StoreKey {
    #[inline]
    pub(super) fn lookup(&self) -> Lookup<'_> {
        let rest = match &self.rest {
            Rest::Number(number) => Borrowed::Number(*number),
            Rest::Text(text) => Borrowed::Text(text),
        };
        Lookup { region: self.region, rest }
    }

    /// The rendered text it stands for.
    pub(super) fn text(&self, prefix: &str) -> Box<str> {
        let prefix = if self.region == WHOLE { "" } else { prefix };
        match &self.rest {
            Rest::Number(number) => format!("{prefix}{number}").into(),
            Rest::Text(text) => format!("{prefix}{text}").into(),
        }
    }
}

impl Hash for StoreKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lookup().hash(state);
    }
}

impl Equivalent<StoreKey> for Lookup<'_> {
    #[inline]
    fn equivalent(&self, own: &StoreKey) -> bool {
        self.region == own.region
            && match (self.rest, &own.rest) {
                (Borrowed::Number(one), Rest::Number(other)) => one == *other,
                (Borrowed::Text(one), Rest::Text(other)) => one == &**other,
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use equivalent::Equivalent;
    use proptest::prelude::*;

    use super::Lookup;

    proptest! {
        /// The reference: the texts themselves.
        #[test]
        fn two_texts_of_a_region_are_the_same_entry_exactly_if_they_are_equal(
            a in "(0|00|-)?[0-9]{0,21}|\\PC{0,4}", b in "(0|00|-)?[0-9]{0,2}|\\PC{0,2}", c in any::<u64>(),
        ) {
            let hash = |lookup: Lookup<'_>| foldhash::fast::FixedState::with_seed(7).hash_one(lookup);
            let c = c.to_string();
            for (one, other) in [(&a, &b), (&a, &a), (&a, &c), (&c, &c), (&b, &b)] {
                let (one_at, other_at) = (Lookup::text(1, one), Lookup::text(1, other));
                let owned = other_at.to_owned();
                prop_assert_eq!(one == other, one_at.equivalent(&owned), "{} and {}", one, other);
                prop_assert_eq!(hash(other_at), foldhash::fast::FixedState::with_seed(7).hash_one(&owned));
                prop_assert!(!Lookup::text(2, other).equivalent(&owned));
            }
        }

        #[test]
        fn a_number_is_its_decimal_form(number in any::<u64>()) {
            let text = number.to_string();
            prop_assert_eq!(Lookup::text(3, &text), Lookup::number(3, number));
            let whole = format!("a:{text}");
            prop_assert_eq!(Lookup::rendered(3, "a:", &whole), Lookup::number(3, number));
        }
    }
}
