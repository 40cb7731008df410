use super::super::figures::{Unit, significant};
use super::super::{Report, Side};
use super::page::{escape, section};
use serde_json::Value;
use std::fmt::Write;

/// What it was measured on, with and by.
pub(super) fn facts(report: &Report) -> String {
    let machine = &report.machine;
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let mut facts = vec![
        ("machine".to_owned(), {
            let cores = or_unknown(machine.cores.map(|cores| cores.to_string()));
            let memory = machine.memory_mb.map(|mb| mb as f64 / 1024.0);
            let memory = or_unknown(memory.map(|gb| format!("{} GiB", significant(gb))));
            format!("{cores} cores, {}, {memory}, {}", or_unknown(machine.cpu.clone()), machine.os)
        }),
        ("compiler".to_owned(), {
            let build =
                if machine.optimised { "optimised" } else { "not optimised: the figures mean little" };
            format!("{}, {build}", machine.rustc.unwrap_or("unknown"))
        }),
        ("load generator's lateness".to_owned(), {
            let lag = |side: &Side| Unit::Milliseconds.show(side.details.start_lag_ms.p99);
            format!(
                "p99 {} before, {} after; part of each response time",
                lag(&report.before),
                lag(&report.after)
            )
        }),
        (
            "capacity trials".to_owned(),
            format!("{}; {}", trials("before", &report.before), trials("after", &report.after)),
        ),
    ];
    for (name, value) in [("market", &report.market), ("arguments", &report.arguments)] {
        facts.push((name.to_owned(), flat(value)));
    }
    facts.push((
        "versions".to_owned(),
        report
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
            .join(", "),
    ));
    let mut body = String::from("<dl>");
    for (name, value) in facts {
        _ = write!(body, "<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&value));
    }
    section("How it was measured", "Every figure on this page is of this one run.", "", &(body + "</dl>"))
}

fn trials(name: &str, side: &Side) -> String {
    let trials = &side.details.capacity_trials;
    if trials.is_empty() {
        return format!("{name} none");
    }
    let each: Vec<String> = trials
        .iter()
        .map(|trial| format!("{}/s {}", significant(trial.rate), if trial.held { "held" } else { "failed" }))
        .collect();
    format!("{name} {}", each.join(", "))
}

/// `name value, name value` of an object, without what is null.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), flat(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
