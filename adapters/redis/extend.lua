-- extend.lua - lets leases of one stream run on from now.
--
-- KEYS: the stream. ARGV: the holder (LEASE_MS/WORKER), 1 to put on record that
-- their handlers have begun, the entries.
--
-- Answers a list of 1 (extended) and 0 (lease lost). The delivery count keeps
-- for how long the lease has run already (see redis_keys.h), since to extend
-- it begins the server's own count anew.

local key, holder, is_start = KEYS[1], ARGV[1], ARGV[2] == '1'

local function extend(entry)
    local lease = redis.pcall('XPENDING', key, 'millrace', entry, entry, 1)[1]
    if not lease then
        return 0
    end
    local count = lease[4] + 2 * lease[3]
    if is_start and count % 2 == 1 then
        count = count + 1
    end
    local claimed = redis.call('XCLAIM', key, 'millrace', holder, 0, entry,
        'RETRYCOUNT', string.format('%.0f', count), 'JUSTID')
    return #claimed
end

local results = {}
for i = 3, #ARGV do
    results[i - 2] = extend(ARGV[i])
end
return results
