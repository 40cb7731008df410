#![allow(unused_imports)]

use mainstay_resilience::{Error, with_retry};

trait Valuer {
    #[with_retry(FAST)]
    async fn value_of(&self, id: u64) -> Result<u64, Error<String>>;
}

fn main() {}
