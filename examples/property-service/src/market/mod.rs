//! A seeded market on the real localities: homes, sales, listings, users, searches, views. No I/O.

mod address;
mod calendar;
mod coast;
mod demand;
mod generator;
mod geography;
mod history;
mod home;
mod listings;
mod localities;
mod population;
mod price;
mod random;
mod searches;
#[cfg(test)]
mod small;
mod views;

pub use calendar::TODAY;
pub use demand::Demand;
pub use generator::Market;
pub use localities::{read_localities, real_localities};
pub use searches::user_name;
#[cfg(test)]
pub use small::{fullest, small_market};
