//! The scripts of the counters. Each is one step for all nodes.
//!
//! A counter is a hash: `known` (it was seeded), `start` and `spent` of its period, `w:` and a number for each part of a sliding
//! window, `n:` and a node for what that node holds. The node's own key says that it lives. What a dead node held of calls under way
//! is free again. Of a period it counts as spent: nobody knows what its calls came to, until its journal is in the ledger and its successor
//! has the counter forgotten. Beside the node's key is the set of counters that it holds something of. A lease has a key too, which says whether it is settled: to settle twice changes nothing. Where the key is gone, Redis has lost its
//! memory: what was held is gone with it, and only what it came to is added, lest it be forgiven.

use redis::Script;
use std::sync::LazyLock;

/// Values for each counter in [`TAKE`], behind the first four: kind (`h`eld, `s`liding, `p`eriod), the present part or the period's start,
/// the length of a part or the period's end, the limit, the amount, the lifetime in milliseconds.
pub(super) const TAKE_VALUES: usize = 6;

/// What a counter says: whether it is known, what was spent, what is held, and the parts of its window.
const LOAD: &str = r"
local function load(key, kind, at, node, nodes)
    local known, start, spent, held, parts, holders = kind == 'h', 0, 0, 0, {}, {}
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
        local name, value = fields[i], tonumber(fields[i + 1])
        local mark, rest = string.sub(name, 1, 2), string.sub(name, 3)
        if name == 'known' then known = true
        elseif name == 'start' then start = value
        elseif name == 'spent' then spent = value
        elseif mark == 'n:' then
            local alive = rest == node or redis.call('EXISTS', nodes .. rest) == 1
            if alive then
                held = held + value
            elseif kind == 'p' then
                spent = spent + value
            else
                redis.call('HDEL', key, name)
            end
            if alive or kind == 'p' then holders[#holders + 1] = name end
        elseif mark == 'w:' and kind == 's' then
            if tonumber(rest) < at - 64 then
                redis.call('HDEL', key, name)
            else
                spent = spent + value
                parts[#parts + 1] = { tonumber(rest), value }
            end
        end
    end
    if kind == 'p' and known and at > start then
        -- A later period. What is held in the earlier one is settled there.
        for _, name in ipairs(holders) do redis.call('HDEL', key, name) end
        redis.call('HSET', key, 'start', string.format('%.0f', at), 'spent', '0')
        spent, held = 0, 0
    end
    return known, spent, held, parts, kind == 'p' and known and at < start and start
end
";

/// `KEYS`: the lease, then the counters; `ARGV`: the node, what keys of nodes begin with, how long a lease and a node live in milliseconds, and
/// [`TAKE_VALUES`] for each counter.
pub(super) static TAKE: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local node, nodes, unknown, refused, latest, past = ARGV[1], ARGV[2], {}, nil, -1, nil
local taken = { 'taken' }
redis.call('SET', nodes .. node, '1', 'PX', ARGV[4])
for i = 2, #KEYS do
    local v = 4 + (i - 2) * 6
    local kind, at, other = ARGV[v + 1], tonumber(ARGV[v + 2]), tonumber(ARGV[v + 3])
    local limit, amount = tonumber(ARGV[v + 4]), tonumber(ARGV[v + 5])
    local known, spent, held, parts, begun = load(KEYS[i], kind, at, node, nodes)
    if begun and (not past or begun > past) then past = begun end
    taken[#taken + 1] = string.format('%.0f', spent + (kind == 's' and amount or 0))
    taken[#taken + 1] = string.format('%.0f', held + (kind == 's' and 0 or amount))
    if not known then
        unknown[#unknown + 1] = i - 2
    elseif limit and spent + held + amount > limit then
        local room = -1
        if amount <= limit then
            if kind == 'p' and other then room = other end
            if kind == 's' then
                table.sort(parts, function(a, b) return a[1] < b[1] end)
                local left = spent
                for _, part in ipairs(parts) do
                    left = left - part[2]
                    if left + amount <= limit then
                        room = (part[1] + 65) * other
                        break
                    end
                end
            end
        end
        if not refused or room < 0 or (latest >= 0 and room > latest) then
            latest = room
            refused = { 'exhausted', i - 2, string.format('%.0f', spent), string.format('%.0f', held),
                string.format('%.0f', room) }
        end
    end
end
if #unknown > 0 then return { 'unknown', unpack(unknown) } end
if past then return { 'past', string.format('%.0f', past) } end
if refused then return refused end
for i = 2, #KEYS do
    local v = 4 + (i - 2) * 6
    local field = ARGV[v + 1] == 's' and 'w:' .. ARGV[v + 2] or 'n:' .. node
    local holds = redis.call('HINCRBY', KEYS[i], field, ARGV[v + 5])
    redis.call('PEXPIRE', KEYS[i], ARGV[v + 6])
    if ARGV[v + 1] == 'p' and holds == tonumber(ARGV[v + 5]) then
        redis.call('SADD', nodes .. node .. ':holds', KEYS[i])
        -- Not the counter's own time: a short one of the next counter would end the set before the long ones.
        redis.call('PEXPIRE', nodes .. node .. ':holds', 2592000000)
    end
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[3])
return taken",
    )
});

/// `KEYS`: the lease, then the counters; `ARGV`: the node, what keys of nodes begin with, then for each counter its kind, the part or the period's start, what was
/// taken as a negative number, what it came to, and the difference.
pub(super) static SETTLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local lease = redis.call('GET', KEYS[1])
if lease == 'settled' then return 0 end
-- Kept for as long as settling may be tried again.
redis.call('SET', KEYS[1], 'settled', 'PX', 600000)
local lost = not lease
for i = 2, #KEYS do
    local v = 2 + (i - 2) * 5
    local kind, at, key, field = ARGV[v + 1], ARGV[v + 2], KEYS[i], 'n:' .. ARGV[1]
    if kind == 's' then
        if lost then
            if redis.call('HEXISTS', key, 'known') == 1 then redis.call('HINCRBY', key, 'w:' .. at, ARGV[v + 4]) end
        elseif redis.call('HEXISTS', key, 'w:' .. at) == 1 then
            redis.call('HINCRBY', key, 'w:' .. at, ARGV[v + 5])
        end
    elseif kind == 'h' or redis.call('HGET', key, 'start') == at then
        if not lost and redis.call('HEXISTS', key, field) == 1 and redis.call('HINCRBY', key, field, ARGV[v + 3]) <= 0 then
            redis.call('HDEL', key, field)
            redis.call('SREM', ARGV[2] .. ARGV[1] .. ':holds', key)
        end
        -- Where it is unknown, the ledger has it by the time that the counter is seeded.
        if kind == 'p' and redis.call('HEXISTS', key, 'known') == 1 then
            redis.call('HINCRBY', key, 'spent', ARGV[v + 4])
        end
    end
end
return 1",
    )
});

