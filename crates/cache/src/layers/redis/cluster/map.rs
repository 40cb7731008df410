use std::collections::HashMap;

use crc::{CRC_16_XMODEM, Crc};
use redis::Value;

use crate::layers::redis::answer::read;
use crate::layers::redis::client::Place;
use crate::layers::shared::LayerError;

const SLOTS: u16 = 16_384;
const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);

/// The slot of a key: of what stands between the first braces, if anything does, else of the whole key.
pub(super) fn slot(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    CRC.checksum(tag.filter(|tag| !tag.is_empty()).unwrap_or(key).as_bytes()) % SLOTS
}

/// Who owns which slot, as far as this node has heard.
#[derive(Debug, Default)]
pub(super) struct SlotMap {
    ranges: Vec<(u16, u16, Place)>,
    /// Learnt one by one since.
    moved: HashMap<u16, Place>,
    /// Primaries and replicas: all of them can be asked for the map.
    pub(super) places: Vec<Place>,
}

impl SlotMap {
    pub(super) fn owner(&self, slot: u16) -> Option<&Place> {
        let range = || self.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        self.moved.get(&slot).or_else(|| range().map(|(_, _, place)| place))
    }

    pub(super) fn moved(&mut self, slot: u16, to: Place) {
        self.moved.insert(slot, to);
    }

    /// Reads what `asked` answers to `CLUSTER SLOTS`.
    pub(super) fn parse(answer: Value, asked: &Place) -> Result<Self, LayerError> {
        let mut map = Self::default();
        for range in read::<Vec<Vec<Value>>>(answer)? {
            let mut range = range.into_iter();
            let (Some(first), Some(last)) = (range.next(), range.next()) else { continue };
            let (first, last): (u16, u16) = (read(first)?, read(last)?);
            let places = range.map(|node| place(node, asked)).collect::<Result<Vec<_>, _>>()?;
            if let Some(primary) = places.first() {
                map.ranges.push((first, last, primary.clone()));
            }
            for place in places {
                if !map.places.contains(&place) {
                    map.places.push(place);
                }
            }
        }
        if map.ranges.is_empty() {
            return Err(LayerError::Away("the server knows of no slots".to_owned()));
        }
        Ok(map)
    }
}

fn place(node: Value, asked: &Place) -> Result<Place, LayerError> {
    let mut fields = read::<Vec<Value>>(node)?.into_iter();
    let host: Option<String> = fields.next().map(read).transpose()?.flatten();
    let port = fields.next().map(read).transpose()?.unwrap_or(asked.1);
    // A node that does not know its own name is where it was asked.
    let host = host.filter(|host| !host.is_empty() && host != "?").unwrap_or_else(|| asked.0.clone());
    Ok((host, port))
}

/// Reads the `host:port` that a redirection names.
pub(super) fn redirected(text: &str, by: &Place) -> Option<Place> {
    let (host, port) = text.rsplit_once(':')?;
    let host = if host.is_empty() || host == "?" { &by.0 } else { host };
    Some((host.to_owned(), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{SlotMap, redirected, slot};

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot("123456789"), 0x31C3);
        assert_eq!(slot("foo"), 12_182);
        assert_eq!(slot("{user1000}.following"), slot("user1000"));
        assert_eq!(slot("foo{}{bar}"), 8_363, "empty braces choose nothing");
        assert_eq!(slot("foo{{bar}}zap"), slot("{bar"));
        assert_eq!(slot("foo{bar}{zap}"), slot("bar"));
    }

    fn node(host: Value, port: i64) -> Value {
        Value::Array(vec![host, Value::Int(port), Value::BulkString(b"id".to_vec())])
    }

    #[test]
    fn a_map_is_read_and_corrected() {
        let host = || Value::BulkString(b"10.0.0.2".to_vec());
        let asked = ("seed".to_owned(), 7_000);
        let answer = Value::Array(vec![
            Value::Array(vec![Value::Int(0), Value::Int(99), node(host(), 1), node(host(), 2)]),
            Value::Array(vec![Value::Int(200), Value::Int(299), node(Value::Nil, 3)]),
        ]);
        let mut map = SlotMap::parse(answer, &asked).unwrap();
        assert_eq!(map.owner(99), Some(&("10.0.0.2".to_owned(), 1)));
        assert_eq!(map.owner(100), None);
        assert_eq!(map.owner(200), Some(&("seed".to_owned(), 3)), "it does not know its own name");
        assert_eq!(map.places.len(), 3);
        map.moved(99, ("10.0.0.2".to_owned(), 3));
        assert_eq!(map.owner(99).unwrap().1, 3);
        assert_eq!(map.owner(98).unwrap().1, 1);
        assert!(SlotMap::parse(Value::Array(Vec::new()), &asked).is_err());
    }

    #[test]
    fn redirections_name_a_host_or_the_one_that_answers() {
        let by = ("a".to_owned(), 1);
        assert_eq!(redirected("10.0.0.9:6381", &by), Some(("10.0.0.9".to_owned(), 6_381)));
        assert_eq!(redirected(":6381", &by), Some(("a".to_owned(), 6_381)));
        assert_eq!(redirected("2001:db8::1:6381", &by), Some(("2001:db8::1".to_owned(), 6_381)));
        assert_eq!(redirected("nonsense", &by), None);
    }
}
