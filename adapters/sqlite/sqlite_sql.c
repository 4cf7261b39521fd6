#include "adapters/sqlite/sqlite_sql.h"

/* The numbers of the states, as the domain has them:
 * 0 scheduled, 1 ready, 2 active, 3 retry, 4 done, 5 dead. */

#define QUEUE_COLUMNS " id, name, is_paused, position, fencing, ready "

/* enum task_column, of row t; what a span of leases says instead is given. */
#define TASK(position, attempt)                                                \
    " t.number, t.id, " position ", t.priority, " attempt ", t.crashes,"       \
    " t.max_attempts, t.max_crashes, t.timeout_ms, t.backoff_kind,"            \
    " t.backoff_jitter, t.backoff_factor_milli, t.backoff_base_ms,"            \
    " t.backoff_max_ms, t.key_ttl_ms, t.retain_ms, t.expires_ms,"              \
    " t.created_at, t.run_at, t.type, t.key, t.headers, t.payload,"            \
    " t.last_error "
#define TASK_COLUMNS TASK("t.position", "t.attempt")
#define LEASE_COLUMNS TASK_COLUMNS ", t.since, t.is_started "
#define KNOWN_TASK                                                             \
    TASK("ifnull(s.until_ms, t.position)",                                     \
         "t.attempt + (s.fencing IS NOT NULL)")
#define KNOWN_COLUMNS                                                          \
    KNOWN_TASK ", ifnull(s.since, t.since), t.is_started," STATE               \
               ", t.reason, t.started_at, ifnull(s.worker, t.worker),"         \
               " t.result, t.queue_id, q.name "

#define NEW_COLUMNS                                                            \
    "number, queue_id, id, state, position, priority, max_attempts,"           \
    " max_crashes, timeout_ms, backoff_kind, backoff_jitter,"                  \
    " backoff_factor_milli, backoff_base_ms, backoff_max_ms, key_ttl_ms,"      \
    " retain_ms, expires_ms, created_at, run_at, since, type, key, headers,"   \
    " payload"
#define NEW_ROW "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
#define NEW_ROW_4 NEW_ROW "," NEW_ROW "," NEW_ROW "," NEW_ROW
#define NEW_ROWS                                                               \
    NEW_ROW_4 "," NEW_ROW_4 "," NEW_ROW_4 "," NEW_ROW_4 "," NEW_ROW_4
#define NUMBERS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"
#define MANY_NUMBERS NUMBERS "," NUMBERS "," NUMBERS "," NUMBERS "," NUMBERS
_Static_assert(SQL_MANY_ROWS == 5 * SQL_ROWS, "MANY_NUMBERS are so many");
_Static_assert(SQL_ROWS == 20, "NEW_ROWS and NUMBERS are so many");

/* Whether row t, which nobody has leased by itself, is in span s. */
#define IN_SPAN                                                                \
    " t.state = 1 AND t.queue_id = s.queue_id AND t.priority = s.priority"     \
    " AND t.position BETWEEN s.first_position AND s.last_position "
#define AND_SPAN " LEFT JOIN millrace_spans s ON" IN_SPAN
#define STATE " iif(s.fencing IS NULL, t.state, 2) "

/* Row t under a lease of queue ?2 with fencing number ?3. */
#define HELD                                                                   \
    " t.queue_id = ?2 AND (t.state = 2 AND t.fencing = ?3"                     \
    " OR EXISTS (SELECT 1 FROM millrace_spans s"                               \
    " WHERE s.queue_id = ?2 AND s.fencing = ?3 AND" IN_SPAN ")) "

/* Plain tasks leased under fencing number ?2: each by itself, or in the span
 * of priority ?3 from ?4 to ?5. */
#define FINISH                                                                 \
    "DELETE FROM millrace_tasks AS t WHERE t.queue_id = ?1"                    \
    " AND t.key IS NULL AND t.retain_ms = 0"                                   \
    " AND (t.state = 1 AND t.priority = ?3 AND t.position BETWEEN ?4 AND ?5"   \
    " OR t.state = 2 AND t.fencing = ?2) AND t.number IN "

/* The position up to which a line is leased; ready is what stands behind. */
#define LEASED_TO(queue, priority)                                             \
    " ifnull((SELECT max(s.last_position) FROM millrace_spans s"               \
    " WHERE s.queue_id = " queue " AND s.priority = " priority "), -" NEVER    \
    ") "
