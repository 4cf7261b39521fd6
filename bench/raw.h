/*
 * raw.h - the floor that Millrace is measured against.
 *
 * Plain loops over hiredis, sqlite3 and posix_spawn that do the bare operations
 * a queue can't do without, and nothing else: no retries, no fencing, no
 * counters, no answers to questions. Nothing of Millrace is in here, so that a
 * mistake of ours can't slow both down alike. A failure ends the program.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_BATCH_MAX 1000
#define RAW_ID_LEN 26
#define RAW_TYPE "bench"

struct raw_request {
    const char *where; /* path of a socket or of a file that is not there */
    long tasks;
    long batch;
    long payload; /* bytes */
    bool is_full; /* SQLite: synchronous = FULL */
};

/* What a phase has taken; < 0: does not apply. */
struct raw_result {
    int64_t begin_ns; /* by the monotonic clock */
    int64_t end_ns;
    double cpu_us; /* of all our processes */
    double server_cpu_us;
    double commands;
    double bytes;
    double p50_ms;
    double p99_ms;
    double max_ms;
};

/* The phases. */
void raw_redis_enqueue(const struct raw_request *req, struct raw_result *out);
void raw_redis_single(const struct raw_request *req, struct raw_result *out);
void raw_redis_drain(const struct raw_request *req, struct raw_result *out);
void raw_redis_e2e(const struct raw_request *req, struct raw_result *out);
void raw_redis_latency(const struct raw_request *req, struct raw_result *out);
void raw_redis_delayed(const struct raw_request *req, struct raw_result *out);
void raw_sqlite_enqueue(const struct raw_request *req, struct raw_result *out);
void raw_sqlite_drain(const struct raw_request *req, struct raw_result *out);
void raw_sqlite_e2e(const struct raw_request *req, struct raw_result *out);
void raw_spawn(const struct raw_request *req, struct raw_result *out);

/* What they share. */

int64_t raw_now_ns(void);

/* Processor time of this process, or of its children that have ended. */
double raw_cpu_us(bool of_children);

/* Writes id number RAW_ID_LEN digits long, and a payload of size bytes. */
void raw_fill(long number, char id[RAW_ID_LEN + 1], char *payload, size_t size);

/* Memory that children share; all 0. */
void *raw_shared(size_t size);

/* Begins a phase, and ends it. */
void raw_begin(struct raw_result *out);
void raw_end(struct raw_result *out);

/* Sorts took_ns[n] and fills in the latencies. */
void raw_latencies(int64_t *took_ns, size_t n, struct raw_result *out);

/* Says why on stderr and ends the program. */
_Noreturn void raw_die(const char *what, const char *why);

#endif
