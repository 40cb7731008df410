use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A direction through a [`Proxy`](super::Proxy).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
    /// Both.
    Both,
}

impl Way {
    fn includes(self, other: Self) -> bool {
        self == Self::Both || self == other
    }
}

/// Tells from the first bytes that a client sent whether its connection is meant.
pub(super) type Choice = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Cut,
    Hold,
    Delay(Duration),
    Refuse,
}

#[derive(Clone)]
pub(super) struct Rule {
    /// Tells it from the other rules of its proxy.
    pub(super) number: u64,
    pub(super) choice: Choice,
    pub(super) way: Way,
    pub(super) fault: Fault,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.fault, self.way)
    }
}

/// What one direction of one connection suffers now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weather {
    pub(super) cut: bool,
    pub(super) hold: bool,
    pub(super) delay: Duration,
    pub(super) refuse: bool,
}

impl Weather {
    pub(super) fn of(rules: &[Rule], sent: &[u8], way: Way) -> Self {
        let mut weather = Self::default();
        for rule in rules.iter().filter(|rule| rule.way.includes(way) && (rule.choice)(sent)) {
            match rule.fault {
                Fault::Cut => weather.cut = true,
                Fault::Hold => weather.hold = true,
                Fault::Delay(delay) => weather.delay = delay,
                Fault::Refuse => weather.refuse = true,
            }
        }
        weather
    }
}
