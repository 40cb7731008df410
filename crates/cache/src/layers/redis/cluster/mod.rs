//! A Redis Cluster as the keeper. The keys of the cache are dealt out to a fixed number of *buckets*, each a slot of its own
//! with an epoch of its own; epoch, clock, stamps and announcements of the whole have another slot.

mod bucket;
mod commands;
#[cfg(test)]
mod introductions;
mod keeper;
mod line;
mod map;
mod route;
mod shards;

pub(crate) use commands::Cluster;
