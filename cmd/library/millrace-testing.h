/*
 * millrace-testing.h - for the tests of programs that use libmillrace.
 *
 * A kit is a queue in memory, a clock that stands until the test moves it, and
 * a worker that runs handlers inside the test's own calls. So a task that backs
 * off over three days is tested in a millisecond, and the same every time; and
 * a backend that fails does so when the test says.
 *
 * The rules of millrace.h hold, but one: a kit, its client and its handlers
 * belong to one thread.
 */
#ifndef MILLRACE_TESTING_H
#define MILLRACE_TESTING_H

#include <millrace.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct mr_testing;

/* Makes a kit whose clock stands at 2030-01-01T00:00:00Z. */
MR_MUST_USE enum mr_code mr_testing_open(struct mr_testing **out,
                                         struct mr_error *err);
void mr_testing_free(struct mr_testing *kit);

/* Its client, for the code under test to add tasks with, and for the test to
 * look at them; the kit's own: not to be closed. It does not ask again when
 * the backend fails. */
struct mr_client *mr_testing_client(struct mr_testing *kit);

/* Registers a handler, as mr_worker_handle; before anything has run. */
MR_MUST_USE enum mr_code mr_testing_handle(struct mr_testing *kit,
                                           const char *type, mr_handler handler,
                                           void *context, struct mr_error *err);

/* The time by the kit's clock. */
int64_t mr_testing_now_ms(const struct mr_testing *kit);

/* Runs every task that is ready now, and what becomes ready by that, one after
 * the other; *ran (may be NULL) is how many attempts that took. What waits for
 * a later time stays. Where the worker meets a fault, time passes until it
 * tries again; a fault that does not end is given back. */
MR_MUST_USE enum mr_code mr_testing_drain(struct mr_testing *kit, size_t *ran,
                                          struct mr_error *err);

/* Lets ms pass (0 to ten years), running each task when it is due. */
MR_MUST_USE enum mr_code mr_testing_advance(struct mr_testing *kit, int64_t ms,
                                            size_t *ran, struct mr_error *err);

/* For a handler: takes ms of the kit's time. */
void mr_testing_pass(struct mr_testing *kit, int64_t ms);

/* What can be made to fail. */
enum mr_testing_op {
    MR_TESTING_ENQUEUE = 1, /* by the client; the rest by the worker */
    MR_TESTING_LEASE = 2,
    MR_TESTING_SETTLE = 3,
    MR_TESTING_PROMOTE = 4
};

/* Whether the backend got to know of the call that fails. */
enum mr_testing_time {
    MR_TESTING_BEFORE = 1, /* the backend was not reached: nothing happened */
    MR_TESTING_AFTER = 2   /* it happened, and the answer was lost */
};

/* Makes op, after skip calls that go through, fail times calls in a row with
 * code: MR_UNAVAILABLE, MR_FULL, MR_REFUSED, MR_CORRUPT or MR_NO_MEMORY. Takes
 * the place of what was said about op before. */
MR_MUST_USE enum mr_code mr_testing_fail(struct mr_testing *kit,
                                         enum mr_testing_op op,
                                         enum mr_testing_time when, size_t skip,
                                         size_t times, enum mr_code code,
                                         struct mr_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
