/*
 * redis_keys.h - what is kept where: the one page about the layout.
 *
 * NS is the namespace, Q a queue. All keys of a queue carry the hash tag
 * {NS:Q}, so that they live together should they ever be spread over servers.
 *
 * Global
 *   NS:schema            string: version of this layout (REDIS_SCHEMA); set by
 *                        whoever makes the first queue
 *   NS:queues            set: names of all queues; added to before the first
 *                        task, never taken from
 *   NS:paused            set: names of the queues that are paused
 *   NS:workers           hash worker -> what is known of it (redis_fleet.c)
 *   NS:workers:seen      zset worker -> when it was last seen
 *   NS:wake              stream: an entry (q NAME) for each new queue; wakes
 *                        those who serve every queue
 *
 * Per queue, streams with the consumer group REDIS_GROUP
 *   {NS:Q}:ready:high    tasks that are ready or active, by becoming ready.
 *   {NS:Q}:ready:normal  Entries never delivered are ready, pending ones are
 *   {NS:Q}:ready:low     active; settled ones are acknowledged and deleted in
 *                        one step, so delivered means active.
 *   {NS:Q}:taken         leases that had ended, now held by a reaper: all
 *                        active. The same entries, moved; nobody reads here
 *                        by '>'
 *     Entry: id, type, payload and, where something is not at its default, x
 *     (redis_task.h). A group is made at id 0 when it is first needed.
 *     Consumers are named LEASE_MS/WORKER: an entry whose idle time reaches
 *     its consumer's LEASE_MS has expired. Its delivery count is a note of
 *     ours: 1, and 1 more once the start of its handler is on record, and 2
 *     more for each ms that the lease had run when it was last extended; it
 *     counts neither attempts nor crashes.
 *   {NS:Q}:wake          stream: a note (w 1) when a task was scheduled before
 *                        the first one so far, or the queue was resumed; read
 *                        by the same group, and deleted by who has read it
 *
 * Per queue, what waits
 *   {NS:Q}:scheduled     zset id -> run_at_ms: waits for its first run
 *   {NS:Q}:retry         zset id -> run_at_ms: waits for a further one
 *   {NS:Q}:bodies        hash id -> body (redis_task.h) of all in scheduled,
 *                        retry and done
 *
 * Per queue, what has ended
 *   {NS:Q}:done          zset id -> finished_at_ms: kept results
 *   {NS:Q}:expiry        zset id -> when the done task is to be forgotten
 *   {NS:Q}:dead          stream, no group: the dead-letter queue, oldest
 *                        first; entries as in ready, x has reason and times;
 *                        of one that could not be read (redis_stray.h) the
 *                        field was may say more
 *   {NS:Q}:deadindex     hash id -> id of the entry in dead
 *   {NS:Q}:counters      hash: done, failed: totals since the queue was made
 *
 * Per queue, what leads to a task
 *   {NS:Q}:keys          hash idempotency key -> "ID UNTIL": who holds it and
 *                        until when in ms; 0: until ID is done, dead, removed.
 *                        An UNTIL that is not in the future: the key is free
 *   {NS:Q}:windows       zset key -> UNTIL, where that is not 0; promote drops
 *                        those that are over, here and in keys
 *   {NS:Q}:pointers      hash id -> "STREAM ENTRY" (high|normal|low|taken, id
 *                        of the entry) of ready and active tasks that are not
 *                        where their id's time says: those further off than
 *                        REDIS_NEAR_MS, and all that carry "ptr" in x (brought
 *                        ids, holders of keys, and whatever was moved). Set
 *                        with the entry, deleted with it. All other ready and
 *                        active tasks lie in a ready stream within
 *                        REDIS_NEAR_MS of the time in their id
 *   {NS:Q}:sent:P.S      string, for ten minutes: the number of the last batch
 *                        that producer P stored from slot S of a call, and
 *                        the answers it got; asked for when an answer was lost
 *
 * Who writes when
 *   enqueue       ready, or scheduled + bodies; keys + windows, pointers;
 *                 sent; queues first, wake last
 *   lease         nothing but the group's pending list; may promote ahead
 *   settle done   ready|taken -, counters; keys -, pointers -; retained:
 *                 bodies, done, expiry
 *   settle retry, snooze      ready|taken -, pointers -; bodies, retry or
 *                 scheduled; counters
 *   settle dead   ready|taken -, pointers -, keys -; dead, deadindex, counters
 *   settle release            ready|taken -; ready, pointers
 *   promote       scheduled|retry -, bodies -; ready, pointers. Forgets: done,
 *                 expiry, bodies; windows, keys
 *   take_expired  ready|taken -; taken, pointers
 *   a stray, by lease, take_expired or the scrubber   wherever it was -,
 *                 pointers -, keys -; dead, deadindex
 */
