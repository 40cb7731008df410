use std::sync::Arc;

use crate::stamps::Target;

/// What the keeper tells all nodes when something was made dead or overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) epoch: u64,
    /// Dense within an epoch.
    pub(crate) sequence: u64,
    pub(crate) clock: u64,
    /// The node that caused it.
    pub(crate) node: u64,
    pub(crate) what: Told,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Dead { keys: Vec<Arc<str>>, version: u64 },
    Overwritten { keys: Vec<Arc<str>>, version: u64 },
    Stamped(Target),
}

impl Announcement {
    /// Reads `epoch sequence clock node kind version`, blank-separated, then a line for each key, or the stamp's name, which
    /// may hold anything.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once('\n')?;
        let mut words = head.split(' ');
        let epoch = u64::from_str_radix(words.next()?, 16).ok()?;
        let sequence = words.next()?.parse().ok()?;
        let clock = words.next()?.parse().ok()?;
        let node = u64::from_str_radix(words.next()?, 16).ok()?;
        let kind = words.next()?;
        let version = words.next()?.parse().ok()?;
        let keys = || body.split('\n').map(Arc::from).collect();
        let what = match kind {
            "k" => Told::Dead { keys: keys(), version },
            "s" => Told::Overwritten { keys: keys(), version },
            "t" => Told::Stamped(Target::from_name(body)?),
            _ => return None,
        };
        Some(Self { epoch, sequence, clock, node, what })
    }
}

#[cfg(test)]
mod tests {
    use super::{Announcement, Told};
    use crate::stamps::Target;

    #[test]
    fn what_is_written_is_read() {
        let read = |text| Announcement::parse(text).unwrap();
        let keys = read("ff 3 12 a0 k 7\nhome:1\nhome:2");
        assert_eq!((keys.epoch, keys.sequence, keys.clock, keys.node), (255, 3, 12, 160));
        assert_eq!(keys.what, Told::Dead { keys: vec!["home:1".into(), "home:2".into()], version: 7 });
        assert_eq!(read("1 1 1 1 t 0\nt:a\nb").what, Told::Stamped(Target::Tag("a\nb".into())));
        assert_eq!(read("1 1 1 1 t 0\n*").what, Told::Stamped(Target::All));
    }

    #[test]
    fn foreign_text_is_none() {
        for text in ["", "1 1 1 1 k 0", "1 1 1 1 x 0\na", "z 1 1 1 k 0\na", "1 1 1 1 t 0\nq:a"] {
            assert_eq!(Announcement::parse(text), None, "{text:?}");
        }
    }
}
