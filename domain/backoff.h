/*
 * backoff.h - how long a task waits between two attempts.
 *
 * The n-th wait (n >= 1), before jitter, is
 *   exponential  base_ms * (factor_milli / 1000) ^ (n - 1)
 *   linear       base_ms * n
 *   constant     base_ms
 * each at most max_ms; integer arithmetic, rounded down at every step, and
 * safe for any n. Jitter (after M. Brooker, "Exponential Backoff And Jitter",
 * AWS Architecture Blog, 2015) then turns a wait w into
 *   none   w
 *   full   uniform in [0, w]
 *   equal  w / 2 + uniform in [0, w - w / 2]
 */
#ifndef DOMAIN_BACKOFF_H
#define DOMAIN_BACKOFF_H

#include "domain/error.h"

#include <stdint.h>

enum backoff_kind {
    BACKOFF_EXPONENTIAL,
    BACKOFF_LINEAR,
    BACKOFF_CONSTANT,
};
#define BACKOFF_KINDS (BACKOFF_CONSTANT + 1)

enum jitter {
    JITTER_FULL,
    JITTER_EQUAL,
    JITTER_NONE,
};

struct backoff {
    enum backoff_kind kind;
    enum jitter jitter;
    int32_t factor_milli; /* 1000 to FACTOR_MILLI_MAX; 2000 doubles */
    int64_t base_ms;      /* 0 to DURATION_MAX_MS */
    int64_t max_ms;       /* base_ms to DURATION_MAX_MS */
};

/* Exponential, 1 s, doubling, at most 1 h, full jitter. */
struct backoff backoff_default(void);

/* The n-th wait in ms without jitter; n < 1 counts as 1. */
int64_t backoff_wait_ms(const struct backoff *b, int64_t n);

/* The n-th wait in ms with jitter, taken from the 64 random bits. */
int64_t backoff_jittered_ms(const struct backoff *b, int64_t n,
                            uint64_t random);

/* Reads KIND[:BASE[:MAX]] (durations as in duration.h) over *out, keeping
 * what the text does not name (but a BASE beyond the max_ms kept raises it),
 * or a fault STATUS_INVALID (field "backoff"). */
MUST_USE enum status backoff_parse(struct bytes text, struct backoff *out,
                                   struct error *err);

const char *backoff_kind_name(enum backoff_kind kind);
const char *jitter_name(enum jitter jitter);
bool backoff_kind_from(struct bytes name, enum backoff_kind *out);
bool jitter_from(struct bytes name, enum jitter *out);

#endif
