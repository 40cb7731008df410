use super::*;
use std::sync::Arc;

const SERVICE: Duration = Duration::from_millis(100);

fn algorithms() -> [(&'static str, AdaptiveConfig); 3] {
    let config = AdaptiveConfig::default().seed(1_u64);
    [
        ("gradient", config.clone()),
        ("vegas", config.clone().algorithm(Algorithm::Vegas)),
        ("aimd", config.algorithm(Algorithm::AIMD).timeout(SERVICE.mul_f64(1.15))),
    ]
}

#[tokio::test(start_paused = true)]
async fn trace() {
    for exponential in [false, true] {
    for (name, config) in algorithms() {
        let service = if exponential { Service::Exponential(SERVICE) } else { Service::Fixed(SERVICE) };
        let server = Server::new(20, service, 7);
        let limit = Arc::new(AdaptiveLimit::new("s", config).unwrap());
        let load = Load::start(&limit, &server, 800.0, 11);
        println!("{name} {exponential} 20: {:?}", watch(&limit, 60).await);
        server.set_places(10);
        println!("{name} {exponential} 10: {:?}", watch(&limit, 60).await);
        println!("{:?}", limit.snapshot());
        server.set_places(40);
        println!("{name} {exponential} 40: {:?}", watch(&limit, 120).await);
        println!("{:?} served {}", limit.snapshot(), load.served());
    }
    }
}
