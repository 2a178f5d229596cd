//! What Redis does in one piece.

use redis::Script;
use std::sync::LazyLock;

/// Appends to a stream what was not appended lately, and cuts it to its bounds. `ARGV`: what the names of the keys begin
/// with that remember ids, for how long, the bounds (length, age), and each event's id and text.
// The time is Redis' own in all of these: clocks of nodes may differ.
pub(super) static APPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"for i = 5, #ARGV, 2 do
            if redis.call('SET', ARGV[1] .. ARGV[i], '', 'NX', 'PX', ARGV[2]) then
                redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'event', ARGV[i + 1])
            end
        end
        local oldest = tonumber(redis.call('TIME')[1]) * 1000 - tonumber(ARGV[4])
        if oldest > 0 then redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest)) end
        return true",
    )
});

/// Appends a command unless there are too many. `ARGV`: how many there may be, the command.
pub(super) static SEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return false end
        redis.call('XADD', KEYS[1], '*', 'event', ARGV[2])
        return true",
    )
});

/// Appends a reply. A stream that was made for replies is bounded and goes some time after the last one; one that its
/// reader made stays. `ARGV`: the most replies, the lifetime, the reply.
pub(super) static REPLY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local ours = redis.call('EXISTS', KEYS[1]) == 0 or redis.call('PTTL', KEYS[1]) > 0
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event', ARGV[3])
        if ours then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
        return true",
    )
});

/// Takes one command that is to come again: because its time has come, or because its holder has been silent. `KEYS`:
/// the stream, those that wait; `ARGV`: the group, how long a holder may be silent. Returns the command's place, how
/// often it was delivered, and its fields; or nothing.
// In one script, so that two nodes never take the same command.
pub(super) static AGAIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local stream, later, group = KEYS[1], KEYS[2], ARGV[1]
        local function take(id)
            local entry = redis.call('XCLAIM', stream, group, group, 0, id)[1]
            local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
            if entry and pending then return { id, pending[4], entry[2] } end
        end
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 100)) do
            redis.call('ZREM', later, id)
            local taken = take(id)
            if taken then return taken end
        end
        local silent = redis.call('XPENDING', stream, group, 'IDLE', ARGV[2], '-', '+', 100)
        for _, pending in ipairs(silent) do
            if redis.call('ZSCORE', later, pending[1]) then
                -- It waits by wish: not silent, and not in the way of those that are.
                redis.call('XCLAIM', stream, group, group, 0, pending[1], 'JUSTID')
            else
                local taken = take(pending[1])
                if taken then return taken end
            end
        end
        return false",
    )
});

/// Puts a command among those that wait, if it is still held. `KEYS`: the stream, those that wait; `ARGV`: the group, the
/// command's place, the wait in milliseconds.
pub(super) static RETRY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return false end
        local time = redis.call('TIME')
        local due = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
        redis.call('ZADD', KEYS[2], string.format('%.0f', due), ARGV[2])
        return true",
    )
});
