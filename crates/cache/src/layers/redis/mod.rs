mod client;
mod scripts;

pub(crate) use client::open;
