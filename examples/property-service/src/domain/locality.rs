use serde::{Deserialize, Serialize};

/// A suburb or town, as the localities file gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Locality {
    /// Its row in the file, from 1; the key everywhere else.
    pub id: u32,
    pub postcode: String,
    pub name: String,
    /// `NSW`, `VIC`, `QLD`, `SA`, `WA`, `TAS`, `NT` or `ACT`.
    pub state: String,
    /// Degrees, south negative.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// SA4 statistical region; empty for 114 localities.
    pub region: String,
    /// Local government area.
    pub lga: String,
    /// ABS remoteness class; empty where the source has none.
    pub remoteness: String,
}