#define LEASED_HERE LEASED_TO("?1", "?2")
#define LEASED_BESIDE LEASED_TO("t.queue_id", "t.priority")

#define TASK_AND_QUEUE                                                         \
    KNOWN_COLUMNS "FROM millrace_tasks t CROSS JOIN millrace_queues q"         \
                  " ON q.id = t.queue_id" AND_SPAN

/* Not ready, but in this state: as the index of the order must hear it. */
#define WAITS(t, state) " " t "state = " state " AND " t "state <> 1 "

/* The task of an id, where its number says, or wherever else it is. */
#define HAS_ID(t, number, id)                                                  \
    " (" t "number = " number " OR (" t "number < 0 AND " t "id = " id "))"    \
    " AND " t "id = " id " "

#define NEVER "9223372036854775807"

/* A column of the first task, by position, of queue q that which is true of;
 * never if there is none. */
#define FIRST(column, which)                                                   \
    " ifnull((SELECT t." column " FROM millrace_tasks t"                       \
    " WHERE t.queue_id = q.id AND " which                                      \
    " ORDER BY t.position LIMIT 1), " NEVER ") "
#define FIRST_SCHEDULED FIRST("position", WAITS("t.", "0"))
#define FIRST_TOGETHER                                                         \
    " ifnull((SELECT s.until_ms FROM millrace_spans s"                         \
    " WHERE s.queue_id = q.id ORDER BY s.until_ms LIMIT 1), " NEVER ") "
#define FIRST_ACTIVE                                                           \
    " min(" FIRST("position", WAITS("t.", "2")) "," FIRST_TOGETHER ") "
#define FIRST_RETRY FIRST("position", WAITS("t.", "3"))
#define OLDEST(priority)                                                       \
    FIRST("since", " t.state = 1 AND t.priority = " priority                   \
                   " AND t.position >" LEASED_TO("q.id", priority))

#define ROWS(which)                                                            \
    " (SELECT count(*) FROM millrace_tasks t"                                  \
    " WHERE t.queue_id = q.id AND " which ") "
#define COUNTERS " (q.scheduled, q.ready, q.active, q.retry, q.done, q.dead) "
#define WAITING(state) ROWS(WAITS("t.", state))
#define IN_LINE ROWS("t.state = 1")
#define IN_SPANS                                                               \
    " (SELECT count(*) FROM millrace_spans s CROSS JOIN millrace_tasks t"      \
    " ON" IN_SPAN "WHERE s.queue_id = q.id) "
#define ACTIVE_ALONE WAITING("2")
#define COUNTED                                                                \
    " (" WAITING("0") "," IN_LINE "-" IN_SPANS "," ACTIVE_ALONE "+" IN_SPANS   \
                      "," WAITING("3") "," WAITING("4") "," WAITING("5") ") "
#define LEADS_TO_NO_LIVE_TASK                                                  \
    " k.until_ms = 0 AND NOT EXISTS (SELECT 1 FROM millrace_tasks t"           \
    " WHERE t.number = k.number AND t.id = k.id AND t.queue_id = k.queue_id"   \
    " AND t.state NOT IN (4, 5)) "

/* Row t stands where the line was leased, but was not leased: none of ours. */
#define PASSED_BY                                                              \
    " t.state = 1 AND t.position <=" LEASED_BESIDE                             \
    "AND NOT EXISTS (SELECT 1 FROM millrace_spans s WHERE" IN_SPAN ") "

