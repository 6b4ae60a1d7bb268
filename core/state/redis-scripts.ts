import type { Redis } from "ioredis";

/**
 * The scripts that Redis runs, each in one round trip and all or nothing. A window is one string, the packed
 * list of slot, amount, slot, amount, ... oldest first. Time is that of Redis, so that machines agree.
 * Needs Redis 5 or later. The same steps in the same order as ring.ts and memory.ts: change both together.
 */
const RING = `
local SLOTS = 60

local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What holds no window (another program's value, a torn one) counts as empty and is written over.
local function load(key, window, now)
  local ring = { key = key, window = window, slots = {}, amounts = {}, total = 0, reserved = 0 }
  ring.slot = math.floor(now * SLOTS / window)
  local ok, flat = pcall(cmsgpack.unpack, redis.pcall('GET', key))
  if not ok or type(flat) ~= 'table' then return ring end
  local newest = flat[#flat - 1]
  if newest and newest > ring.slot then
    if newest - ring.slot <= SLOTS then ring.slot = newest else ring.folded = true end
  end
  for i = 1, #flat, 2 do
    if flat[i] + SLOTS >= ring.slot then
      ring.total = ring.total + flat[i + 1]
      if ring.folded then
        ring.slots[1], ring.amounts[1] = ring.slot, ring.total
      else
        table.insert(ring.slots, flat[i])
        table.insert(ring.amounts, flat[i + 1])
      end
    end
  end
  return ring
end

local function save(ring, now)
  local count = #ring.slots
  if count == 0 then
    redis.call('DEL', ring.key)
    return
  end
  local flat = {}
  for i = 1, count do
    flat[i * 2 - 1], flat[i * 2] = ring.slots[i], ring.amounts[i]
  end
  local left = math.ceil((ring.slots[count] + SLOTS + 1) * ring.window / SLOTS - now)
  redis.call('SET', ring.key, cmsgpack.pack(flat), 'PX', string.format('%.0f', left))
end

local function add(ring, slot, amount)
  local slots, amounts = ring.slots, ring.amounts
  local i = #slots
  while i >= 1 and slots[i] > slot do i = i - 1 end
  if i < 1 or slots[i] ~= slot then
    if not (amount > 0) then return end
    i = i + 1
    table.insert(slots, i, slot)
    table.insert(amounts, i, 0)
  end
  local before = amounts[i]
  local after = math.max(0, before + amount)
  amounts[i] = after
  ring.total = ring.total + after - before
  if after == 0 then
    table.remove(slots, i)
    table.remove(amounts, i)
    if #slots == 0 then ring.total = 0 end
  end
end

local function leaves(ring, i, now)
  return math.ceil((ring.slots[i] + SLOTS + 1) * ring.window / SLOTS) - now
end

local function number(value) return string.format('%.17g', value) end
`;

/** KEYS: one a window. ARGV: time or '', 1 to charge, then window, limit, amount each. */
const TAKE = `${RING}
local function fits(used, amount, limit)
  return amount >= 0 and amount < math.huge and used < limit and used + amount <= limit
end

local function wait(ring, amount, limit, now)
  if fits(ring.total + ring.reserved, amount, limit) then return 0 end
  local left = ring.total
  for i = 1, #ring.slots do
    left = i == #ring.slots and 0 or left - ring.amounts[i]
    if fits(left + ring.reserved, amount, limit) then return leaves(ring, i, now) end
  end
  return ring.window
end

local now = clock(ARGV[1])
local refused, longest = -1, 0
local rings, waits, amounts, seen = {}, {}, {}, {}
for i = 1, #KEYS do
  local window, limit, amount = tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1]), tonumber(ARGV[i * 3 + 2])
  local ring = seen[KEYS[i]] or load(KEYS[i], window, now)
  seen[KEYS[i]], rings[i], amounts[i] = ring, ring, amount
  waits[i] = wait(ring, amount, limit, now)
  ring.reserved = ring.reserved + amount
  if waits[i] > longest then refused, longest = i - 1, waits[i] end
end
if ARGV[2] == '1' and refused < 0 then
  for i = 1, #KEYS do add(rings[i], rings[i].slot, amounts[i]) end
  for _, ring in pairs(seen) do save(ring, now) end
else
  -- What a clock that went back made of a window must stay so, or it would be put off again and again.
  for _, ring in pairs(seen) do if ring.folded then save(ring, now) end end
end
local reply = { number(now), refused, number(longest) }
for i = 1, #KEYS do
  local reset = waits[i]
  if reset == 0 and #rings[i].slots > 0 then reset = leaves(rings[i], 1, now) end
  table.insert(reply, number(rings[i].total))
  table.insert(reply, number(reset))
end
return table.concat(reply, ' ')
`;

