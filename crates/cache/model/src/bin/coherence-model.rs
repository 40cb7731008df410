//! temporary
use mainstay_cache_model::{catalogue, explore};
use std::time::Duration;
fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let secs: u64 = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(20);
    for case in catalogue::all() {
        if !case.name().contains(&only) { continue; }
        let found = explore(case.model(), Some(Duration::from_secs(secs)));
        let broken: Vec<_> = found.broken.iter().map(|b| format!("{}({})", b.promise, b.steps.len())).collect();
        println!("{:<60} {:<30} {:>10} {:>6.1}s {} {} {}", case.name(), broken.join(" "), found.states, found.took.as_secs_f32(), if found.whole {"whole"} else {"CUT"}, if found.sane {""} else {"INSANE"}, if broken.iter().map(|b|b.split('(').next().unwrap()).eq(case.breaks.iter().copied()) {""} else {"???"});
    }
}
