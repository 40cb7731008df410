//! Configurations read from files and the environment.
// The jail's closures return figment's error, which is large.
#![allow(clippy::result_large_err)]

use figment::Jail;
use mainstay_pool::{ConfigError, ConfigSource, LaneConfig, PoolConfig, PrimaryReads, ReplicaSetConfig};

use crate::fake::{ms, secs};

const FILE: &str = r#"
[orders]
profile = "high_load"
max = 32
acquire_timeout = "2500ms"
max_lifetime = "never"
keepalive = "1m"
lanes.reports = { cap = 4 }

[small]
max = 6
"#;

fn orders() -> PoolConfig {
    PoolConfig::high_load()
        .max(32)
        .acquire_timeout(ms(2500))
        .max_lifetime(None)
        .keepalive(Some(secs(60)))
        .lane("reports", LaneConfig::default().cap(4))
}

fn source() -> ConfigSource {
    ConfigSource::new().file("pools.toml").unwrap().environment("SHOP_POOL__")
}

/// Runs in a folder and an environment of its own, with `file` as `pools.toml`.
fn with(file: &str, variables: &[(&str, &str)], test: impl FnOnce()) {
    Jail::expect_with(|jail| {
        jail.create_file("pools.toml", file)?;
        for (name, value) in variables {
            jail.set_env(name, value);
        }
        test();
        Ok(())
    });
}

#[test]
fn a_file_names_a_profile_and_changes_it() {
    with(FILE, &[], || {
        assert_eq!(source().pool("orders").unwrap(), orders());
        assert_eq!(source().pool("small").unwrap(), PoolConfig::production().max(6));
        assert_eq!(source().pool("absent").unwrap(), PoolConfig::production());
    });
}

#[test]
fn the_environment_goes_over_the_file() {
    let variables = [
        ("SHOP_POOL__ORDERS__MAX", "48"),
        ("SHOP_POOL__ORDERS__CHECK_AFTER", "50ms"),
        ("SHOP_POOL__ORDERS__LANES__REPORTS__CAP", "3"),
        ("SHOP_POOL__SMALL__PROFILE", "testing"),
    ];
    with(FILE, &variables, || {
        let expected = orders().max(48).check_after(ms(50)).lane("reports", LaneConfig::default().cap(3));
        assert_eq!(source().pool("orders").unwrap(), expected);
        assert_eq!(source().pool("small").unwrap(), PoolConfig::testing().max(6));
    });
}

#[test]
fn what_is_wrong_is_told_with_key_and_origin() {
    let cases = [
        ("[orders]\nmaximum = 3", &[][..], ["`orders.maximum`", "unknown field", "pools.toml"]),
        ("[orders]\nmax = \"many\"", &[], ["`orders.max`", "invalid type", "pools.toml"]),
        ("[orders]\nkeepalive = \"soon\"", &[], ["`orders.keepalive`", "neither a duration", "pools.toml"]),
        ("", &[("SHOP_POOL__ORDERS__MAX", "many")], ["`orders.max`", "invalid type", "environment"]),
        ("[orders]\nmax = 0", &[], ["max = 0", "allowed is 1 to 10000", "min = 5"]),
        ("[orders]\nprofile = \"prod\"", &[], ["`prod`", "production", "high_load"]),
        ("[orders]\nprofile = 3", &[], ["`orders.profile`", "name", "profile"]),
        ("orders = 3", &[], ["`orders`", "table", "settings"]),
        ("[orders", &[], ["TOML", "parse error", "pools.toml"]),
    ];
    for (file, variables, expected) in cases {
        with(file, variables, || {
            let error = source().pool("orders").unwrap_err().to_string();
            for part in expected {
                assert!(error.contains(part), "{file}: {error:?} does not say {part:?}");
            }
        });
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let error = ConfigSource::new().file("nowhere.toml").unwrap_err();
    assert_eq!(error, ConfigError::Unreadable { message: "there is no file nowhere.toml".into() });
}

#[test]
fn a_set_of_replicas_has_a_table_of_its_own() {
    let file = "[listings]\nmax_lag = \"never\"\nprimary_reads = \"share\"\neject_after = 5";
    with(file, &[("SHOP_POOL__LISTINGS__EJECT_AFTER", "2")], || {
        let expected =
            ReplicaSetConfig::default().max_lag(None).primary_reads(PrimaryReads::Share).eject_after(2);
        assert_eq!(source().replica_set("listings"), Ok(expected));
        assert_eq!(source().replica_set("others"), Ok(ReplicaSetConfig::default()));
    });
    with("[listings]\neject_after = 0", &[], || {
        let error = source().replica_set("listings").unwrap_err().to_string();
        assert!(error.contains("eject_after = 0"), "{error}");
    });
    with("[listings]\nmax_lags = \"1s\"", &[], || {
        let error = source().replica_set("listings").unwrap_err().to_string();
        assert!(error.contains("max_lags") && error.contains("pools.toml"), "{error}");
    });
}
