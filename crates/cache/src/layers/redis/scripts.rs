use redis::Script;

/// The scripts. `KEYS[1]` is the one key that holds epoch, run, clock, count and stamps, so that they are lost together:
/// `e` epoch (8 raw bytes), `r` run id of the server it was made for, `c` clock, `q` number of the last announcement, `v` the
/// clock at the last stamp, `*` the floor, `t:<tag>` and `p:<glob>` stamps. `KEYS[2]` is the stream of announcements, and the
/// name of their channel.
///
/// `ARGV[1]` is the epoch the node lives in: in another, everything is refused (`FENCED`). `ARGV[2]` is the node's clock,
/// which the shared one never falls behind. Clocks stay below 2^53, where Lua's numbers are exact, and `%.0f` keeps them out
/// of exponent form; versions are compared as decimal text, since they may be any 64 bits.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) hello: Script,
    pub(super) claim: Script,
    pub(super) renew: Script,
    pub(super) commit: Script,
    pub(super) prolong: Script,
    pub(super) store: Script,
    pub(super) revoke: Script,
    pub(super) stamp: Script,
    pub(super) clock: Script,
    pub(super) tell: Script,
}

/// Where a value's slot has no control key: `KEYS[1]`, and `KEYS[2]` again, holds the bucket's epoch (8 raw bytes) and the run
/// id it was made for. `ARGV[1]` is that epoch, `ARGV[2]` what values and tokens are stamped with, and where the clock is
/// wanted, it is `ARGV[3]`. What is to be announced is told by another script, where the control key is.
const BUCKET: &str = r"
local lives = redis.call('GET', meta)
if not lives or string.sub(lives, 1, 8) ~= ARGV[1] then
  return redis.error_reply('FENCED the bucket lives in another epoch')
end
local epoch, clock, stamped = ARGV[2], tonumber(ARGV[3]) or 0, ARGV[3]
local function tick() end
local function announce() end
";

/// `ARGV[1]` an epoch to begin, `ARGV[2]` the server's run id. As with `HELLO`, another run begins a new one.
pub(super) const HELLO_BUCKET: &str = r"
local lives = redis.call('GET', KEYS[1])
if lives and string.sub(lives, 9) == ARGV[2] then return string.sub(lives, 1, 8) end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2])
return ARGV[1]
";

const WORDS: &str = r"
local meta, stream = KEYS[1], KEYS[2]
local function text(n) return string.format('%.0f', n) end
local function micros() local t = redis.call('TIME'); return t[1] * 1000000 + t[2] end
local function older(a, b) return #a < #b or (#a == #b and a < b) end
";

/// A missing epoch, or another server than the one it was made for, begins a new one: what the server lost is not known.
const HELLO: &str = r"
local m = redis.call('HMGET', meta, 'e', 'c', 'q', 'r')
local epoch, clock, count, seen = m[1], tonumber(m[2] or '0'), tonumber(m[3] or '0'), tonumber(ARGV[2])
if not epoch or m[4] ~= ARGV[3] then
  epoch, count, clock = ARGV[1], 0, math.max(micros(), seen, clock)
  redis.call('DEL', stream)
  redis.call('HSET', meta, 'e', epoch, 'r', ARGV[3], 'c', text(clock), 'q', '0', 'v', text(clock))
elseif seen > clock then
  clock = seen
  redis.call('HSET', meta, 'c', text(clock))
end
local missed, since = false, tonumber(ARGV[5])
if epoch == ARGV[4] and since <= count then
  local entries = since < count and redis.call('XRANGE', stream, '(' .. ARGV[5] .. '-0', '+') or {}
  if #entries == count - since then
    missed = {}
    for i, entry in ipairs(entries) do missed[i] = entry[2][2] end
  end
end
return { epoch, text(clock), text(count), missed, redis.call('HGETALL', meta) }
";

const FENCE: &str = r"
local m = redis.call('HMGET', meta, 'e', 'c', 'v')
if m[1] ~= ARGV[1] then return redis.error_reply('FENCED it lives in another epoch') end
local epoch, clock, stamped, seen = m[1], tonumber(m[2]), m[3], tonumber(ARGV[2])
if seen > clock then
  clock = seen
  redis.call('HSET', meta, 'c', text(clock))
end
";

/// `ARGV[3]` the node, `ARGV[4]` how many announcements are kept, `ARGV[5]` the least life of a floor in ms.
const ANNOUNCE: &str = r"
local function tick()
  clock = math.max(micros(), clock + 1)
  redis.call('HSET', meta, 'c', text(clock))
