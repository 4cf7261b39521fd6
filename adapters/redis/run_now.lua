-- run_now.lua - makes a task ready that waits for its time.
--
-- KEYS: the queue's. ARGV: the id, now.
--
-- Answers 1, or 0 if it does not wait.

local id, run_at = ARGV[1], ' run=' .. ARGV[2]
if make_ready(SCHEDULED, id, run_at) or make_ready(RETRY, id, run_at) then
    return 1
end
return 0
