//! A manager that does nothing, and every pool on it, warm.
//!
//! Each peer as its own documentation has it, but for its size and, where it has a check at checkout, both with and without that check:
//! unchecked it does what mainstay does within `check_after`.

use std::convert::Infallible;
use std::time::Duration;

pub(super) struct Idle;

impl mainstay_pool::Manager for Idle {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn check(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

impl deadpool::managed::Manager for Idle {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Idle {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

#[mobc::async_trait]
impl mobc::Manager for Idle {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(7)
    }

    async fn check(&self, connection: u64) -> Result<u64, Infallible> {
        Ok(connection)
    }
}

impl fast_pool::Manager for Idle {
    type Connection = u64;
    // It wants an error that can be made of a text.
    type Error = String;

    async fn connect(&self) -> Result<u64, String> {
        Ok(7)
    }

    async fn check(&self, _: &mut u64) -> Result<(), String> {
        Ok(())
    }
}

/// A pool of any kind.
pub(super) trait AnyPool: Clone + Send + Sync + 'static {
    /// Takes a connection; it goes back when what is returned is dropped.
    fn take(&self) -> impl Future<Output = impl Send> + Send;
}

const WARM: &str = "a warm pool with patient callers has a connection";

impl AnyPool for mainstay_pool::Pool<Idle> {
    async fn take(&self) -> impl Send {
        self.get().await.expect(WARM)
    }
}

impl AnyPool for deadpool::managed::Pool<Idle> {
    async fn take(&self) -> impl Send {
        self.get().await.expect(WARM)
    }
}

impl AnyPool for bb8::Pool<Idle> {
    async fn take(&self) -> impl Send {
        self.get().await.expect(WARM)
    }
}

impl AnyPool for mobc::Pool<Idle> {
    async fn take(&self) -> impl Send {
        self.get().await.expect(WARM)
    }
}

impl AnyPool for fast_pool::Pool<Idle> {
    async fn take(&self) -> impl Send {
        self.get().await.expect(WARM)
    }
}

/// The production profile.
pub(super) async fn mainstay(size: u16) -> mainstay_pool::Pool<Idle> {
    let config = mainstay_pool::PoolConfig::production().min(size.into()).max(size.into());
    let pool = mainstay_pool::Pool::new("b", Idle, config).expect("a profile is valid in a runtime");
    pool.warm().await.expect("connects at once");
    pool
}

/// The builder's defaults: no timeouts, no hooks.
pub(super) async fn deadpool(size: u16) -> deadpool::managed::Pool<Idle> {
    let pool = deadpool::managed::Pool::builder(Idle)
        .max_size(size.into())
        .build()
        .expect("without timeouts it needs no runtime");
    warmed(pool, size).await
}

/// The builder's defaults but for the check; `build` waits until `min_idle` connections are open.
pub(super) async fn bb8(size: u16, test_on_check_out: bool) -> bb8::Pool<Idle> {
    bb8::Pool::builder()
        .max_size(size.into())
        .min_idle(u32::from(size))
        .test_on_check_out(test_on_check_out)
        .build(Idle)
        .await
        .expect("connects at once")
}

/// The builder's defaults but for the check, and for the idle connections it keeps, which are two: it would close the others and connect anew.
pub(super) async fn mobc(size: u16, test_on_check_out: bool) -> mobc::Pool<Idle> {
    let pool = mobc::Pool::builder()
        .max_open(size.into())
        .max_idle(size.into())
        .test_on_check_out(test_on_check_out)
        .build(Idle);
    warmed(pool, size).await
}

/// Its defaults; the check cannot be turned off.
pub(super) async fn fast_pool(size: u16) -> fast_pool::Pool<Idle> {
    let pool = fast_pool::Pool::new(Idle);
    pool.set_max_open(size.into());
    pool.set_max_idle_conns(size.into());
    warmed(pool, size).await
}

/// Takes all at once, for pools that open a connection only when asked.
async fn warmed<P: AnyPool>(pool: P, size: u16) -> P {
    let mut opened = Vec::new();
    for _ in 0..size {
        opened.push(pool.take().await);
    }
    drop(opened);
    // mobc gives back in tasks.
    tokio::time::sleep(Duration::from_millis(1)).await;
    pool
}
