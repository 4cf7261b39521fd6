-- done.lua - settles tasks of one stream that are done and leave nothing
-- behind: the common case, so it stands alone, without common.lua.
--
-- KEYS: the stream, the counters; where the tasks have pointers, those too.
-- ARGV: the entries; then, where they have pointers, as many ids.
--
-- Answers how many there were if all were leased, else a list of 1 (settled)
-- and 0 (lease lost). XACK comes first: at maxmemory a script may only begin
-- with what frees memory, and can then do the rest.

local n = KEYS[3] and #ARGV / 2 or #ARGV
local acked = redis.call('XACK', KEYS[1], 'millrace', unpack(ARGV, 1, n))
if acked == n then
    redis.call('XDEL', KEYS[1], unpack(ARGV, 1, n))
    if KEYS[3] then
        redis.call('HDEL', KEYS[3], unpack(ARGV, n + 1))
    end
    redis.call('HINCRBY', KEYS[2], 'done', acked)
    return acked
end

-- Which ones? What was delivered is active until it is deleted, so each that
-- can be deleted was leased. What comes behind was never delivered: a forged
-- token must not delete it.
local delivered = '0-0'
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
for _, group in ipairs(groups) do
    for i = 1, #group, 2 do
        if group[i] == 'last-delivered-id' then
            delivered = group[i + 1]
        end
    end
end

local function parts(entry)
    local ms, seq = entry:match('^(%d+)%-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

local last_ms, last_seq = parts(delivered)
local results, settled = {}, 0
for i = 1, n do
    local ms, seq = parts(ARGV[i])
    results[i] = 0
    if ms < last_ms or (ms == last_ms and seq <= last_seq) then
        results[i] = redis.call('XDEL', KEYS[1], ARGV[i])
        settled = settled + results[i]
    end
    if results[i] == 1 and KEYS[3] then
        redis.call('HDEL', KEYS[3], ARGV[n + i])
    end
end
if settled > 0 then
    redis.call('HINCRBY', KEYS[2], 'done', settled)
end
return results
