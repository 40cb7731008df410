//! Queues whose figures are known from theory.

use super::{ms, secs};
use mainstay_resilience::sim::{Clients, Report, Scenario, Server, ServiceTime, Simulation};
use std::time::Duration;

const SEED: u64 = 20_261;

/// Plays it without any policy, all callers patient.
fn play(capacity: usize, service: ServiceTime, clients: Clients, duration: Duration) -> Report {
    let server = Server::default().capacity(capacity).service_time(service);
    let scenario = Scenario::new(server, clients.patience(None)).lasting(duration).seed(SEED);
    Simulation::new("calibration", scenario).unwrap().run(async |simulation| simulation.drive(&()).await)
}

#[track_caller]
fn assert_close(what: &str, found: f64, theory: f64, within: f64) {
    let off = found / theory - 1.0;
    assert!(
        off.abs() <= within,
        "{what}: {found:.5}, in theory {theory:.5}: off by {:.2} %, seed {SEED}",
        off * 100.0
    );
}

/// Erlang's C: the share of arrivals that wait at `servers` servers under an offered load of `load`.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..servers {
        sum += term;
        term *= load / f64::from(k + 1);
    }
    let waits = term / (1.0 - load / f64::from(servers));
    waits / (sum + waits)
}

#[test]
fn erlang_c_is_what_tables_say() {
    assert_close("one server waits as often as it is busy", erlang_c(1, 0.7), 0.7, 1e-12);
    assert_close("two servers, load 1", erlang_c(2, 1.0), 1.0 / 3.0, 1e-12);
}

/// M/M/1 and M/M/c: mean wait, utilisation, and Little's law for requests present.
#[test]
fn random_arrivals_and_exponential_service_wait_as_long_as_erlang_says() {
    let queues = [
        (1, 6.0, ms(100), secs(4 * 3600)),
        (1, 8.0, ms(100), secs(4 * 3600)),
        (4, 32.0, ms(100), secs(3600)),
        (10, 80.0, ms(100), secs(3600)),
    ];
    for (servers, per_second, mean, duration) in queues {
        let service = ServiceTime::exponential(mean);
        let report = play(servers, service, Clients::poisson(per_second), duration);
        let figures = report.whole().figures().clone();
        let (load, count) = (per_second * mean.as_secs_f64(), servers as f64);
        let wait = erlang_c(servers as u32, load) * mean.as_secs_f64() / (count - load);
        let name = format!("M/M/{servers} under {load:.1}");
        assert_close(&format!("{name}, mean wait"), figures.wait.as_secs_f64(), wait, 0.05);
        assert_close(&format!("{name}, utilisation"), figures.utilisation, load / count, 0.01);
        let present = per_second * (wait + mean.as_secs_f64());
        assert_close(&format!("{name}, present"), figures.in_flight, present, 0.03);
    }
}

/// Time in an M/M/1 is exponential with rate μ − λ.
#[test]
fn latencies_of_one_exponential_server_are_exponential() {
    let service = ServiceTime::exponential(ms(100));
    let report = play(1, service, Clients::poisson(6.0), secs(4 * 3600));
    let latency = report.whole().figures().latency;
    for (name, found, share) in
        [("p50", latency.p50, 0.5), ("p95", latency.p95, 0.95), ("p99", latency.p99, 0.99)]
    {
        // A caller sees whole milliseconds, rounded up.
        let found = found.as_secs_f64() - 0.000_5;
        assert_close(name, found, -(1.0_f64 - share).ln() / (10.0 - 6.0), 0.05);
    }
}

/// Pollaczek and Khinchine: the wait depends on the second moment of the service time.
#[test]
fn other_service_times_wait_as_long_as_their_second_moment_says() {
    let (per_second, mean) = (6.0, 0.1_f64);
    let services = [
        (ServiceTime::constant(ms(100)), mean * mean),
        (ServiceTime::log_normal(ms(100), 0.7), mean * mean * (0.7_f64 * 0.7).exp()),
    ];
    for (service, second_moment) in services {
        let report = play(1, service, Clients::poisson(per_second), secs(4 * 3600));
        let theory = per_second * second_moment / (2.0 * (1.0 - per_second * mean));
        let found = report.whole().figures().wait.as_secs_f64();
        assert_close(&format!("{service:?}, mean wait"), found, theory, 0.05);
    }
}

#[test]
fn even_arrivals_and_even_service_are_exact() {
    let report = play(1, ServiceTime::constant(ms(8)), Clients::constant(100.0), secs(10));
    let figures = report.whole().figures().clone();
    // At 10 ms, 20 ms … 9.99 s.
    assert_eq!((figures.offered, figures.succeeded, figures.attempts), (999, 999, 999));
    assert_eq!((figures.latency.p50, figures.latency.max, figures.wait), (ms(8), ms(8), ms(0)));
    assert_eq!(figures.utilisation, 0.7992);
}

#[test]
fn even_overload_makes_each_wait_longer_than_the_one_before_by_the_same() {
    let report = play(1, ServiceTime::constant(ms(12)), Clients::constant(100.0), secs(1));
    let figures = report.whole().figures().clone();
    // 99 calls; the nth waits n − 1 times 2 ms.
    assert_eq!(figures.offered, 99);
    assert_eq!((figures.wait, figures.latency.max), (ms(98), ms(98 * 2 + 12)));
    assert_eq!(figures.utilisation, 0.99);
}

/// 50 users who think for 2 s on average are served in 100 ms as long as nobody waits: 50 / 2.1 s calls a second.
#[test]
fn users_who_wait_for_answers_call_as_often_as_their_cycle_allows() {
    let clients = Clients::closed(50, ServiceTime::exponential(secs(2)));
    let report = play(50, ServiceTime::exponential(ms(100)), clients, secs(3600));
    assert_close("calls", report.whole().figures().offered as f64, 3600.0 * 50.0 / 2.1, 0.02);
    assert_eq!(report.whole().figures().wait, ms(0));
}
