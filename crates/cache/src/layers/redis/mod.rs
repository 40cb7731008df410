mod answer;
mod client;
mod gather;
mod keeper;
mod scripts;

pub(crate) use keeper::Redis;