end
local function announce(kind, version, body)
  local count = redis.call('HINCRBY', meta, 'q', 1)
  local hex = string.gsub(epoch, '.', function(c) return string.format('%02x', string.byte(c)) end)
  local said = table.concat({ hex, count, text(clock), ARGV[3], kind, version }, ' ') .. '\n' .. body
  redis.call('XADD', stream, 'MAXLEN', '~', ARGV[4], count .. '-0', 'm', said)
  redis.call('PUBLISH', stream, said)
end
";

/// A floor only rises.
const RAISE: &str = r"
local function raise(floor, version, life)
  if version ~= '0' then
    local there = redis.call('GET', floor)
    if not there or older(there, version) then redis.call('SET', floor, version, 'PX', life) end
  end
end
";

/// `ARGV[3]` the stamps the node knows, `ARGV[4]` whether it gives up waiting, `ARGV[5]` a token's life, `ARGV[6]` a lease's;
/// `ARGV[7]` the node; then two a key: a token to install, and `born` of the value it found dead. The lease says who loads;
/// the token, which all loaders of a key share until its next invalidation, says who may commit. A node that holds the lease
/// is granted it again: within the node one load a key runs at a time, so the former one failed or was dropped.
/// The key `l` holds token, the lease's end, the epoch it was granted in, and the node, 8 bytes each: a token of another epoch
/// is none.
const CLAIM: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = struct.pack('>I8', now + tonumber(ARGV[6])) .. epoch .. ARGV[7]
local answer = { text(clock), stamped, ARGV[3] ~= stamped and redis.call('HGETALL', meta) }
for i = 1, (#KEYS - 2) / 3 do
  local k, a = 3 * i, 2 * i + 6
  local value, token = redis.call('GET', KEYS[k]), redis.call('GET', KEYS[k + 1])
  local kind, what = 'granted', ARGV[a]
  if value and string.sub(value, 13, 20) == epoch and string.sub(value, 21, 28) ~= ARGV[a + 1] then
    kind, what = 'found', value
  elseif token and string.sub(token, 17, 24) == epoch then
    local ends = struct.unpack('>I8', string.sub(token, 9, 16))
    if ends > now and ARGV[4] == '0' and string.sub(token, 25) ~= ARGV[7] then
      kind, what = 'held', text(ends - now)
    else
      what = string.sub(token, 1, 8)
    end
  end
  if kind == 'granted' then redis.call('SET', KEYS[k + 1], what .. lease, 'PX', ARGV[5]) end
  answer[i + 3] = { kind, what, redis.call('GET', KEYS[k + 2]) or '0' }
end
return answer
";

/// `ARGV[3]` the token, `ARGV[4]` its life, `ARGV[5]` the lease's.
const RENEW: &str = r"
local token = redis.call('GET', KEYS[4])
if token and string.sub(token, 1, 8) == ARGV[3] and string.sub(token, 17, 24) == epoch then
  local t = redis.call('TIME')
  local ends = struct.pack('>I8', t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[5]))
  redis.call('SET', KEYS[4], ARGV[3] .. ends .. string.sub(token, 17), 'PX', ARGV[4])
end
return redis.status_reply('OK')
";

