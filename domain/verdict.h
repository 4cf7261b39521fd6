/*
 * verdict.h - what follows from the way an attempt ended.
 *
 * All policy of retries, crashes and dead letters is here, and nowhere else:
 * a backend stores what a verdict says. Pure: same input, same verdict.
 */
#ifndef DOMAIN_VERDICT_H
#define DOMAIN_VERDICT_H

#include "domain/task.h"

/* How an attempt ended. */
enum outcome_kind {
    OUTCOME_DONE,    /* succeeded, perhaps with a result */
    OUTCOME_RETRY,   /* failed; error says why */
    OUTCOME_REJECT,  /* failed for good; error says why */
    OUTCOME_SNOOZE,  /* asks to run again after after_ms; no attempt used */
    OUTCOME_RELEASE, /* not run, or stopped on shutdown; no attempt used */
    OUTCOME_CRASH,   /* no answer: the worker died or its lease ran out */
    OUTCOME_EXPIRE,  /* was leased, but not started: it had expired */
};

struct outcome {
    enum outcome_kind kind;
    int64_t
        after_ms;    /* SNOOZE: how long; RETRY: < 0 leaves it to the backoff */
    bool is_started; /* CRASH: whether the handler is known to have begun */
    struct bytes result; /* DONE: a JSON value, or absent */
    struct bytes error;
};

enum verdict_action {
    VERDICT_DONE,    /* remove, or keep for retain_ms */
    VERDICT_RETRY,   /* wait in state retry until run_at_ms */
    VERDICT_DEAD,    /* into the dead-letter queue, for reason */
    VERDICT_RELEASE, /* ready again, at the end of its priority */
    VERDICT_SNOOZE,  /* wait until run_at_ms: in state scheduled if attempt is
                        0, else in state retry */
};

struct verdict {
    enum verdict_action action;
    enum reason reason; /* DEAD */
    int64_t run_at_ms;  /* RETRY, SNOOZE; now for the others */
    int32_t attempt;    /* what task->attempt becomes */
    int32_t crashes;    /* what task->crashes becomes */
    bool is_failure;    /* counts as a failed attempt in the statistics */
};

/* What follows for a leased task (task->attempt counts this lease's attempt)
 * from outcome, at now_ms, with 64 random bits for the jitter.
 *   failure     the last attempt: dead, exhausted; else retry by the backoff,
 *               its attempt-th wait, or after outcome->after_ms
 *   crash       one more crash; max_crashes reached or the last attempt: dead,
 *               lost; the first: retry now; the n-th: the (n-1)-th wait
 *   crash of a task not known to have been started: the same, except that
 *               where it would be dead it is released instead
 * A crash counts as a failure. Neither expiry nor release nor snooze does. */
struct verdict verdict_of(const struct task *task,
                          const struct outcome *outcome, int64_t now_ms,
                          uint64_t random);

/* Whether a task leased at now_ms may be started, or has expired: it has from
 * task_expires_at_ms() on. */
bool verdict_may_start(const struct task *task, int64_t now_ms);

/* Whether a crash of this attempt would be the last: then the start must be
 * on record before the handler runs (see queue_port extend). */
bool verdict_crash_would_kill(const struct task *task);

/* Whether it must run with no other beside it: it has crashed, and the next
 * crash would be its last. */
bool verdict_wants_alone(const struct task *task);

const char *verdict_action_name(enum verdict_action action);

#endif
