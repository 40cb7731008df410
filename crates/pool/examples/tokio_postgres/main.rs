//! A pool of tokio-postgres connections: `cargo run -p mainstay-pool --example tokio_postgres -- postgres://localhost/app`.

mod manager;

use mainstay_pool::{Pool, PoolConfig};
use manager::TokioPostgres;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("give the URL of a database")?;
    let pool = Pool::new("app", TokioPostgres(url.parse()?), PoolConfig::production())?;
    let held = pool.get().await?;
    let answer: i32 = held.query_one("SELECT 6 * 7", &[]).await?.get(0);
    println!("{answer} from {}", pool.status());
    drop(held);
    pool.close().await;
    Ok(())
}
