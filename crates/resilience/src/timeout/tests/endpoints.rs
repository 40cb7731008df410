use crate::{
    Error, FutureExt as _, PolicyExt,
    telemetry::{Event, OnEvent, PolicyId},
    timeout::{EndpointConfig, EndpointTimeouts, EndpointTimeoutsConfig},
};
use futures::FutureExt as _;
use parking_lot::Mutex;
use std::{future::pending, sync::Arc, time::Duration};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn endpoints(config: EndpointTimeoutsConfig) -> EndpointTimeouts {
    EndpointTimeouts::new("api", config).unwrap()
}

fn found(endpoints: &EndpointTimeouts, method: &str, path: &str) -> (String, u64) {
    let timeout = endpoints.find(method, path);
    (timeout.name().into(), timeout.limit().expect("not in shadow mode").as_secs())
}

#[test]
fn the_defaults_are_the_reports() {
    let endpoints = endpoints(EndpointTimeoutsConfig::default());
    for (path, expected) in [
        ("/health/ready", ("health", 1)),
        ("/api/auth/login", ("auth", 5)),
        ("/api/properties/7", ("properties", 10)),
        ("/api/search?suburb=Newtown", ("search", 15)),
        ("/api/ml/train", ("ml_training", 60)),
        ("/api/ml/predict", ("default", 10)),
        ("/", ("default", 10)),
    ] {
        assert_eq!(found(&endpoints, "GET", path), (expected.0.into(), expected.1), "{path}");
    }
}

#[test]
fn a_prefix_is_of_whole_segments() {
    let endpoints = endpoints(EndpointTimeoutsConfig::default().default_after(secs(3)));
    for path in [
        "/api/properties-old",
        "/api/propertiesx/7",
        "/api/Properties",
        "/api",
        "api",
        "",
        "*",
        "/x/api/search",
    ] {
        assert_eq!(found(&endpoints, "GET", path), ("default".into(), 3), "{path}");
    }
    for path in [
        "/api/properties",
        "/api/properties/",
        "/api//properties",
        "/api/properties?page=2",
        "/api/properties#top",
    ] {
        assert_eq!(found(&endpoints, "GET", path), ("properties".into(), 10), "{path}");
    }
}

#[test]
fn the_longest_prefix_with_the_method_wins_whatever_the_order() {
    let of = |name: &str, prefix: &str, after| EndpointConfig::new(name, prefix, secs(after));
    let config = EndpointTimeoutsConfig::only(secs(1))
        .endpoint(of("deep", "/a/b/c", 4).method("POST").method("PUT"))
        .endpoint(of("root", "/", 2).method("GET"))
        .endpoint(of("middle", "/a/b", 3))
        .endpoint(of("write", "/a/b", 5).method("DELETE"));
    let endpoints = endpoints(config);
    for (method, path, expected) in [
        ("POST", "/a/b/c/d", "deep"),
        ("PUT", "/a/b/c", "deep"),
        ("GET", "/a/b/c", "middle"),
        ("DELETE", "/a/b/c", "write"),
        ("GET", "/a", "root"),
        ("HEAD", "/a", "root"),
        ("POST", "/a", "default"),
        ("post", "/a/b/c", "middle"),
    ] {
        assert_eq!(found(&endpoints, method, path).0, expected, "{method} {path}");
    }
}

#[test]
fn an_endpoint_replaces_the_one_of_its_prefix_and_methods() {
    let config =
        EndpointTimeoutsConfig::default().endpoint(EndpointConfig::new("find", "/api/search", secs(2)));
    assert_eq!(config.endpoints.len(), 5);
    assert_eq!(found(&endpoints(config), "GET", "/api/search"), ("find".into(), 2));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut config = EndpointTimeoutsConfig::only(secs(0));
    let wrong = |name: &str, prefix: &str, after| EndpointConfig::new(name, prefix, secs(after));
    config.endpoints = vec![
        wrong("", "/a", 1),
        wrong("default", "b", 1),
        wrong("c", "/c//d", 0),
        wrong("e", "/e?x", 1).method("get").method(""),
        wrong("f", "/f/", 1).method("GET"),
        wrong("g", "/g", 1).method("GET"),
        wrong("h", "/g", 1).method("PUT").method("GET"),
        wrong("g", "/i", 2),
        wrong("j", "/i", 2),
    ];
    let error = EndpointTimeouts::new("api", config).unwrap_err();
    let fields: Vec<_> = error.problems.iter().map(|problem| &*problem.field).collect();
    let expected = [
        "default",
        "endpoints[0].name",
        "endpoints[1].name",
        "endpoints[1].prefix",
        "endpoints[2].prefix",
        "endpoints[2].after",
        "endpoints[3].prefix",
        "endpoints[3].methods",
        "endpoints[3].methods",
        "endpoints[4].prefix",
        "endpoints[6].prefix",
        "endpoints[7].after",
        "endpoints[8].prefix",
    ];
    assert_eq!(fields, expected, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("policy `api`: default = 0ns is out of range: it must be longer than 0s")
    );
}

