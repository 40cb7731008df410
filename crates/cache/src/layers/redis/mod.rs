mod answer;
mod calls;
mod client;
mod cluster;
mod control;
mod gather;
mod scripts;
mod sentinel;
mod servers;
mod single;

pub(crate) use servers::Servers;
