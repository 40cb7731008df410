/// Whether the text is its own canonical form as a component. Eight bytes at a time, since it is asked of every text key that
/// is looked up.
#[inline]
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|word| all_plain(u64::from_le_bytes(*word)))
        // The last word covers the rest and some bytes again.
        && match bytes.last_chunk::<8>() {
            Some(last) => rest.is_empty() || all_plain(u64::from_le_bytes(*last)),
            None => rest.iter().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
            }),
        }
}

/// Whether each of eight bytes is a letter, a digit, or one of `-_.~`. No sum carries into the next byte: 127 and 128 make 255.
#[inline]
fn all_plain(word: u64) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    /// The high bit of every byte, itself below 128, that lies between the two.
    #[inline]
    const fn between(word: u64, least: u8, most: u8) -> u64 {
        (word + (0x80 - least as u64) * EACH) & !(word + (0x7f - most as u64) * EACH)
    }
    let low = word & !HIGH;
    let letters = between(low | (0x20 * EACH), b'a', b'z');
    let others = between(low, b'0', b'9') | between(low, b'-', b'.');
    let plain = letters | others | between(low, b'_', b'_') | between(low, b'~', b'~');
    plain & !word & HIGH == HIGH
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    /// RFC 3986's unreserved characters.
    fn unreserved(c: char) -> bool {
        c.is_ascii_alphanumeric() || "-_.~".contains(c)
    }

    #[test]
    fn every_character_is_judged_alike_in_every_place_of_texts_of_every_length() {
        for length in 0..=18 {
            for place in 0..length {
                for c in ('\0'..='\u{ff}').chain(['\u{17f}', '\u{212a}', '\u{ff21}', '\u{1f600}']) {
                    let mut text: String = "a".repeat(length);
                    text.replace_range(place..=place, c.encode_utf8(&mut [0; 4]));
                    assert_eq!(is_plain(&text), unreserved(c), "{text:?}");
                }
            }
        }
        assert!(is_plain(""));
    }
}
