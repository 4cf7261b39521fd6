-- schema.sql - the tables of Millrace, version 1. What came after it stands in
-- files of its own: spans.sql.
--
-- The queue may live in a user's own database file, so every name here begins
-- with millrace_, and the version stands in a row of millrace_meta: the
-- file's user_version is the user's. The numbers of states, reasons,
-- priorities, kinds and jitters are the domain's enums: never renumber them.

CREATE TABLE millrace_meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO millrace_meta (name, value) VALUES ('schema', 1);

-- One row a queue, with its counters: kept in the same transactions as the
-- tasks, since count(*) over a million rows takes too long to be asked.
CREATE TABLE millrace_queues (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    is_paused INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0, -- the last one given out
    fencing INTEGER NOT NULL DEFAULT 0,  -- the last one given out
    scheduled INTEGER NOT NULL DEFAULT 0,
    ready INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 0,
    retry INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,     -- kept by retain_ms
    dead INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0, -- tasks, ever
    failed INTEGER NOT NULL DEFAULT 0,    -- attempts, ever
    UNIQUE (namespace, name)
) STRICT;

-- Bytes that must come back as they went in are blobs: a text would be
-- re-encoded in a database that is UTF-16. What may be long stands last.
--
-- number is made from the id (see sqlite_key.h), so that no index of all ids
-- has to be kept; a task whose number is another's gets one below zero.
CREATE TABLE millrace_tasks (
    number INTEGER PRIMARY KEY,
    queue_id INTEGER NOT NULL,
    id BLOB NOT NULL,
    state INTEGER NOT NULL,
    position INTEGER NOT NULL, -- scheduled, retry: run_at; active: when the
                               -- lease ends; else as sqlite_ledger.h says
    fencing INTEGER NOT NULL DEFAULT 0, -- of the latest lease
    priority INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, -- active: the one under way
    crashes INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    max_crashes INTEGER NOT NULL,
    timeout_ms INTEGER NOT NULL,
    backoff_kind INTEGER NOT NULL,
    backoff_jitter INTEGER NOT NULL,
    backoff_factor_milli INTEGER NOT NULL,
    backoff_base_ms INTEGER NOT NULL,
    backoff_max_ms INTEGER NOT NULL,
    key_ttl_ms INTEGER NOT NULL,
    retain_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    reason INTEGER NOT NULL DEFAULT 0,
    is_started INTEGER NOT NULL DEFAULT 0, -- active: the start is on record
    since INTEGER NOT NULL, -- when it came into its state
    started_at INTEGER,     -- of the latest attempt that was settled
    forget_at INTEGER,      -- done
    worker TEXT,            -- active
    type TEXT NOT NULL,
    key BLOB,
    headers BLOB,
    payload BLOB NOT NULL,
    last_error BLOB,
    result BLOB
) STRICT;

-- Who holds an idempotency key. A window (until_ms > 0) may outlive its task.
CREATE TABLE millrace_keys (
    queue_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    id BLOB NOT NULL,
    number INTEGER NOT NULL,   -- the task's
    until_ms INTEGER NOT NULL, -- 0: until the task is done, dead or removed
    PRIMARY KEY (queue_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX millrace_key_windows
    ON millrace_keys (until_ms) WHERE until_ms > 0;

CREATE TABLE millrace_workers (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    queues TEXT NOT NULL,
    pid INTEGER NOT NULL,
    busy INTEGER NOT NULL,
    concurrency INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;