const char *const sql_text[SQL_STATEMENTS] = {
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_SAVEPOINT] = "SAVEPOINT millrace_bundle",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO millrace_bundle",
    [SQL_RELEASE] = "RELEASE millrace_bundle",
    [SQL_DATA_VERSION] = "PRAGMA data_version",

    /* queues */

    [SQL_QUEUE_BY_NAME] = "SELECT" QUEUE_COLUMNS "FROM millrace_queues"
                          " WHERE namespace = ?1 AND name = ?2",
    [SQL_QUEUE_BY_ID] = "SELECT" QUEUE_COLUMNS "FROM millrace_queues"
                        " WHERE namespace = ?1 AND id = ?2",
    [SQL_QUEUE_ADD] =
        "INSERT INTO millrace_queues (namespace, name) VALUES (?1, ?2)",
    [SQL_QUEUE_COUNT] =
        "UPDATE millrace_queues SET"
        " scheduled = scheduled + ?2, ready = ready + ?3, active = active + ?4,"
        " retry = retry + ?5, done = done + ?6, dead = dead + ?7,"
        " succeeded = succeeded + ?8, failed = failed + ?9,"
        " position = ?10, fencing = ?11"
        " WHERE id = ?1",
    [SQL_QUEUE_PAUSE] =
        "UPDATE millrace_queues SET is_paused = ?2 WHERE id = ?1",

    /* A page of those after ?2, by name, that there is something to do for. */
    [SQL_QUEUES_READY] = "SELECT" QUEUE_COLUMNS "FROM millrace_queues"
                         " WHERE namespace = ?1 AND name > ?2"
                         " AND ready > 0 AND is_paused = 0"
                         " ORDER BY name LIMIT ?3",
    [SQL_QUEUES_WAITING] = "SELECT" QUEUE_COLUMNS "FROM millrace_queues"
                           " WHERE namespace = ?1 AND name > ?2"
                           " AND (scheduled > 0 OR retry > 0 OR done > 0)"
                           " ORDER BY name LIMIT ?3",
    [SQL_QUEUES_ACTIVE] = "SELECT" QUEUE_COLUMNS "FROM millrace_queues"
                          " WHERE namespace = ?1 AND name > ?2 AND active > 0"
                          " ORDER BY name LIMIT ?3",

    /* All that have tasks in state ?2 (?3: only the one of this name). */
    [SQL_QUEUES_HOLDING] =
        "SELECT" QUEUE_COLUMNS "FROM millrace_queues"
        " WHERE namespace = ?1 AND (?3 IS NULL OR name = ?3)"
        " AND CASE ?2 WHEN 0 THEN scheduled WHEN 1 THEN ready"
        " WHEN 2 THEN active WHEN 3 THEN retry WHEN 4 THEN done"
        " ELSE dead END > 0"
        " ORDER BY name",
    [SQL_QUEUES_STATS] =
        "SELECT q.name, q.is_paused, q.scheduled, q.ready, q.active, q.retry,"
        " q.done, q.dead, q.succeeded, q.failed,"
        " min(" OLDEST("0") "," OLDEST("1") "," OLDEST(
            "2") ")"
                 " FROM millrace_queues q WHERE q.namespace = ?1 AND q.name > "
                 "?2"
                 " ORDER BY q.name LIMIT ?3",

    /* what to wait for */

    [SQL_ANY_READY] = "SELECT 1 FROM millrace_queues"
                      " WHERE namespace = ?1 AND ready > 0 AND is_paused = 0"
                      " LIMIT 1",
    [SQL_QUEUE_IS_READY] = "SELECT 1 FROM millrace_queues"
                           " WHERE namespace = ?1 AND name = ?2"
                           " AND ready > 0 AND is_paused = 0",
    [SQL_NEXT_DUE] = "SELECT min(min(" FIRST_SCHEDULED "," FIRST_RETRY "))"
                     " FROM millrace_queues q WHERE q.namespace = ?1"
                     " AND (q.scheduled > 0 OR q.retry > 0)",
    [SQL_NEXT_FORGET] =
        "SELECT min((SELECT t.forget_at FROM millrace_tasks t"
        "            WHERE t.queue_id = q.id AND t.forget_at IS NOT NULL"
        "            ORDER BY t.forget_at LIMIT 1))"
        " FROM millrace_queues q WHERE q.namespace = ?1 AND q.done > 0",
    [SQL_NEXT_EXPIRY] = "SELECT min(" FIRST_ACTIVE ") FROM millrace_queues q"
                        " WHERE q.namespace = ?1 AND q.active > 0",

    /* tasks */

    [SQL_TASK_ADD] = "INSERT INTO millrace_tasks (" NEW_COLUMNS
                     ") VALUES " NEW_ROW " ON CONFLICT DO NOTHING",
    [SQL_TASKS_ADD] = "INSERT INTO millrace_tasks (" NEW_COLUMNS
                      ") VALUES " NEW_ROWS " ON CONFLICT DO NOTHING",
    [SQL_NUMBER_APART] = "SELECT number - 1 FROM millrace_tasks"
                         " WHERE number < 0 ORDER BY number LIMIT 1",
    [SQL_TASK_BY_NUMBER] = "SELECT" TASK_AND_QUEUE "WHERE t.number = ?1",
    [SQL_TASK_BY_ID] = "SELECT" TASK_AND_QUEUE "WHERE" HAS_ID(
        "t.", "?3", "?2") "AND q.namespace = ?1 AND q.name = ?4",
    [SQL_TASK_ANYWHERE] = "SELECT" TASK_AND_QUEUE "WHERE" HAS_ID(
        "t.", "?3", "?2") "AND q.namespace = ?1 ORDER BY q.name LIMIT 1",
    [SQL_TASK_STATE] = "SELECT" STATE ", t.number, t.forget_at, t.position"
                       " FROM millrace_tasks t" AND_SPAN
                       "WHERE" HAS_ID("t.", "?3", "?2") "AND t.queue_id = ?1",
    [SQL_TASKS_READY] =
        "SELECT" TASK_COLUMNS "FROM millrace_tasks t"
        " WHERE t.queue_id = ?1 AND t.state = 1 AND t.priority = ?2"
        " AND t.position >" LEASED_HERE "ORDER BY t.position LIMIT ?3",
    [SQL_TASKS_DUE] =
        "SELECT number, state, priority, position, id FROM millrace_tasks"
        " WHERE queue_id = ?1 AND" WAITS(
            "", "0") "AND position <= ?2"
                     " UNION ALL "
                     "SELECT number, state, priority, position, id FROM "
                     "millrace_tasks"
                     " WHERE queue_id = ?1 AND" WAITS(
                         "", "3") "AND position <= ?2"
                                  " ORDER BY position, id LIMIT ?3",
    [SQL_TASKS_EXPIRED] =
        "SELECT" LEASE_COLUMNS "FROM millrace_tasks t"
        " WHERE t.queue_id = ?1 AND" WAITS(
            "t.", "2") "AND t.position <= ?3 ORDER BY t.position LIMIT ?2",
    [SQL_TASKS_FORGET] = "DELETE FROM millrace_tasks WHERE number IN"
                         " (SELECT number FROM millrace_tasks"
                         "  WHERE queue_id = ?1 AND forget_at <= ?2"
                         "  ORDER BY forget_at LIMIT ?3)",
    [SQL_TASK_FIRST] = "SELECT" TASK_COLUMNS "FROM millrace_tasks t"
                       " WHERE t.queue_id = ?1 AND" WAITS(
                           "t.", "?2") "ORDER BY t.position LIMIT 1",
    [SQL_TASK_AFTER] =
        "SELECT number, position, id FROM millrace_tasks"
        " WHERE queue_id = ?1 AND" WAITS(
            "",
            "?2") "AND (position, id) > (?3, ?4) ORDER BY position, id LIMIT 1",
    [SQL_READY_AFTER] =
        "SELECT number, position, id FROM millrace_tasks"
        " WHERE queue_id = ?1 AND state = 1 AND priority = ?2"
        " AND (position, id) > (?3, ?4) AND position >" LEASED_HERE
        "ORDER BY position LIMIT 1",
    [SQL_LEASED_AFTER] =
        "SELECT t.number, s.until_ms, t.id"
        " FROM millrace_spans s CROSS JOIN millrace_tasks t ON" IN_SPAN
        "WHERE s.queue_id = ?1 AND s.until_ms >= ?2"
        " AND (s.until_ms, t.id) > (?2, ?3)"
        " ORDER BY s.until_ms, t.id LIMIT 1",
    [SQL_TASK_HELD] = "SELECT t.id, t.priority, t.run_at, t.retain_ms,"
                      " t.key_ttl_ms, t.key, t.state FROM millrace_tasks t"
                      " WHERE t.number = ?1 AND" HELD,
    [SQL_TASK_TAKE] = "UPDATE millrace_tasks SET position = ?2, fencing = ?3,"
                      " worker = ?4 WHERE number = ?1",
    [SQL_TASK_EXTEND] = "UPDATE millrace_tasks SET position = ?2,"
                        " is_started = is_started | ?3 WHERE number = ?1",
    [SQL_TASK_SETTLE] =
        "UPDATE millrace_tasks SET state = ?2, position = ?3,"
        " since = ?4, run_at = ?5, attempt = ?6, crashes = ?7, reason = ?8,"
        " started_at = ifnull(?9, started_at), forget_at = ?10,"
        " result = ?11, last_error = ifnull(?12, last_error),"
        " is_started = 0, worker = NULL"
        " WHERE number = ?1",
    [SQL_TASK_FINISH] = "DELETE FROM millrace_tasks AS t WHERE t.number = ?1"
                        " AND t.id = ?4 AND t.key IS NULL AND t.retain_ms = 0"
                        " AND" HELD,
    [SQL_TASKS_FINISH] = FINISH "(" NUMBERS ")",
    [SQL_MANY_TASKS_FINISH] = FINISH "(" MANY_NUMBERS ")",
    [SQL_TASK_READY] = "UPDATE millrace_tasks SET state = 1, position = ?2,"
                       " since = ?3 WHERE number = ?1",
    [SQL_TASK_RUN_NOW] = "UPDATE millrace_tasks SET state = 1, position = ?2,"
                         " since = ?3, run_at = ?3 WHERE number = ?1",
    [SQL_TASK_REQUEUE] =
        "UPDATE millrace_tasks SET state = 1, position = ?2,"
        " since = ?3, attempt = ?4, crashes = ?5, expires_ms = ?6,"
        " created_at = ?7, run_at = ?8, started_at = 0, reason = 0,"
        " result = NULL"
        " WHERE number = ?1",
    [SQL_TASK_REMOVE] = "DELETE FROM millrace_tasks WHERE number = ?1",

    /* tasks that were leased together */

    [SQL_SPAN_ADD] = "INSERT INTO millrace_spans (queue_id, fencing, priority,"
                     " first_position, last_position, until_ms, since, worker)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_SPAN_FIND] =
        "SELECT priority, first_position, last_position"
        " FROM millrace_spans WHERE queue_id = ?1 AND fencing = ?2",
    /* An attempt that nobody can have counted so far is left alone. */
    [SQL_SPAN_SPLIT] =
        "UPDATE millrace_tasks AS t SET state = 2, position = s.until_ms,"
        " fencing = s.fencing, since = s.since, worker = s.worker,"
        " attempt = t.attempt + (t.attempt < 2147483647)"
        " FROM millrace_spans s"
        " WHERE s.queue_id = ?1 AND s.fencing = ?2 AND" IN_SPAN,
    [SQL_SPAN_REMOVE] =
        "DELETE FROM millrace_spans WHERE queue_id = ?1 AND fencing = ?2",
    [SQL_SPAN_REMOVE_EMPTY] =
        "DELETE FROM millrace_spans AS s"
        " WHERE s.queue_id = ?1 AND s.fencing = ?2"
        " AND NOT EXISTS (SELECT 1 FROM millrace_tasks t WHERE" IN_SPAN ")",
    [SQL_SPAN_EXPIRED] = "SELECT fencing FROM millrace_spans"
                         " WHERE queue_id = ?1 AND until_ms <= ?2"
                         " ORDER BY until_ms LIMIT 1",

    /* idempotency keys */

    [SQL_KEY_HOLDER] = "SELECT id FROM millrace_keys WHERE queue_id = ?1"
                       " AND key = ?2 AND (until_ms = 0 OR until_ms > ?3)",
    [SQL_KEY_TAKE] = "INSERT OR REPLACE INTO millrace_keys"
                     " (queue_id, key, id, number, until_ms)"
                     " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_KEY_FREE] = "DELETE FROM millrace_keys WHERE queue_id = ?1"
                     " AND key = ?2 AND id = ?3 AND until_ms = 0",
    [SQL_KEY_ENDED] = "SELECT queue_id, key FROM millrace_keys"
                      " WHERE until_ms > 0 AND until_ms <= ?1"
                      " ORDER BY until_ms LIMIT 1",
    [SQL_KEY_FORGET] =
        "DELETE FROM millrace_keys WHERE queue_id = ?1 AND key = ?2",
    [SQL_NEXT_KEY_END] = "SELECT until_ms FROM millrace_keys"
                         " WHERE until_ms > 0 ORDER BY until_ms LIMIT 1",

    /* workers */

    [SQL_WORKER_BEAT] =
        "INSERT OR REPLACE INTO millrace_workers (namespace, name, host,"
        " queues, pid, busy, concurrency, started_at, seen_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_WORKERS_FORGET] = "DELETE FROM millrace_workers"
                           " WHERE namespace = ?1 AND seen_at < ?2",
    [SQL_WORKER_LEAVE] = "DELETE FROM millrace_workers"
                         " WHERE namespace = ?1 AND name = ?2",
    [SQL_WORKERS] =
        "SELECT name, host, queues, pid, busy, concurrency, started_at, seen_at"
        " FROM millrace_workers"
        " WHERE namespace = ?1 AND name > ?2 AND seen_at >= ?3"
        " ORDER BY name LIMIT ?4",

    /* rows that make no task: see sqlite_stray.c */

    [SQL_STRAY_ROW] = "SELECT t.id, t.priority, t.type, t.payload, t.*"
                      " FROM millrace_tasks t WHERE t.number = ?1",
    [SQL_STRAY_KEY_FREE] =
        "DELETE FROM millrace_keys WHERE queue_id = ?1 AND number = ?2"
        " AND until_ms = 0"
        " AND key = (SELECT key FROM millrace_tasks WHERE number = ?2)",
    [SQL_STRAY_BURY] =
        "UPDATE millrace_tasks SET state = 5, id = ?2, position = ?3,"
        " since = ?4, priority = ?5, max_attempts = ?6, max_crashes = ?7,"
        " timeout_ms = ?8, backoff_kind = ?9, backoff_jitter = ?10,"
        " backoff_factor_milli = ?11, backoff_base_ms = ?12,"
        " backoff_max_ms = ?13, created_at = ?14, run_at = ?14, reason = ?15,"
        " last_error = ?16, type = ifnull(?17, type),"
        " payload = ifnull(?18, payload), result = ?19, attempt = 0,"
        " crashes = 0, key_ttl_ms = 0, retain_ms = 0, expires_ms = 0,"
        " is_started = 0, started_at = NULL, forget_at = NULL, worker = NULL,"
        " key = NULL, headers = NULL"
        " WHERE number = ?1",

    /* what a sound store never has: see sqlite_scrub.c */

    [SQL_SCRUB_TASKS] =
        "SELECT" KNOWN_COLUMNS "," PASSED_BY ","
        " (t.state = 4) = (t.forget_at IS NOT NULL), q.namespace,"
        " (SELECT w.seen_at FROM millrace_workers w"
        " WHERE w.namespace = q.namespace"
        " AND w.name = ifnull(s.worker, t.worker))"
        " FROM millrace_tasks t LEFT JOIN millrace_queues q"
        " ON q.id = t.queue_id" AND_SPAN
        "WHERE t.number > ?1 ORDER BY t.number LIMIT ?2",
    [SQL_SCRUB_KEYS] = "SELECT k.queue_id, k.key, hex(k.key), q.namespace, "
                       "q.name," LEADS_TO_NO_LIVE_TASK
                       " FROM millrace_keys k LEFT JOIN millrace_queues q"
                       " ON q.id = k.queue_id"
                       " WHERE (k.queue_id, k.key) > (?1, ?2)"
                       " ORDER BY k.queue_id, k.key LIMIT ?3",
    [SQL_SCRUB_COUNTERS] =
        "SELECT q.id, q.name," COUNTERS "=" COUNTED "FROM millrace_queues q"
        " WHERE q.namespace = ?1 AND q.id > ?2 ORDER BY q.id LIMIT 1",
    [SQL_FIX_STATE] =
        "UPDATE millrace_tasks SET state = 1, position = ?4,"
        " since = ?5, worker = NULL"
        " WHERE" HAS_ID("", "?1", "?2") "AND queue_id = ?3"
                                        " AND state NOT BETWEEN 0 AND 5",
    [SQL_FIX_PLACE] = "UPDATE millrace_tasks AS t SET position = ?4, since = ?5"
                      " WHERE" HAS_ID("t.", "?1", "?2") "AND t.queue_id = ?3"
                                                        " AND" PASSED_BY,
    [SQL_FIX_RETENTION] =
        "UPDATE millrace_tasks SET forget_at ="
        " CASE state WHEN 4 THEN since + retain_ms END"
        " WHERE" HAS_ID("", "?1",
                        "?2") "AND queue_id = ?3"
                              " AND (state = 4) <> (forget_at IS NOT NULL)",
    [SQL_FIX_KEY] = "DELETE FROM millrace_keys AS k"
                    " WHERE k.queue_id = ?1 AND k.key = ?2"
                    " AND " LEADS_TO_NO_LIVE_TASK,
    [SQL_FIX_COUNTERS] =
        "UPDATE millrace_queues AS q SET"
        " (scheduled, ready, active, retry, done, dead) =" COUNTED
        " WHERE q.namespace = ?1 AND q.name = ?2"
        " AND" COUNTERS "<>" COUNTED,
};
