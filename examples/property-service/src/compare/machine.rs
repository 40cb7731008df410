use serde::Serialize;
use std::fs::read_to_string;

/// What the figures were measured on. `None` where the system does not say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    pub cores: Option<usize>,
    pub cpu: Option<String>,
    pub memory_mb: Option<u64>,
    /// The distribution, else the system's name.
    pub os: String,
    pub kernel: Option<String>,
    pub architecture: &'static str,
    /// The compiler this program was built with.
    pub rustc: Option<&'static str>,
    /// Without optimisation the figures mean little.
    pub optimised: bool,
}

impl Machine {
    /// Asks the system; reads `/proc` and `/etc/os-release` where there are such.
    pub fn this() -> Self {
        let cpu = read_to_string("/proc/cpuinfo").ok();
        let memory = read_to_string("/proc/meminfo").ok();
        let release = read_to_string("/etc/os-release").ok();
        Self {
            cores: std::thread::available_parallelism().ok().map(Into::into),
            cpu: cpu.and_then(|text| field(&text, "model name", ':')),
            memory_mb: memory.and_then(|text| megabytes(&field(&text, "MemTotal", ':')?)),
            os: release
                .and_then(|text| field(&text, "PRETTY_NAME", '='))
                .unwrap_or_else(|| std::env::consts::OS.to_owned()),
            kernel: read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
            architecture: std::env::consts::ARCH,
            rustc: option_env!("PROPERTY_SERVICE_RUSTC"),
            optimised: !cfg!(debug_assertions),
        }
    }
}

/// The value of the first line that starts with `name`.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(separator)?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn megabytes(kilobytes: &str) -> Option<u64> {
    let number: u64 = kilobytes.strip_suffix("kB")?.trim().parse().ok()?;
    Some(number / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_first_matching_line() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: another\n";
        assert_eq!(field(text, "model name", ':').as_deref(), Some("Some CPU @ 2 GHz"));
        assert_eq!(field("NAME=x\nPRETTY_NAME=\"A B\"\n", "PRETTY_NAME", '=').as_deref(), Some("A B"));
        assert_eq!(field(text, "bogomips", ':'), None);
    }

    #[test]
    fn memory_is_in_megabytes_or_unknown() {
        assert_eq!(megabytes("8049376 kB"), Some(7860));
        assert_eq!(megabytes("lots"), None);
    }
}
