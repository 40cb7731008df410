//! The pool on a real SQLite file.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, missing_docs)]

use mainstay_pool::managers::sqlite::{SqliteFile, SqliteManager};
use mainstay_pool::{Pool, PoolConfig};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, SqliteConnection};

async fn pool(folder: &tempfile::TempDir, always_reset: bool) -> Pool<SqliteManager> {
    let options = SqliteConnectOptions::new().filename(folder.path().join("app.db")).create_if_missing(true);
    let manager = SqliteManager::new(options).always_reset(always_reset);
    let pool = Pool::new("app", manager, PoolConfig::testing().min(0).max(1)).unwrap();
    pool.get().await.unwrap().execute("CREATE TABLE visits (page TEXT NOT NULL)").await.unwrap();
    pool
}

async fn visits(connection: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM visits").fetch_one(connection).await.unwrap()
}

const VISIT: &str = "INSERT INTO visits VALUES ('/')";

#[tokio::test]
async fn what_is_written_is_there_for_the_next_connection() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder, true).await;
    pool.get().await.unwrap().execute(VISIT).await.unwrap();
    assert_eq!(visits(&mut pool.get().await.unwrap()).await, 1);
    let mut held = pool.get().await.unwrap();
    held.broken();
    drop(held);
    assert_eq!(visits(&mut pool.get().await.unwrap()).await, 1, "on a new connection to the same file");
    pool.close().await;
}

#[tokio::test]
async fn a_transaction_opened_by_a_bare_begin_is_rolled_back_on_return() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder, true).await;
    let mut held = pool.get().await.unwrap();
    held.execute("BEGIN IMMEDIATE").await.unwrap();
    held.execute(VISIT).await.unwrap();
    drop(held);
    let mut next = pool.get().await.unwrap();
    assert_eq!(visits(&mut next).await, 0);
    next.execute("BEGIN").await.expect("no transaction is open any more");
    assert_eq!(pool.status().size, 1, "the connection was kept");
}

#[tokio::test]
async fn a_transaction_dropped_in_the_middle_is_rolled_back() {
    for always_reset in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let pool = pool(&folder, always_reset).await;
        let mut held = pool.get().await.unwrap();
        let mut transaction = held.begin().await.unwrap();
        transaction.execute(VISIT).await.unwrap();
        drop(transaction);
        drop(held);
        let mut next = pool.get().await.unwrap();
        assert_eq!(visits(&mut next).await, 0, "always_reset = {always_reset}");
        next.execute("BEGIN").await.expect("no transaction is open any more");
    }
}

#[tokio::test]
async fn a_connection_with_a_forgotten_transaction_is_closed() {
    for always_reset in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let pool = pool(&folder, always_reset).await;
        let mut held = pool.get().await.unwrap();
        let mut transaction = held.begin().await.unwrap();
        transaction.execute(VISIT).await.unwrap();
        std::mem::forget(transaction);
        drop(held);
        let mut next = pool.get().await.unwrap();
        assert_eq!(visits(&mut next).await, 0, "always_reset = {always_reset}");
        assert!(!next.is_in_transaction());
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_the_reason_of_the_timeout() {
    let options = SqliteConnectOptions::new().filename("/nowhere/at/all.db");
    let patience = std::time::Duration::from_millis(100);
    let config = PoolConfig::testing().acquire_timeout(patience).check_timeout(patience);
    let pool = Pool::new("app", SqliteManager::new(options), config).unwrap();
    let error = pool.get().await.unwrap_err();
    assert!(error.to_string().contains("unable to open database file"), "{error}");
}

fn file(folder: &tempfile::TempDir) -> SqliteFile {
    let options = SqliteConnectOptions::new().filename(folder.path().join("app.db")).create_if_missing(true);
    SqliteFile::new("app", options, PoolConfig::testing().min(2).max(4)).unwrap()
}

#[tokio::test]
async fn the_readers_of_a_file_wait_for_no_writer_and_see_what_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    file.warm().await.unwrap();
    let mut writer = file.write().await.unwrap();
    writer.execute("CREATE TABLE visits (page TEXT NOT NULL)").await.unwrap();
    let mut transaction = writer.begin().await.unwrap();
    transaction.execute(VISIT).await.unwrap();
    let mut readers = Vec::new();
    for _ in 0..4 {
        let mut reader = file.read().await.unwrap();
        assert_eq!(visits(&mut reader).await, 0, "not committed yet");
        readers.push(reader);
    }
    transaction.commit().await.unwrap();
    for reader in &mut readers {
        assert_eq!(visits(reader).await, 1);
    }
    drop((readers, writer));
    file.close().await;
}

#[tokio::test]
async fn writers_wait_in_line_instead_of_finding_the_file_busy() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    file.write().await.unwrap().execute("CREATE TABLE visits (page TEXT NOT NULL)").await.unwrap();
    let writes = (0..50).map(|_| {
        let file = file.clone();
        tokio::spawn(async move {
            let mut held = file.write().await.unwrap();
            let mut transaction = held.begin().await.unwrap();
            transaction.execute(VISIT).await.unwrap();
            transaction.commit().await.unwrap();
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    assert_eq!(visits(&mut file.read().await.unwrap()).await, 50);
    assert_eq!(file.writer().status().size, 1);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder);
    file.write().await.unwrap().execute("CREATE TABLE visits (page TEXT NOT NULL)").await.unwrap();
    let error = file.read().await.unwrap().execute(VISIT).await.unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}
