//! What the scripts answer, as the protocol's words.

use std::time::Duration;

use redis::{FromRedisValue, ParsingError, Value};

use crate::backplane::Announcement;
use crate::layers::keeper::{Claim, Pulse, Tidings, Token};
use crate::layers::shared::LayerError;
use crate::stamps::Target;

/// An array, read from its front.
pub(super) struct Answer(std::vec::IntoIter<Value>);

impl FromRedisValue for Answer {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        Vec::<Value>::from_redis_value(value).map(|values| Self(values.into_iter()))
    }
}

impl Answer {
    pub(super) fn next<T: FromRedisValue>(&mut self) -> Result<T, LayerError> {
        read(self.0.next().ok_or_else(|| unheard_of("the answer is too short"))?)
    }

    fn rest(self) -> impl Iterator<Item = Value> {
        self.0
    }

    fn epoch(&mut self) -> Result<u64, LayerError> {
        let raw: Vec<u8> = self.next()?;
        raw.try_into().map(u64::from_be_bytes).map_err(|_| unheard_of("the epoch is not 8 bytes"))
    }
}

pub(super) fn pulse(value: Value) -> Result<Pulse, LayerError> {
    let (epoch, sequence, clock): (Option<Vec<u8>>, Option<u64>, Option<u64>) = read(value)?;
    // A control key that is gone agrees with nobody.
    let epoch = epoch.and_then(|raw| raw.try_into().ok()).map_or(0, u64::from_be_bytes);
    Ok(Pulse { epoch, sequence: sequence.unwrap_or(0), clock: clock.unwrap_or(0) })
}

pub(super) fn tidings(value: Value) -> Result<Tidings, LayerError> {
    let mut answer: Answer = read(value)?;
    let at = Pulse { epoch: answer.epoch()?, clock: answer.next()?, sequence: answer.next()? };
    let missed = answer.next::<Option<Vec<String>>>()?;
    // One that cannot be read might have concerned anything.
    let missed = missed.and_then(|said| said.iter().map(|text| Announcement::parse(text)).collect());
    Ok(Tidings { at, missed, stamps: stamps(answer.next()?)? })
}

/// The stamps of a control key that lives in this epoch.
pub(super) fn stamps_in(epoch: u64, fields: Value) -> Result<Vec<(Target, u64)>, LayerError> {
    let named: Vec<(String, Value)> = read(fields.clone())?;
    let lives = named.iter().find_map(|(name, value)| match value {
        Value::BulkString(raw) if name == "e" => Some(&**raw),
        _ => None,
    });
    if lives == Some(&epoch.to_be_bytes()[..]) { stamps(fields) } else { Err(LayerError::Fenced) }
}

fn stamps(fields: Value) -> Result<Vec<(Target, u64)>, LayerError> {
    let fields: Vec<(String, Value)> = read(fields)?;
    let stamps = fields.into_iter().filter_map(|(name, value)| Some((Target::from_name(&name)?, value)));
    stamps.map(|(target, value)| Ok((target, read(value)?))).collect()
}

pub(super) fn claims(answer: Answer, wanted: usize) -> Result<Vec<(Claim, u64)>, LayerError> {
    let claims = answer.rest().map(claim).collect::<Result<Vec<_>, _>>()?;
    if claims.len() == wanted { Ok(claims) } else { Err(unheard_of("the answer is too short")) }
}

fn claim(value: Value) -> Result<(Claim, u64), LayerError> {
    let mut answer: Answer = read(value)?;
    let kind: String = answer.next()?;
    let claim = match kind.as_str() {
        "found" => Claim::Found(answer.next()?),
        "granted" => {
            let token: Vec<u8> = answer.next()?;
            Claim::Granted(Token(token.try_into().map_err(|_| unheard_of("a token is not 8 bytes"))?))
        }
        "held" => Claim::Held(Duration::from_millis(answer.next()?)),
        other => return Err(unheard_of(&format!("a claim ended with `{other}`"))),
    };
    Ok((claim, answer.next()?))
}

pub(super) fn read<T: FromRedisValue>(value: Value) -> Result<T, LayerError> {
    redis::from_redis_value(value).map_err(|error| LayerError::Away(error.to_string()))
}

fn unheard_of(what: &str) -> LayerError {
    LayerError::Away(what.to_owned())
}
