use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(10);

/// A process and everything it started.
///
/// A process group would not do: each PostgreSQL backend makes a session of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree {
    root: i32,
}

impl Tree {
    pub(crate) fn of(root: u32) -> Self {
        Self { root: root as i32 }
    }

    /// Stops every process of the tree; once this returns none of them runs.
    ///
    /// # Panics
    ///
    /// If the tree is gone, or does not stop.
    pub(crate) fn stop(self) {
        let members = self.freeze();
        // A child may have been about to end, and a stopped parent does not reap it.
        let at_rest = members.iter().all(|&pid| is_at_rest(pid));
        assert!(
            at_rest && matches!(state(self.root), Some('T' | 't')),
            "process {} cannot be paused: it is not running, or does not stop",
            self.root
        );
    }

    /// Lets every process of the tree go on.
    pub(crate) fn resume(self) {
        let mut members = vec![self.root];
        grow(&mut members, |_| ());
        for pid in members.into_iter().rev() {
            send(pid, Signal::SIGCONT);
        }
    }

    /// Kills every process of the tree; once this returns none of them runs. The root is left for its parent to reap.
    pub(crate) fn kill(self) {
        let members = self.freeze();
        for &pid in &members {
            send(pid, Signal::SIGKILL);
        }
        for &pid in &members {
            wait_until(|| matches!(state(pid), None | Some('Z' | 'X')));
        }
    }

    /// Stops parents before their children are looked for, so that nothing is forked behind the search.
    fn freeze(self) -> Vec<i32> {
        let mut members = vec![self.root];
        halt(&members);
        grow(&mut members, halt);
        members
    }
}

/// Adds the children of `members`, then theirs; each generation is handed to `tend` before the next is looked for.
fn grow(members: &mut Vec<i32>, tend: impl Fn(&[i32])) {
    let mut parents = 0..members.len();
    while !parents.is_empty() {
        let children = children_of(&members[parents.clone()]);
        tend(&children);
        parents = parents.end..parents.end + children.len();
        members.extend(children);
    }
}

fn halt(processes: &[i32]) {
    for &pid in processes {
        send(pid, Signal::SIGSTOP);
    }
    for &pid in processes {
        wait_until(|| is_at_rest(pid));
    }
}

/// A process that is gone already needs no signal.
fn send(pid: i32, signal: Signal) {
    let _gone = signal::kill(Pid::from_raw(pid), signal);
}

fn children_of(parents: &[i32]) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid).is_some_and(|(_, parent)| parents.contains(&parent)))
        .collect()
}

/// Stopped, or no more.
fn is_at_rest(pid: i32) -> bool {
    matches!(state(pid), None | Some('T' | 't' | 'Z' | 'X'))
}

fn state(pid: i32) -> Option<char> {
    stat(pid).map(|(state, _)| state)
}

/// State and parent, the two fields after the name; the name is in brackets and may hold anything, brackets included.
fn stat(pid: i32) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() && Instant::now() < deadline {
        thread::sleep(POLL);
    }
}
