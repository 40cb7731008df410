use mainstay_resilience::{Error, with_retry};

struct Valuer {
    asked: u64,
}

impl Valuer {
    #[with_retry(FAST)]
    async fn value_of(&mut self, id: u64) -> Result<u64, Error<String>> {
        self.asked += 1;
        Ok(id)
    }
}

fn main() {}
