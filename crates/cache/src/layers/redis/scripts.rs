use redis::Script;

/// The scripts. `KEYS[1]` is always the one key that holds epoch, clock and stamps, so that they are lost together:
/// `e` epoch (8 raw bytes), `c` clock, `v` the clock at the last stamp, `*` the floor, `t:<tag>` and `p:<glob>` stamps.
/// `ARGV[1]` is an epoch to begin if there is none, `ARGV[2]` the caller's clock, which the shared one never falls behind.
/// Numbers stay below 2^53, where Lua's are exact; `%.0f` keeps them out of exponent form.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) read: Script,
    pub(super) fill: Script,
    pub(super) store: Script,
    pub(super) revoke: Script,
    pub(super) stamp: Script,
}

const PRELUDE: &str = r"
local meta = KEYS[1]
local function text(n) return string.format('%.0f', n) end
local function micros() local t = redis.call('TIME'); return t[1] * 1000000 + t[2] end
local m = redis.call('HMGET', meta, 'e', 'c', 'v')
local epoch, clock, version, seen = m[1], tonumber(m[2]), tonumber(m[3]), tonumber(ARGV[2])
if not epoch then
  epoch, clock = ARGV[1], math.max(micros(), seen)
  version = clock
  redis.call('DEL', meta)
  redis.call('HSET', meta, 'e', epoch, 'c', text(clock), 'v', text(version))
elseif seen > clock then
  clock = seen
  redis.call('HSET', meta, 'c', text(clock))
end
local function tick()
  clock = math.max(micros(), clock + 1)
  redis.call('HSET', meta, 'c', text(clock))
end
";

/// `ARGV[3]` known epoch, `ARGV[4]` known version; the stamps are sent only to who does not know them. The stamps are read
/// in the same instant as the values they judge.
const READ: &str = r"
local stamps = false
if ARGV[3] ~= epoch or tonumber(ARGV[4]) ~= version then stamps = redis.call('HGETALL', meta) end
local answer = { epoch, clock, version, stamps }
for i = 2, #KEYS do
  local got = redis.call('GET', KEYS[i])
  answer[#answer + 1] = got
end
return answer
";

/// `ARGV[3]` the epoch the load began in; then four an item: head, tail, born, life in ms. Refused if the epoch differs, if
/// the key was invalidated after `born` (its floor), or if something younger is there.
const FILL: &str = r"
local n = (#KEYS - 1) / 2
if ARGV[3] ~= epoch then return n end
local refused = 0
for i = 1, n do
  local value, floor, a = KEYS[2 * i], KEYS[2 * i + 1], 4 * i
  local born = tonumber(ARGV[a + 2])
  local least = tonumber(redis.call('GET', floor) or '0')
  local there = redis.call('GETRANGE', value, 12, 27)
  if #there == 16 and string.sub(there, 1, 8) == epoch then
    least = math.max(least, (struct.unpack('>I8', string.sub(there, 9, 16))))
  end
  if born < least then
    refused = refused + 1
  else
    redis.call('SET', value, ARGV[a] .. epoch .. struct.pack('>I8', born) .. ARGV[a + 1], 'PX', ARGV[a + 3])
  end
end
return refused
";

/// `ARGV[3]` the floor's life; then three an item: head, tail, life in ms.
const STORE: &str = r"
tick()
for i = 1, (#KEYS - 1) / 2 do
  local a = 3 * i + 1
  redis.call('SET', KEYS[2 * i + 1], text(clock), 'PX', ARGV[3])
  redis.call('SET', KEYS[2 * i], ARGV[a] .. epoch .. struct.pack('>I8', clock) .. ARGV[a + 1], 'PX', ARGV[a + 2])
end
return { epoch, clock }
";

const REVOKE: &str = r"
tick()
for i = 1, (#KEYS - 1) / 2 do
  redis.call('UNLINK', KEYS[2 * i])
  redis.call('SET', KEYS[2 * i + 1], text(clock), 'PX', ARGV[3])
end
return { epoch, clock }
";

/// `ARGV[3]` the stamp's name, `ARGV[4]` how many may be kept: beyond it the older half gives way to the floor.
const STAMP: &str = r"
tick()
redis.call('HSET', meta, ARGV[3], text(clock), 'v', text(clock))
if redis.call('HLEN', meta) > tonumber(ARGV[4]) + 4 then
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
return { epoch, clock }
";

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |body: &str| Script::new(&format!("{PRELUDE}{body}"));
        Self {
            read: script(READ),
            fill: script(FILL),
            store: script(STORE),
            revoke: script(REVOKE),
            stamp: script(STAMP),
        }
    }
}
