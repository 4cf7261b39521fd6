/*
 * fixture.h - a fresh store for each contract test, whatever backend it is.
 *
 * A test is written once and run on every backend that users can choose from;
 * it never asks which one it has got. Time stands still until the test
 * advances it, and what it does not promise to wait for, it does not wait for.
 */
#ifndef TESTS_CONTRACT_FIXTURE_H
#define TESTS_CONTRACT_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>

#include "usecase/backend_port.h"

/* One test of every backend: a promise in words, and its body, which gets
 * struct fixture *f. */
#define CONTRACT(suite, promise)                                               \
    static void suite##_##promise(struct fixture *f);                          \
    ParameterizedTestParameters(suite, promise)                                \
    {                                                                          \
        return fixture_backends();                                             \
    }                                                                          \
    ParameterizedTest(size_t *backend, suite, promise, .timeout = 120)         \
    {                                                                          \
        struct fixture *f = fixture_open(*backend);                            \
        suite##_##promise(f);                                                  \
        fixture_close(f);                                                      \
    }                                                                          \
    static void suite##_##promise(struct fixture *f)

/* Asserts, naming the backend where it fails. Order is compared by plain < and
 * >: Criterion 2.4.1 lets gt(sz, 0, 0) pass, and any() fail. */
#define THEN(criterion) cr_assert(criterion, "on %s", f->name)

/* Leases that a test lets end. Short, since a backend need not take leases
 * back that are longer than it has been up; and so a test must not rely on
 * one going on. LONG_LEASE_MS is for leases that go on. */
#define SHORT_LEASE_MS 1000
#define LONG_LEASE_MS 600000

/* How long a test waits for what must come: for ever, in its terms. */
#define PATIENCE_MS 60000

#define FIXTURE_LEASES 1000

struct fixture {
    const char *name; /* of the backend */
    struct backend_port backend;
    struct queue_port queue;
    struct admin_port admin;
    struct fleet_port fleet;
    int64_t now_ms;
    struct arena mem; /* never reset by the fixture */
    struct error err;
    struct task_id_source ids;
    uint64_t random;
    struct lease leases[FIXTURE_LEASES]; /* of the latest lease or reap */
    const struct place *place; /* where the store is; see fixture_place.h */
    char url[512];             /* of the place, where it has one */
    char folder[64];           /* "" where there is none */
};

/* The indexes of the backends to run, as Criterion wants them. */
struct criterion_test_params fixture_backends(void);

struct fixture *fixture_open(size_t backend);
void fixture_close(struct fixture *f);

/* Opens another store in the same place, with another namespace. */
void fixture_open_apart(const struct fixture *f, struct backend_port *out);

/* Another port over the same store, to be closed by the test. */
struct queue_port another_queue(struct fixture *f);

/* Lets time pass: leases run down, tasks become due. */
void advance(struct fixture *f, int64_t ms);

/* A task of queue that is ready now, with a new id; not enqueued yet. */
struct new_task a_task(struct fixture *f, const char *queue);

/* Enqueues and gives back the answer. */
struct enqueued enqueue_one(struct fixture *f, const struct new_task *task);

/* Enqueues a task as it is, which must be added; its id. */
struct task_id given(struct fixture *f, const struct new_task *task);

/* Enqueues n plain tasks; their ids go to out[n] unless it is NULL. */
void given_tasks(struct fixture *f, const char *queue, size_t n,
                 struct task_id *out);

/* A plain ready task of queue; its id. */
struct task_id given_a_task(struct fixture *f, const char *queue);

/* A request for one task of plan ("a=6,b=3", "*" for every queue) that does
 * not wait; the plan lives until the next call. */
struct lease_request a_request(struct fixture *f, const char *plan);

/* Leases up to max of plan into f->leases, for lease_ms, without waiting; how
 * many there were. */
size_t lease_for(struct fixture *f, const char *plan, size_t max,
                 int64_t lease_ms);

/* The same with LONG_LEASE_MS. */
size_t lease_up_to(struct fixture *f, const char *plan, size_t max);

/* Leases one task of queue, which must be there, for LONG_LEASE_MS. */
struct lease given_a_lease(struct fixture *f, const char *queue);

/* A lease of queue that has ended. */
struct lease given_an_ended_lease(struct fixture *f, const char *queue);

/* Takes up to max expired leases into f->leases, for lease_ms; how many. */
size_t take_up_to(struct fixture *f, size_t max, int64_t lease_ms);

/* Settlements of a lease; started when it was leased. */
struct settlement done(struct fixture *f, const struct lease *lease);
struct settlement retry_at(struct fixture *f, const struct lease *lease,
                           int64_t run_at_ms);
struct settlement dead(struct fixture *f, const struct lease *lease,
                       enum reason reason);
struct settlement released(struct fixture *f, const struct lease *lease);
struct settlement snoozed_until(struct fixture *f, const struct lease *lease,
                                int64_t run_at_ms);

/* Settles one item; its result. */
enum status settle(struct fixture *f, struct settlement item);

/* Extends one lease; the result. */
enum status extend(struct fixture *f, const struct lease *lease,
                   int64_t lease_ms);

/* A task of queue that is dead for reason; its id. */
struct task_id given_a_dead_task(struct fixture *f, const char *queue,
                                 enum reason reason);

/* A task of queue in state; its id. */
struct task_id given_a_task_in(struct fixture *f, const char *queue,
                               enum task_state state);

/* Promotes all that is due; how many moved. */
size_t promote(struct fixture *f);

/* What the store knows of a task, which must be there. */
struct task_record find(struct fixture *f, const char *queue,
                        struct task_id id);

/* Whether it is there. */
bool is_there(struct fixture *f, const char *queue, struct task_id id);

/* The statistics of queue, which must be there. */
struct queue_stats stats_of(struct fixture *f, const char *queue);

bool same_id(struct task_id a, struct task_id b);

/* Criteria for THEN that show both sides. */
#define IS_ID(actual, expected)                                                \
    eq(str, (char *)(actual).text, (char *)(expected).text)
#define IS_BYTES(actual, expected)                                             \
    eq(mem, ((struct cr_mem){(actual).at, (actual).len}),                      \
       ((struct cr_mem){(expected).at, (expected).len}))

#endif