/** KEYS: one an entry. ARGV: time or '', then window, at, delta each. Answers the time and what is used. */
const SETTLE = `${RING}
local now = clock(ARGV[1])
local reply = { number(now) }
for i = 1, #KEYS do
  local window, at, delta = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1])
  local ring = load(KEYS[i], window, now)
  local slot = math.min(math.floor(at * SLOTS / window), ring.slot)
  if slot + SLOTS >= ring.slot then add(ring, slot, delta) end
  save(ring, now)
  table.insert(reply, number(ring.total))
end
return table.concat(reply, ' ')
`;

/**
 * After an outage. KEYS: one a window. ARGV: time or '', then each: window, how many slots, and a slot, what was
 * known to be used in it, what was added here meanwhile. Where Redis has less than was known (it lost data),
 * the difference is put back, newest slots first; then comes what was added. So neither a Redis that kept its
 * data nor several machines that come back one after the other count anything twice.
 */
const MERGE = `${RING}
local now = clock(ARGV[1])
local arg = 2
for i = 1, #KEYS do
  local window, count = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local ring = load(KEYS[i], window, now)
  local missing = -ring.total
  local known, here = {}, {}
  for j = 1, count do
    local base = arg + 2 + (j - 1) * 3
    local slot = math.min(tonumber(ARGV[base]), ring.slot)
    if slot + SLOTS >= ring.slot then
      known[slot] = (known[slot] or 0) + tonumber(ARGV[base + 1])
      here[slot] = (here[slot] or 0) + tonumber(ARGV[base + 2])
      missing = missing + tonumber(ARGV[base + 1])
    end
  end
  arg = arg + 2 + count * 3
  local present = {}
  for j = 1, #ring.slots do present[ring.slots[j]] = ring.amounts[j] end
  local order = {}
  for slot in pairs(known) do table.insert(order, slot) end
  table.sort(order, function(a, b) return a > b end)
  for _, slot in ipairs(order) do
    local gap = math.min(missing, known[slot] - (present[slot] or 0))
    if gap > 0 then
      add(ring, slot, gap)
      missing = missing - gap
    end
    add(ring, slot, here[slot])
  end
  save(ring, now)
end
return 1
`;

/** KEYS: a counter. ARGV: by, ttl. Answers its value and the ms it has left. */
const INCREMENT = `
local value = tonumber(redis.pcall('GET', KEYS[1]))
local ttl = redis.call('PTTL', KEYS[1])
if not value or ttl <= 0 then value, ttl = 0, tonumber(ARGV[2]) end
value = value + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.17g', value), 'PX', string.format('%.0f', math.ceil(ttl)))
return string.format('%.17g %.0f', value, ttl)
`;

/** After an outage. KEYS: counters. ARGV: each what was known, what was added here meanwhile, ms left. */
const MERGE_PLAIN = `
for i = 1, #KEYS do
  local known, here, left = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  local value = tonumber(redis.pcall('GET', KEYS[i]))
  local ttl = redis.call('PTTL', KEYS[i])
  if not value or ttl <= 0 then value, ttl = known, left end
  value = math.max(value, known) + here
  redis.call('SET', KEYS[i], string.format('%.17g', value), 'PX', string.format('%.0f', math.ceil(ttl)))
end
return 1
`;

/**
 * KEYS: a cursor. ARGV: the least position that may come, ms that the cursor is kept. Answers the position. The least
 * one counts where Redis forgot: positions must not come again.
 */
const NEXT = `
local position = math.max(tonumber(redis.pcall('GET', KEYS[1])) or 0, tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', position + 1), 'PX', ARGV[2])
return string.format('%.0f', position)
`;

/**
 * KEYS: a note. ARGV: its value, ms left (0: it is taken down), '1' to keep another one that is there, a channel and
 * what it is told. Answers the error where the channel may not be used, else ''.
 */
const NOTE = `
local left = tonumber(ARGV[2])
if left <= 0 then
  redis.call('DEL', KEYS[1])
elseif ARGV[3] == '1' then
  if not redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return '' end
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
local told = redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return type(told) == 'table' and told.err or ''
`;

/** For ioredis: sent whole once a connection, by their hash from then on. */
const scripts = {
  sluiceTake: { lua: TAKE },
  sluiceSettle: { lua: SETTLE },
  sluiceMerge: { lua: MERGE },
  sluiceIncrement: { lua: INCREMENT },
  sluiceMergePlain: { lua: MERGE_PLAIN },
  sluiceNext: { lua: NEXT },
  sluiceNote: { lua: NOTE },
};

type Script = (keys: number, ...args: (string | number)[]) => Promise<string>;
export type ScriptClient = Redis & Record<keyof typeof scripts, Script>;

/** Teaches a client the scripts. */
export function withScripts(redis: Redis): ScriptClient {
  for (const [name, definition] of Object.entries(scripts)) redis.defineCommand(name, definition);
  return redis as ScriptClient;
}
