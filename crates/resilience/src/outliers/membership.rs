use super::Outliers;
use crate::telemetry::Observer;

impl<T, C, O: Observer> Outliers<T, C, O> {
    /// Puts an endpoint in, unless it is there already; answers whether it was put in.
    pub fn add(&self, endpoint: T) -> bool
    where
        T: PartialEq,
    {
        let now = self.now();
        let mut set = self.set.lock();
        let is_new = !set.members.iter().any(|member| *member.slot.endpoint == endpoint);
        if is_new {
            set.add(endpoint, now);
        }
        is_new
    }

    /// Takes an endpoint away; answers whether it was there. Calls to it that are under way go on, and move nothing.
    pub fn remove(&self, endpoint: &T) -> bool
    where
        T: PartialEq,
    {
        let now = self.now();
        let mut set = self.set.lock();
        let Some(at) = set.members.iter().position(|member| *member.slot.endpoint == *endpoint) else {
            return false;
        };
        let (gone, readmitted) = set.remove(at, now);
        drop(set);
        drop(gone);
        self.tell_readmitted(readmitted);
        true
    }

    /// Makes the set consist of `endpoints`, as a discovery reports them: new ones are put in, missing ones taken away,
    /// and what is known of the others is kept.
    pub fn update(&self, endpoints: impl IntoIterator<Item = T>)
    where
        T: PartialEq,
    {
        let endpoints: Vec<T> = endpoints.into_iter().collect();
        let known = self.explain().into_iter().map(|report| report.endpoint);
        let missing: Vec<_> = known.filter(|known| !endpoints.contains(known)).collect();
        for endpoint in endpoints {
            self.add(endpoint);
        }
        for endpoint in missing {
            self.remove(&endpoint);
        }
    }
}