/// Against the plainest reference: try every row, keep the longest. 2,000 tables, 20 lookups each.
#[test]
fn finds_what_a_search_of_all_rows_finds() {
    let seed = 7;
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let methods = ["GET", "POST", "PUT"];
    let path = |random: &mut fastrand::Rng, most| -> String {
        (0..random.usize(0..=most)).map(|_| ["/a", "/b", "/ab"][random.usize(0..3)]).collect()
    };
    for _ in 0..2_000 {
        let mut config = EndpointTimeoutsConfig::only(secs(1));
        for row in 0..random.usize(0..12) {
            let prefix = Some(path(&mut random, 4)).filter(|path| !path.is_empty()).unwrap_or("/".into());
            let endpoint = EndpointConfig::new(format!("row {row}"), prefix, secs(2));
            let method = methods.get(random.usize(0..4));
            config = config
                .endpoint(method.into_iter().fold(endpoint, |endpoint, method| endpoint.method(*method)));
        }
        let endpoints = endpoints(config.clone());
        for _ in 0..20 {
            let (method, path) = (methods[random.usize(0..3)], path(&mut random, 6));
            let covers = |endpoint: &&EndpointConfig| {
                let prefix = endpoint.prefix.trim_end_matches('/');
                path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    && (endpoint.methods.is_empty() || endpoint.methods.contains(&method.to_owned()))
            };
            let rank = |endpoint: &&EndpointConfig| {
                (endpoint.prefix.trim_end_matches('/').len(), !endpoint.methods.is_empty())
            };
            let expected = config.endpoints.iter().filter(covers).max_by_key(rank);
            let expected = expected.map_or("default", |endpoint| &endpoint.name);
            assert_eq!(endpoints.find(method, &path).name(), expected, "{method} {path} in {config:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reconfigured_an_endpoint_of_the_same_name_keeps_its_count() {
    let endpoints = endpoints(EndpointTimeoutsConfig::default());
    let search = endpoints.find("GET", "/api/search");
    let late = search.call(pending::<Result<(), &str>>).await;
    assert_eq!(late, Err(Error::Timeout { policy: "search".into(), after: secs(15) }));
    let moved = EndpointConfig::new("search", "/v2/search", secs(3));
    endpoints.reconfigure(EndpointTimeoutsConfig::only(secs(4)).endpoint(moved)).unwrap();
    let now = endpoints.find("GET", "/v2/search");
    assert!(Arc::ptr_eq(&search, &now));
    assert_eq!((now.timed_out(), now.limit()), (1, Some(secs(3))));
    assert_eq!(found(&endpoints, "GET", "/api/search"), ("default".into(), 4));
    assert_eq!(endpoints.all().len(), 2);
    endpoints.reconfigure(EndpointTimeoutsConfig::only(secs(0))).unwrap_err();
    assert_eq!(
        found(&endpoints, "GET", "/v2/search"),
        ("search".into(), 3),
        "a refused table changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_no_endpoint_cancels() {
    let endpoints = endpoints(EndpointTimeoutsConfig::only(secs(1)).shadow(true));
    let limit = endpoints.find("GET", "/");
    assert_eq!(limit.limit(), None);
    tokio::time::sleep(secs(2)).map(Ok::<_, &str>).under(&*limit).await.unwrap();
    assert_eq!(limit.timed_out(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_endpoint_tells_a_copy_of_the_observer() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = heard.clone();
    let observer = OnEvent::new(move |id: &PolicyId, event| hear.lock().push((id.name.to_string(), event)));
    let endpoints = endpoints(EndpointTimeoutsConfig::default()).observe(observer);
    for path in ["/api/auth", "/"] {
        endpoints.find("GET", path).call(pending::<Result<(), &str>>).await.unwrap_err();
    }
    let timed_out = |name: &str, after| (name.to_owned(), Event::TimedOut(secs(after)));
    assert_eq!(*heard.lock(), [timed_out("auth", 5), timed_out("default", 10)]);
}

#[test]
fn a_lookup_allocates_nothing() {
    let endpoints = endpoints(EndpointTimeoutsConfig::default());
    let look_up = || drop(std::hint::black_box(endpoints.find("GET", "/api/properties/7/photos?size=large")));
    // A thread's first sight of anything that can be exchanged while it is read makes a note of the thread.
    look_up();
    let allocated = allocation_counter::measure(look_up);
    assert_eq!(allocated.count_total, 0);
}

#[cfg(feature = "config")]
#[test]
fn it_is_read_from_a_file_and_written_back() {
    let text = r#"{
        "default": "2s",
        "endpoints": [{ "name": "train", "prefix": "/ml", "methods": ["POST"], "after": "1m" }]
    }"#;
    let config: EndpointTimeoutsConfig = serde_json::from_str(text).unwrap();
    let expected = EndpointConfig::new("train", "/ml", secs(60)).method("POST");
    assert_eq!(config, EndpointTimeoutsConfig::only(secs(2)).endpoint(expected));
    let again = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<EndpointTimeoutsConfig>(&again).unwrap(), config);
    let unknown = r#"{ "endpoints": [{ "name": "a", "prefix": "/", "after": "1s", "methud": [] }] }"#;
    serde_json::from_str::<EndpointTimeoutsConfig>(unknown).unwrap_err();
}
