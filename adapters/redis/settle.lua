-- settle.lua - carries out verdicts, other than a plain "done".
--
-- KEYS: the queue's.
-- ARGV: for each task its stream, entry, id, flags, action, key, at, a, b, c.
--   flags   f counts as a failure; p has a pointer; k its key is to be freed
--   action  done       at, a, b, c unused
--           keep       at finished_at, a body, b when to forget it
--           scheduled  at run_at, a body
--           retry      the same
--           dead       a type, b payload, c x
--           release    at the stream to go to, a type, b payload, c x
--
-- Answers a list of 1 (settled) and 0 (lease lost). Each begins with XACK,
-- which is both the fence and what may begin at maxmemory.

local done, failed, is_first = 0, 0, false
local act = {}

function act.done()
    done = done + 1
end

function act.keep(id, _, at, a, b)
    done = done + 1
    redis.call('HSET', BODIES, id, a)
    redis.call('ZADD', DONE, at, id)
    redis.call('ZADD', EXPIRY, b, id)
end

function act.scheduled(id, _, at, a)
    is_first = wait_in(SCHEDULED, id, at, a) or is_first
end

function act.retry(id, _, at, a)
    is_first = wait_in(RETRY, id, at, a) or is_first
end

function act.dead(id, entry, _, a, b, c)
    local dead = add_task(DEAD, entry, id, a, b, c)
    redis.call('HSET', DEADINDEX, id, dead)
end

function act.release(id, entry, at, a, b, c)
    point(id, at, add_task(STREAM[at], entry, id, a, b, c))
end

local results = {}
for i = 1, #ARGV, 10 do
    local stream, entry, id, flags, action, key, at, a, b, c =
        unpack(ARGV, i, i + 9)
    local is_live = redis.call('XACK', STREAM[stream], GROUP, entry)
    if is_live == 1 then
        redis.call('XDEL', STREAM[stream], entry)
        if flags:find('p', 1, true) then
            redis.call('HDEL', POINTERS, id)
        end
        if flags:find('k', 1, true) then
            free_key(key, id)
        end
        if flags:find('f', 1, true) then
            failed = failed + 1
        end
        act[action](id, entry, at, a, b, c)
    end
    results[#results + 1] = is_live
end

if done > 0 then
    redis.call('HINCRBY', COUNTERS, 'done', done)
end
if failed > 0 then
    redis.call('HINCRBY', COUNTERS, 'failed', failed)
end
if is_first then
    wake()
end
return results
