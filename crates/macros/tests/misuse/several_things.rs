use mainstay_resilience::with_retry;

struct Valuer;

impl Valuer {
    #[with_retry(FAST)]
    fn notify(self) {}
}

fn main() {}
