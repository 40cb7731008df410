use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// What a stream of draws is for.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Population = 1,
    Homes,
    Order,
    History,
    Listings,
    Searches,
    Views,
    Demand,
}

/// The stream of draws for one row of one table. Every row owns its stream, so the market does not depend on
/// the order, or on which thread, its rows are made in.
pub(super) fn stream(seed: u64, table: Table, row: u64) -> Pcg64Mcg {
    // seed_from_u64 scrambles what it is given, so near-by words are as good as distant ones.
    let word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((table as u64) << 56) ^ row;
    Pcg64Mcg::seed_from_u64(word)
}
