#![allow(unused_imports)]

use mainstay_resilience::{Error, with_retry};

struct Valuer;

impl Valuer {
    #[with_retry(FAST)]
    async fn value_of(self, id: u64) -> Result<u64, Error<String>> {
        Ok(id)
    }
}

fn main() {}
