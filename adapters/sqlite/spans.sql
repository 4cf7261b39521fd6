-- spans.sql - version 2: tasks that are leased together.
--
-- The tasks of a queue and a priority stand in line, and are leased from its
-- front. So what is leased at once is a span of positions, and one row here
-- says all that there is to say about its leases: the rows of the tasks stay
-- as they are, in state 1 and in the index of the line, and so cost nothing.
-- A position is given out once in a queue, so no other task gets into a span.
CREATE TABLE millrace_spans (
    queue_id INTEGER NOT NULL,
    fencing INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    since INTEGER NOT NULL,
    worker TEXT NOT NULL,
    PRIMARY KEY (queue_id, fencing)
) STRICT, WITHOUT ROWID;

CREATE INDEX millrace_span_places
    ON millrace_spans (queue_id, priority, last_position);
CREATE INDEX millrace_span_ends
    ON millrace_spans (queue_id, until_ms);

-- A program of version 1 that is running still knows nothing of spans. It may
-- finish what it has and enqueue, but what it leased might be leased already.
CREATE TRIGGER millrace_no_lease_by_version_1
    BEFORE UPDATE OF fencing ON millrace_tasks
    WHEN OLD.state = 1 AND NOT EXISTS (
        SELECT 1 FROM millrace_spans
        WHERE queue_id = NEW.queue_id AND fencing = NEW.fencing
    )
BEGIN
    SELECT RAISE(ABORT, 'is used by a newer program: upgrade this one too');
END;

UPDATE millrace_meta SET value = 2 WHERE name = 'schema';
