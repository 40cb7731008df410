/// Which part of the market people ask for: popular homes, suburbs and words come up more often.
pub trait DemandSource {
    fn property(&mut self) -> i64;
    fn locality(&mut self) -> u32;
    fn search_text(&mut self) -> String;
    fn user(&mut self) -> u32;
    /// A price near the one `id` has, whole dollars.
    fn new_price(&mut self, id: i64) -> i64;
}
