-- enqueue.lua - stores a batch of tasks that may hold keys, wait, or bring
-- ids of their own.
--
-- KEYS: the queue's, then the producer's `sent`.
-- ARGV: now, the number of the batch, how long `sent` lives in ms; then for
-- each task: id, stream, flags, time in the id, run_at, key, until, and either
-- type, payload, x (ready) or body, '', '' (scheduled).
--   flags: s scheduled; k has a key; b brought: look whether it exists; m it
--   may be one of our ids, to be found by its time; p wants a pointer
--
-- Answers "NUMBER ANSWER...", an answer being the state of the new task, or
-- "STATE:ID" of the one that exists or holds its key. The same is kept in
-- `sent`, for a producer whose line broke.

local SENT = KEYS[17]
local now = tonumber(ARGV[1])
local answers = {ARGV[2]}
local is_first = false

local function existing(id, flags, ms, key)
    if flags:find('b', 1, true) then
        local state = state_of(id, now, flags:find('m', 1, true) and ms)
        if state then
            return state .. ':' .. id
        end
    end
    if flags:find('k', 1, true) then
        local holder = holder_of(key, now)
        if holder then
            return (state_of(holder, now) or IS_DONE) .. ':' .. holder
        end
    end
    return nil
end

local function store(id, stream, flags, ms, run_at, a, b, c)
    if flags:find('s', 1, true) then
        is_first = wait_in(SCHEDULED, id, run_at, a) or is_first
        return IS_SCHEDULED
    end
    local entry = add_task(STREAM[stream], '', id, a, b, c)
    local at = entry_parts(entry)
    if flags:find('p', 1, true) or math.abs(at - ms) > NEAR_MS then
        point(id, stream, entry)
    end
    return IS_READY
end

for i = 4, #ARGV, 10 do
    local id, stream, flags, ms, run_at, key, til, a, b, c =
        unpack(ARGV, i, i + 9)
    ms = tonumber(ms)
    local answer = existing(id, flags, ms, key)
    if not answer then
        answer = store(id, stream, flags, ms, run_at, a, b, c)
        if flags:find('k', 1, true) and (til == '0' or tonumber(til) > now)
        then
            hold_key(key, id, til)
        end
    end
    answers[#answers + 1] = answer
end

local text = table.concat(answers, ' ')
redis.call('SET', SENT, text, 'PX', ARGV[3])
if is_first then
    wake()
end
return text
