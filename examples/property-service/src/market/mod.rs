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
mod views;

pub use calendar::TODAY;
pub use demand::Demand;
pub use generator::{Market, MarketError};
pub use history::Sale;
pub use home::Home;
pub use listings::Listing;
pub use localities::{LocalitiesError, read_localities, real_localities};
pub use searches::{Search, user_name};
pub use views::DayViews;