/// `KEYS[1]`: the counter; `ARGV`: its kind, the period's start, the lifetime in milliseconds, then parts and amounts.
pub(super) static SEED: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local key, kind = KEYS[1], ARGV[1]
if redis.call('HSETNX', key, 'known', '1') == 0 then return 0 end
if kind == 'p' then
    local before = tonumber(redis.call('HGET', key, 'start') or ARGV[2])
    if tonumber(ARGV[2]) > before then
        for _, name in ipairs(redis.call('HKEYS', key)) do
            if string.sub(name, 1, 2) == 'n:' then redis.call('HDEL', key, name) end
        end
    end
    redis.call('HSET', key, 'start', ARGV[2], 'spent', '0')
end
for i = 4, #ARGV, 2 do
    local field = kind == 'p' and 'spent' or 'w:' .. ARGV[i]
    redis.call('HINCRBY', key, field, ARGV[i + 1])
end
redis.call('PEXPIRE', key, ARGV[3])
return 1",
    )
});

/// `KEYS[1]`: the counter; `ARGV`: the node, what keys of nodes begin with, its kind, the present part or the period's start.
pub(super) static READ: LazyLock<Script> = LazyLock::new(|| {
    script(
        r"
local known, spent, held = load(KEYS[1], ARGV[3], tonumber(ARGV[4]), ARGV[1], ARGV[2])
if not known then return {} end
return { string.format('%.0f', spent), string.format('%.0f', held) }",
    )
});

/// `KEYS`: the node's own key, then the list of nodes; `ARGV`: the node, and how long it counts as alive in milliseconds. Returns how many live.
pub(super) static PULSE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('ZCARD', KEYS[2])",
    )
});

/// `KEYS[1]`: the counter; `ARGV`: what keys of nodes begin with. What living nodes hold of it stays.
pub(super) static FORGET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    local lives = string.sub(name, 1, 2) == 'n:' and redis.call('EXISTS', ARGV[1] .. string.sub(name, 3)) == 1
    if not lives and name ~= 'start' then redis.call('HDEL', KEYS[1], name) end
end
return 1",
    )
});

fn script(body: &str) -> Script {
    Script::new(&format!("{LOAD}{body}"))
}
