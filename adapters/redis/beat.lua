-- beat.lua - notes that a worker is alive, and forgets those long silent.
--
-- KEYS: the workers, when they were seen.
-- ARGV: the worker's name, what is known of it, now, and since when the silent
-- are forgotten.

local FORGET_MAX = 200

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
local silent = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[4],
    'LIMIT', 0, FORGET_MAX)
if #silent > 0 then
    redis.call('HDEL', KEYS[1], unpack(silent))
    redis.call('ZREM', KEYS[2], unpack(silent))
end
return redis.status_reply('OK')