#ifndef ADAPTERS_REDIS_KEYS_H
#define ADAPTERS_REDIS_KEYS_H

#include "domain/limits.h"
#include "domain/task.h"

#define REDIS_SCHEMA 1
#define REDIS_SCHEMA_TEXT "1"
#define REDIS_GROUP "millrace"
#define REDIS_NEAR_MS 250

/* Room for any key but those of producers: the tag, a suffix, the NUL. */
#define REDIS_KEY_SIZE (NAMESPACE_MAX + QUEUE_NAME_MAX + 24)

/* The streams a task can be in, priorities first. */
enum redis_stream {
    REDIS_HIGH = PRIORITY_HIGH,
    REDIS_NORMAL = PRIORITY_NORMAL,
    REDIS_LOW = PRIORITY_LOW,
    REDIS_TAKEN,
};
#define REDIS_STREAMS 4

/* The name in pointers: "high", ..., "taken". */
const char *redis_stream_name(enum redis_stream stream);
bool redis_stream_from(struct bytes name, enum redis_stream *out);

/* The keys of a queue, in the order in which every script gets them. */
enum redis_queue_key {
    REDIS_KEY_HIGH = REDIS_HIGH,
    REDIS_KEY_NORMAL = REDIS_NORMAL,
    REDIS_KEY_LOW = REDIS_LOW,
    REDIS_KEY_TAKEN = REDIS_TAKEN,
    REDIS_KEY_SCHEDULED,
    REDIS_KEY_RETRY,
    REDIS_KEY_BODIES,
    REDIS_KEY_DONE,
    REDIS_KEY_EXPIRY,
    REDIS_KEY_DEAD,
    REDIS_KEY_DEADINDEX,
    REDIS_KEY_COUNTERS,
    REDIS_KEY_KEYS,
    REDIS_KEY_WINDOWS,
    REDIS_KEY_POINTERS,
    REDIS_KEY_WAKE,
    REDIS_QUEUE_KEYS
};

/* NS:SUFFIX. */
void redis_global_key(const char *namespace, const char *suffix,
                      char out[REDIS_KEY_SIZE]);

/* {NS:Q}:..., as which says. */
void redis_queue_key(const char *namespace, struct bytes queue,
                     enum redis_queue_key which, char out[REDIS_KEY_SIZE]);

/* {NS:Q}:sent:PRODUCER.SLOT */
#define REDIS_SENT_KEY_SIZE (REDIS_KEY_SIZE + 48)
void redis_sent_key(const char *namespace, struct bytes queue,
                    const char *producer, size_t slot,
                    char out[REDIS_SENT_KEY_SIZE]);

/* LEASE_MS/WORKER. */
#define REDIS_CONSUMER_SIZE (WORKER_NAME_MAX + 24)
void redis_consumer_name(int64_t lease_ms, const char *worker,
                         char out[REDIS_CONSUMER_SIZE]);

/* What the delivery count of a pending entry says: whether its handler is known
 * to have begun, and for how long the lease has run. */
bool redis_lease_is_started(int64_t deliveries);
int64_t redis_lease_age_ms(int64_t deliveries, int64_t idle_ms);

/* Splits the name of a consumer; false if it is none. */
bool redis_consumer_parse(struct bytes name, int64_t *lease_ms,
                          struct bytes *worker);

#endif
