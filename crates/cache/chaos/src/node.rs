use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use mainstay_cache::{Cache, EagerRefresh, FailSafe, MemoryConfig, Region, RegionOptions};
use tokio::runtime::{Builder, Runtime};

use crate::fact::Fact;
use crate::plan::{Mutant, Plan};
use crate::servers::Servers;

pub(crate) const NODES: usize = 3;

/// One node of the service: a cache in a runtime of its own.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) runtime: Runtime,
    pub(crate) handle: Arc<Handle>,
}

/// What tasks of a node work with.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) number: usize,
    pub(crate) cache: Cache,
    pub(crate) facts: Region<str, Fact>,
}

/// How long a value lives, in bounds: longer than a failover takes, or nothing old would be there after it.
const LIFE: u32 = 40;
pub(crate) const PREFIX: &str = "chaos";
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_millis(150);

impl Node {
    pub(crate) fn start(number: usize, servers: &dyn Servers, plan: &Plan) -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(format!("node-{number}"))
            .enable_all()
            .build()?;
        let prefix = match plan.mutant {
            Some(Mutant::Deaf) => format!("{PREFIX}:{number}"),
            _ => PREFIX.to_owned(),
        };
        let bound = if plan.mutant == Some(Mutant::Trusting) { 60 * plan.bound } else { plan.bound };
        let config = servers
            .config(number)
            .prefix(prefix)
            .staleness_bound(bound)
            .command_timeout(COMMAND_TIMEOUT)
            .connect_timeout(2 * COMMAND_TIMEOUT)
            .lease(COMMAND_TIMEOUT)
            .patience(plan.bound)
            // Few, so that long partitions outlast them.
            .announcements_kept(500)
            .backlog(servers.backlog());
        // Values are loaded anew while they are served, and served, marked, when that fails.
        let options = RegionOptions::default()
            .ttl(LIFE * plan.bound)
            .eager_refresh(EagerRefresh::At(0.5))
            .fail_safe(FailSafe::default().throttle(plan.bound / 20));
        let (cache, facts) = runtime.block_on(async {
            let memory = MemoryConfig::default().stamps(16);
            let cache = Cache::builder("chaos").memory(memory).redis(config).build().await?;
            let facts = cache.region("fact", options)?;
            Ok::<_, mainstay_cache::CacheError>((cache, facts))
        })?;
        Ok(Self { runtime, handle: Arc::new(Handle { number, cache, facts }) })
    }
}
