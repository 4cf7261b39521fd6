/*
 * spy_metrics.h - a metrics_port that remembers what it was told.
 *
 * For one thread at a time: a test reads the record while no call is under
 * way.
 */
#ifndef ADAPTERS_DOUBLES_SPY_METRICS_H
#define ADAPTERS_DOUBLES_SPY_METRICS_H

#include "usecase/metrics_port.h"

#define SPY_ACTIONS (VERDICT_SNOOZE + 1)
#define SPY_REPORTS 64
#define SPY_TEXT_SIZE 128

/* A copy of one report; texts are cut to fit. */
struct spied_attempt {
    struct task_id id;
    char queue[QUEUE_NAME_MAX + 1];
    char type[TYPE_NAME_MAX + 1];
    char error[SPY_TEXT_SIZE]; /* "" for none */
    struct verdict verdict;
    enum status status;
    int32_t attempt; /* of the lease */
    int64_t started_at_ms;
    int64_t ended_at_ms;
    bool is_reaped;
};

struct spy_record {
    size_t attempts;
    size_t lost;                   /* of them STATUS_LEASE_LOST */
    size_t reaped;                 /* of them for a worker without an answer */
    size_t by_action[SPY_ACTIONS]; /* of those that had an effect */
    size_t failures;               /* of the backend */
    size_t recoveries;
    size_t walks;          /* through the whole store */
    size_t flaws;          /* found by them */
    const char *failed_op; /* the latest; NULL: none */
    enum status failed_status;
    char failed_text[ERROR_TEXT_SIZE];
    struct spied_attempt latest[SPY_REPORTS]; /* a ring: number i is at
                                                 i % SPY_REPORTS */
};

/* Opens a spy into *out. Fault STATUS_NO_MEMORY. */
MUST_USE enum status spy_metrics_open(struct metrics_port *out,
                                      struct error *err);

/* What a port opened here was told; lives as long as the port. */
const struct spy_record *spy_metrics_record(struct metrics_port spy);

/* The latest attempt it was told of; NULL if there was none. */
const struct spied_attempt *spy_metrics_latest(struct metrics_port spy);

#endif