/// From `ARGV[6]` on six an item: token, version, head, tail, born, life in ms. Refused without the token, or below the
/// floor. What is kept ends the lease.
const COMMIT: &str = r"
local refused = 0
for i = 1, (#KEYS - 2) / 3 do
  local k, a = 3 * i, 6 * i
  local token, floor = redis.call('GET', KEYS[k + 1]), redis.call('GET', KEYS[k + 2]) or '0'
  if not token or string.sub(token, 1, 8) .. string.sub(token, 17, 24) ~= ARGV[a] .. epoch or older(ARGV[a + 1], floor) then
    refused = refused + 1
  else
    local value = ARGV[a + 2] .. epoch .. struct.pack('>I8', ARGV[a + 4]) .. ARGV[a + 3]
    redis.call('SET', KEYS[k], value, 'PX', ARGV[a + 5])
    redis.call('SETRANGE', KEYS[k + 1], 8, string.rep('\0', 8))
    raise(KEYS[k + 2], ARGV[a + 1], math.max(tonumber(ARGV[5]), tonumber(ARGV[a + 5])))
  end
end
return refused
";

/// `ARGV[3]` the value's `born`, `ARGV[4]` when it was created, 8 bytes each, `ARGV[5]` how long it is to live from now on, in
/// ms. No value is made to live shorter.
const PROLONG: &str = r"
local value = redis.call('GET', KEYS[3])
if value and string.sub(value, 13, 28) == epoch .. ARGV[3] and string.sub(value, 38, 45) == ARGV[4]
  and redis.call('PTTL', KEYS[3]) < tonumber(ARGV[5]) then
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
return redis.status_reply('OK')
";

/// From `ARGV[6]` on five an item: key, version, head, tail, life in ms.
const STORE: &str = r"
local outdated, keys, newest = {}, {}, '0'
tick()
for i = 1, (#KEYS - 2) / 3 do
  local k, a = 3 * i, 5 * i + 1
  local version = ARGV[a + 1]
  if version ~= '0' and older(version, redis.call('GET', KEYS[k + 2]) or '0') then
    outdated[#outdated + 1] = i - 1
  else
    redis.call('SET', KEYS[k], ARGV[a + 2] .. epoch .. struct.pack('>I8', clock) .. ARGV[a + 3], 'PX', ARGV[a + 4])
    redis.call('DEL', KEYS[k + 1])
    raise(KEYS[k + 2], version, math.max(tonumber(ARGV[5]), tonumber(ARGV[a + 4])))
    keys[#keys + 1] = ARGV[a]
  end
end
if #keys > 0 then announce('s', '0', table.concat(keys, '\n')) end
return { text(clock), outdated }
";

/// `ARGV[6]` the version, `ARGV[7]` the keys, a line each.
const REVOKE: &str = r"
tick()
for k = 3, #KEYS, 3 do
  redis.call('UNLINK', KEYS[k], KEYS[k + 1])
  raise(KEYS[k + 2], ARGV[6], ARGV[5])
end
announce('k', ARGV[6], ARGV[7])
return text(clock)
";

/// `ARGV[6]` the stamp's name, `ARGV[7]` how many may be kept: beyond it the older half gives way to the floor.
const STAMP: &str = r"
tick()
redis.call('HSET', meta, ARGV[6], text(clock), 'v', text(clock))
if redis.call('HLEN', meta) > tonumber(ARGV[7]) + 6 then
  local all, stamps = redis.call('HGETALL', meta), {}
  local floor = tonumber(redis.call('HGET', meta, '*') or '0')
  for i = 1, #all, 2 do
    if string.sub(all[i], 2, 2) == ':' then stamps[#stamps + 1] = { all[i], tonumber(all[i + 1]) } end
  end
  table.sort(stamps, function(a, b) return a[2] < b[2] end)
  for i = 1, math.ceil(#stamps / 2) do
    redis.call('HDEL', meta, stamps[i][1])
    floor = math.max(floor, stamps[i][2])
  end
  redis.call('HSET', meta, '*', text(floor))
end
announce('t', '0', ARGV[6])
return text(clock)
";

/// `ARGV[3]` the stamps the node knows.
const CLOCK: &str = r"
return { text(clock), stamped, ARGV[3] ~= stamped and redis.call('HGETALL', meta) }
";

/// `ARGV[6]` the kind, `ARGV[7]` the version, `ARGV[8]` the keys, a line each: what was done in other slots.
const TELL: &str = r"
tick()
announce(ARGV[6], ARGV[7], ARGV[8])
return text(clock)
";

impl Scripts {
    /// For the server, or the slot, that has the control key.
    pub(super) fn beside_control() -> Self {
        Self::behind(FENCE, ANNOUNCE)
    }

    /// For a slot that has not.
    pub(super) fn in_a_bucket() -> Self {
        Self::behind(BUCKET, "")
    }

    fn behind(fence: &str, announce: &str) -> Self {
        let fenced = |body: &str| Script::new(&format!("{WORDS}{fence}{body}"));
        let announcing = |body: &str| Script::new(&format!("{WORDS}{fence}{announce}{RAISE}{body}"));
        Self {
            hello: Script::new(&format!("{WORDS}{HELLO}")),
            claim: fenced(CLAIM),
            renew: fenced(RENEW),
            commit: announcing(COMMIT),
            prolong: fenced(PROLONG),
            store: announcing(STORE),
            revoke: announcing(REVOKE),
            stamp: announcing(STAMP),
            clock: fenced(CLOCK),
            tell: announcing(TELL),
        }
    }
}
