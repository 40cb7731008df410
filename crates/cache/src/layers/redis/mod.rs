mod answer;
mod calls;
mod client;
mod cluster;
mod control;
mod scripts;
mod sentinel;
mod servers;
mod single;

#[cfg(test)]
pub(crate) use cluster::Cluster;
pub(crate) use servers::Servers;

/// The page of the book, its programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../../../docs/src/cache/redis.md")]
mod page {}
