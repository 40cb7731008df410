mod answer;
mod client;
mod keeper;
mod scripts;

pub(crate) use keeper::Redis;
