#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(feature = "config")]
//! One configuration for a whole cache: where values come from, what is refused, what changes while the process runs.

use std::time::Duration;

use mainstay_cache::config::{
    CacheConfig, Changes, Format, LiveConfig, LoadError, LoadProblem, Origin, Profile, Sources,
};
use mainstay_cache::{RedisConfig, RegionOptions, TtlTable};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn toml(text: &str) -> Sources {
    Sources::new().text("test", Format::Toml, text)
}

fn refused(sources: &Sources) -> Vec<String> {
    let LoadError { problems, .. } = CacheConfig::load(sources).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn without_sources_it_is_the_standard_profile_and_every_profile_is_valid() {
    assert_eq!(CacheConfig::load(&Sources::new()).unwrap(), CacheConfig::default());
    for profile in Profile::ALL {
        profile.config().validate().unwrap();
        profile.redis().validate().unwrap();
        let loaded = CacheConfig::load(&toml(&format!("profile = '{profile}'"))).unwrap();
        assert_eq!(loaded, profile.config());
    }
    assert_eq!(CacheConfig::development().ttl.get("static_data"), Some(secs(60)));
    assert_eq!(CacheConfig::testing().ttl.get("search_results"), Some(secs(5)));
    assert_eq!(CacheConfig::testing().memory.capacity, 100);
    assert_eq!(CacheConfig::production().memory.capacity, 10_000);
    assert_eq!(CacheConfig::production().ttl, TtlTable::default());
    assert_eq!(CacheConfig::high_load().warm.concurrency, 16);
    let fast = CacheConfig::load(&toml("profile = 'high-load'\n[redis]"));
    assert_eq!(fast.is_ok(), cfg!(feature = "redis"));
    assert!(fast.is_err() || fast.unwrap().redis.unwrap().command_timeout == Duration::from_millis(100));
}

#[test]
fn the_later_source_holds_and_what_none_sets_is_the_profiles() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.json");
    std::fs::write(&file, r#"{"memory": {"capacity": 70}, "ttl": {"listings": "90s", "own": "5m"}}"#)
        .unwrap();
    let sources =
        toml("profile = 'production'\n[memory]\ncapacity = 60\nstamps = 64\n[ttl]\nlistings = '80s'")
            .file(&file)
            .optional_file(folder.path().join("absent.toml"))
            .variables([
                ("MAINSTAY_CACHE_TTL__LISTINGS", "100s"),
                ("MAINSTAY_CACHE_WARM__RATE", "500"),
                ("MAINSTAY_CACHE_WARM__DEADLINE", "2m"),
                ("MAINSTAY_CACHE_POPULARITY__CAPACITY", "77"),
                ("MAINSTAY_SERVICE__DATABASE__BREAKER__OPEN_FOR", "1s"),
                ("PATH", "/bin"),
            ]);
    let config = CacheConfig::load(&sources).unwrap();
    assert_eq!((config.memory.capacity, config.memory.stamps), (70, 64));
    assert_eq!(config.ttl.get("listings"), Some(secs(100)));
    assert_eq!(config.ttl.get("own"), Some(secs(300)));
    assert_eq!(config.ttl.get("search_results"), Some(secs(300)));
    assert_eq!((config.warm.rate, config.warm.deadline, config.warm.concurrency), (Some(500), secs(120), 8));
    assert_eq!(config.popularity.capacity, 77);
    assert_eq!((config.redis, config.sqlite, config.postgres), (None, None, None));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_value_range_and_origin() {
    let sources = toml(
        "profile = 'production'\n\
         [memory]\ncapacity = 0\nstamps = 1\nkind = 'redis'\n\
         [warm]\nconcurrency = 'many'\nconcurency = 4\nmax_error_ratio = 7.5\nmin_tried = 0\n\
         [ttl]\nlistings = '400d'\nsearch_results = 'soon'\n\
         [memry]\ncapacity = 5",
    )
    .variables([("MAINSTAY_CACHE_TTL__OWN", "0s"), ("MAINSTAY_CACHE_POPULARITY", "3")])
    .file("/no/such/file.toml");
    let mut told = refused(&sources);
    told.sort();
    let begins = [
        "file `/no/such/file.toml` cannot be read: ",
        "memory.capacity = 0 is out of range: it must be 1 to 100,000,000; set in text `test`",
        "memory.kind = \"redis\" cannot be read: ",
        "memory.stamps = 1 is out of range: it must be 8 to 1,000,000; set in text `test`",
        "memry: no such setting, did you mean `memory`?; set in text `test`",
        "popularity = 3 cannot be read: expected a table; set in environment variable `MAINSTAY_CACHE_POPULARITY`",
        "ttl.listings = \"400d\" is out of range: it must be 1 ms to 365 days; set in text `test`",
        "ttl.own = \"0s\" is out of range: it must be 1 ms to 365 days; \
         set in environment variable `MAINSTAY_CACHE_TTL__OWN`",
        "ttl.search_results = \"soon\" cannot be read: ",
        "warm.concurency: no such setting, did you mean `concurrency`?; set in text `test`",
        "warm.concurrency = \"many\" cannot be read: ",
        "warm.max_error_ratio = 7.5 is out of range: it must be 0 to 1; set in text `test`",
        "warm.min_tried = 0 is out of range: it must be 1 or more; set in text `test`",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told}\ndoes not begin with\n{begin}");
    }
}

#[test]
fn an_unknown_profile_and_a_text_that_is_no_toml_are_told_of() {
    let told = refused(&toml("profile = 'produktion'"));
    assert_eq!(
        told,
        [
            "profile = \"produktion\" cannot be read: expected one of standard, development, testing, production, \
          high_load, did you mean `production`?; set in text `test`"
        ]
    );
    assert!(refused(&toml("profile = "))[0].starts_with("text `test` cannot be read: TOML parse error"));
    let stray = refused(&Sources::new().variables([("MAINSTAY_CACHE_TTL_LISTINGS", "5s")]));
    assert!(stray[0].starts_with("ttl_listings: no such setting"), "{stray:?}");
}

#[test]
fn layers_that_this_build_has_not_are_refused_and_no_password_is_shown() {
    let both = toml("sqlite = 'a.db'\npostgres = 'postgres://ann:secret@db/x'");
    let told = refused(&both);
    assert!(told.iter().any(|told| told.contains("there is one third layer")), "{told:?}");
    assert_eq!(told.iter().any(|told| told.contains("feature `postgres`")), !cfg!(feature = "postgres"));
    let redis = CacheConfig::load(&toml("[redis]\nurl = 'redis://ann:secret@cache:6379'"));
    assert_eq!(redis.is_ok(), cfg!(feature = "redis"));
    let misplaced =
        refused(&toml("redis = 'redis://ann:secret@cache:6379'\npostgres = ['postgres://ann:secret@db/x']"));
    assert!(misplaced[0].contains("redis://cache:6379"), "{misplaced:?}");
    assert!(!misplaced.concat().contains("secret"), "{misplaced:?}");
    let config = CacheConfig::default()
        .redis(RedisConfig::new("redis://ann:secret@cache"))
        .postgres("postgres://ann:secret@db/x");
    let shown = format!("{config:?}");
    assert!(shown.contains("postgres://db/x") && !shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn a_cache_is_built_from_it() {
    let config = CacheConfig::load(&toml("[memory]\ncapacity = 5")).unwrap();
    let cache = config.builder("houses").unwrap().build().await.unwrap();
    assert_eq!(cache.name(), "houses");
    let wrong = CacheConfig::default().ttl(TtlTable::default().with("x", Duration::ZERO));
    assert_eq!(wrong.builder("houses").unwrap_err().field, "ttl");
}

#[test]
fn a_reload_changes_times_to_live_and_tells_what_waits_for_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("[ttl]\nlistings = '1m'\nown = '1s'");
    let live = LiveConfig::load(Sources::new().file(&file)).unwrap();
    let (listings, own) = (live.ttl().get("listings").unwrap(), live.ttl().get("own").unwrap());
    assert_eq!(live.reload().unwrap(), Changes::default());

    write("[ttl]\nlistings = '2m'\nown = '1s'\n[memory]\ncapacity = 7");
    let changes = live.reload().unwrap();
    assert_eq!(changes.to_string(), "ttl.listings: 60s -> 120s; memory: from the next start on");
    assert_eq!((listings.ttl(), own.ttl()), (secs(120), secs(1)));
    assert_eq!(live.current().memory.capacity, 7);

    write("[ttl]\nlistings = '3m'\nown = 'never'");
    let problem = live.reload().unwrap_err().problems.remove(0);
    assert!(
        matches!(&problem, LoadProblem::Malformed { path, origin: Origin::File(at), .. } if path == "ttl.own" && *at == file),
        "{problem}"
    );
    write("[ttl]\nlistings = '3m'");
    assert!(live.reload().unwrap_err().to_string().contains("`own`"), "it is followed");
    assert_eq!((listings.ttl(), live.current().memory.capacity), (secs(120), 7), "everything is as it was");
}

#[tokio::test(start_paused = true)]
async fn a_region_follows_what_is_reloaded_without_being_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.toml");
    std::fs::write(&file, "[ttl]\nsearch_results = '1m'").unwrap();
    let live = LiveConfig::load(Sources::new().file(&file)).unwrap();
    let cache = live.current().builder("houses").unwrap().build().await.unwrap();
    let options = RegionOptions::default().ttl(live.ttl().get("search_results").unwrap());
    let searches = cache.region::<str, u32>("search", options).unwrap();
    searches.set("before", 1).await.unwrap();
    std::fs::write(&file, "[ttl]\nsearch_results = '5s'").unwrap();
    live.reload().unwrap();
    searches.set("after", 2).await.unwrap();
    tokio::time::advance(secs(6)).await;
    assert!(searches.get_cached("after").is_none(), "kept by the new time");
    assert!(searches.get_cached("before").is_some(), "what is stored keeps its time");
    assert_eq!(searches.options().ttl.to_string(), "5s by `search_results`");
}

#[tokio::test(start_paused = true)]
async fn a_watched_file_is_followed_and_refused_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.toml");
    let write = |text: &str| {
        let new = folder.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &file).unwrap();
    };
    write("[ttl]\nlistings = '1m'");
    let live = std::sync::Arc::new(LiveConfig::load(Sources::new().file(&file)).unwrap());
    let listings = live.ttl().get("listings").unwrap();
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn({
        let live = live.clone();
        async move { live.watch(secs(1), |change| drop(tell.send(change))).await }
    });
    write("[ttl]\nlistings = '2m'");
    assert_eq!(heard.recv().await.unwrap().unwrap().ttl.len(), 1);
    assert_eq!(listings.ttl(), secs(120));
    write("[ttl]\nlistings = 'x'");
    assert!(heard.recv().await.unwrap().is_err());
    tokio::time::sleep(secs(5)).await;
    assert!(heard.try_recv().is_err(), "the same is not refused twice");
    write("[ttl]\nlistings = '4m'");
    assert!(heard.recv().await.unwrap().is_ok());
    assert_eq!(listings.ttl(), secs(240));
    watching.abort();
}
