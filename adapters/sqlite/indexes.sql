-- The indexes of tasks, by themselves so that a lost one can be made again.

CREATE UNIQUE INDEX IF NOT EXISTS millrace_task_ids
    ON millrace_tasks (id, queue_id) WHERE number < 0;

-- What is ready stands in line; the others have an order by time, for all
-- that walks: promoting, reaping, listing.
CREATE INDEX IF NOT EXISTS millrace_task_line
    ON millrace_tasks (queue_id, priority, position) WHERE state = 1;
CREATE INDEX IF NOT EXISTS millrace_task_order
    ON millrace_tasks (queue_id, state, position, id) WHERE state <> 1;

CREATE INDEX IF NOT EXISTS millrace_task_retention
    ON millrace_tasks (queue_id, forget_at) WHERE forget_at IS NOT NULL;
