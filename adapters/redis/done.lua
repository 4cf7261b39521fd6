-- done.lua - settles tasks of one stream that are done and leave nothing
-- behind: the common case, so it stands alone, without common.lua.
--
-- KEYS: the stream, the counters. ARGV: the entries.
--
-- Answers how many there were if all were leased, else a list of 1 (settled)
-- and 0 (lease lost). XACK comes first: at maxmemory a script may only begin
-- with what frees memory, and can then do the rest.

local acked = redis.call('XACK', KEYS[1], 'millrace', unpack(ARGV))
if acked == #ARGV then
    redis.call('XDEL', KEYS[1], unpack(ARGV))
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
for i, entry in ipairs(ARGV) do
    local ms, seq = parts(entry)
    results[i] = 0
    if ms < last_ms or (ms == last_ms and seq <= last_seq) then
        results[i] = redis.call('XDEL', KEYS[1], entry)
        settled = settled + results[i]
    end
end
if settled > 0 then
    redis.call('HINCRBY', KEYS[2], 'done', settled)
end
return results
