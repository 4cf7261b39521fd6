/*
 * sqlite_processes_test.c - several processes, and several threads, on one
 * file.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/adapters/sqlite_fixture.h"

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
    fixture_open(&f);
}

static void teardown(void)
{
    fixture_close(&f);
    fixture_release(&f);
}

TestSuite(sqlite_processes, .init = setup, .fini = teardown, .timeout = 60);

static int64_t monotonic_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits for a task for at most wait_ms. */
static enum status wait_for_one(int64_t wait_ms, struct wake wake)
{
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    int64_t const now_ms = real_ms();
    struct lease_request const req = {.plan = &plan,
                                      .max = 1,
                                      .lease_ms = 60000,
                                      .worker = "tester",
                                      .now_ms = now_ms,
                                      .until_ms = now_ms + wait_ms,
                                      .wake = wake};
    struct lease lease;
    size_t n;

    arena_reset(&f.mem);
    return queue_lease(f.queue, &req, &f.mem, &lease, &n, &f.err);
}

/* Ends a peer by closing its input, or by a signal; gives its wait status. */
static int end_peer(pid_t pid, int to, int from, int signal)
{
    int status;

    close(to);
    if (signal)
        kill(pid, signal);
    cr_assert(eq(int, waitpid(pid, &status, 0), pid));
    close(from);
    return status;
}

/* Whether so many waits for the peer's next task take less than half of what
 * they would without events: the look that stands behind them comes every
 * second. */
static bool waits_are_short(int to, int from, int rounds)
{
    int64_t const start_ms = monotonic_ms();
    char byte;

    for (int i = 0; i < rounds; i++) {
        cr_assert(eq(int, write(to, ".", 1), 1));
        enum status const st = wait_for_one(10000, WAKE_NEVER);
        cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
        cr_assert(eq(int, read(from, &byte, 1), 1));
    }
    return monotonic_ms() - start_ms < rounds * 1000 / 2;
}

/* The machine may be slow now and then, but not always. */
Test(sqlite_processes, a_task_of_another_process_ends_the_wait_at_once)
{
    enum { ROUNDS = 5, TRIES = 4 };
    bool are_short = false;
    int to, from;
    pid_t const pid = fixture_peer(&f, "late", &to, &from);
    char byte;
    cr_assert(eq(int, write(to, ".", 1), 1)); /* it is up from then on */
    cr_assert(eq(int, read(from, &byte, 1), 1));
    cr_assert(eq(int, wait_for_one(10000, WAKE_NEVER), STATUS_OK));

    for (int i = 0; i < TRIES && !are_short; i++)
        are_short = waits_are_short(to, from, ROUNDS);

    cr_assert(are_short);
    cr_assert(eq(int, end_peer(pid, to, from, 0), 0));
}

struct producer {
    int64_t now_ms;
    enum status status;
};

static void *produce_after_wait_began(void *self)
{
    struct producer *p = self;
    struct store *store = f.backend.self;
    struct queue_port queue;
    struct error err;
    bool is_waiting = false;

    p->status = f.backend.ops->open_queue(f.backend.self, &queue, &err);
    while (!is_waiting) {
        pthread_mutex_lock(&store->lock);
        for (struct waiter *w = store->waiters; w; w = w->next)
            is_waiting |= w->is_waiting;
        pthread_mutex_unlock(&store->lock);
        sched_yield();
    }
    struct new_task const task = fixture_task(&f, p->now_ms);
    struct enqueued result;
    if (p->status == STATUS_OK)
        p->status = queue_enqueue(queue, p->now_ms, &task, 1, &result, &err);
    queue_close(queue);
    return NULL;
}

Test(sqlite_processes, a_task_of_another_thread_ends_the_wait)
{
    struct producer p = {.now_ms = real_ms()};
    pthread_t thread;
    pthread_create(&thread, NULL, produce_after_wait_began, &p);

    enum status const st = wait_for_one(50000, WAKE_NEVER);

    pthread_join(thread, NULL);
    cr_assert(eq(int, p.status, STATUS_OK));
    cr_assert(eq(int, st, STATUS_OK));
}

Test(sqlite_processes, an_idle_wait_hardly_wakes_up)
{
    struct rusage before, after;
    wait_for_one(200, WAKE_NEVER); /* until it has settled down */
    getrusage(RUSAGE_THREAD, &before);

    enum status const st = wait_for_one(1500, WAKE_NEVER);

    getrusage(RUSAGE_THREAD, &after);
    cr_assert(eq(int, st, STATUS_EMPTY));
    cr_assert(lt(i64, after.ru_nvcsw - before.ru_nvcsw, 20));
}

Test(sqlite_processes, a_wait_ends_when_a_task_becomes_due)
{
    int64_t const now_ms = real_ms(), start_ms = monotonic_ms();
    struct new_task task = fixture_task(&f, now_ms);
    struct enqueued result;
    task.task.run_at_ms = now_ms + 50;
    cr_assert(eq(int, queue_enqueue(f.queue, now_ms, &task, 1, &result, &f.err),
                 STATUS_OK));

    enum status const st = wait_for_one(50000, WAKE_NEVER);

    cr_assert(eq(int, st, STATUS_EMPTY));
    cr_assert(lt(i64, monotonic_ms() - start_ms, 40000));
}

/* Reads count bytes; each stands for a batch that was acknowledged. */
static size_t read_bytes(int fd, size_t count)
{
    char room[64];
    size_t n = 0;

    while (n < count) {
        ssize_t const got =
            read(fd, room, count - n < sizeof(room) ? count - n : sizeof(room));
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

Test(sqlite_processes, what_a_killed_process_had_acknowledged_is_there)
{
    size_t batches = 0;

    for (int round = 0; round < 5; round++) {
        int to, from;
        pid_t const pid = fixture_peer(&f, "flood", &to, &from);
        batches += read_bytes(from, 20);
        kill(pid, SIGKILL);
        batches += read_bytes(from, SIZE_MAX);
        int const status = end_peer(pid, to, from, SIGKILL);
        cr_assert(eq(int, WTERMSIG(status), SIGKILL));
    }

    int64_t const tasks =
        fixture_number(&f, "SELECT count(*) FROM millrace_tasks");
    cr_assert(ge(i64, tasks, (int64_t)batches * 10));
    cr_assert(eq(i64, tasks % 10, 0), "a batch is all or nothing");
    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(*) FROM pragma_quick_check"
                                    " WHERE quick_check = 'ok'"),
                 1));
    fixture_enqueue(&f, 1, NOW_MS);
}

Test(sqlite_processes, a_killed_worker_loses_nothing_and_settles_nothing_twice)
{
    enum { TASKS = 1000 };
    int64_t settled = 0;
    int to, from;
    char line[32];
    fixture_enqueue(&f, TASKS, NOW_MS);

    for (int round = 0; round < 5; round++) {
        pid_t const pid = fixture_peer(&f, "drain", &to, &from);
        FILE *out = fdopen(dup(from), "r");
        for (int i = 0; i < 30 && fgets(line, sizeof(line), out); i++)
            settled++;
        kill(pid, SIGKILL);
        while (fgets(line, sizeof(line), out))
            settled += line[TASK_ID_LEN] == '\n';
        fclose(out);
        end_peer(pid, to, from, SIGKILL);
    }

    int64_t const succeeded =
        fixture_number(&f, "SELECT succeeded FROM millrace_queues");
    int64_t const left =
        fixture_number(&f, "SELECT count(*) FROM millrace_tasks");
    cr_assert(ge(i64, succeeded, settled));
    cr_assert(eq(i64, succeeded + left, TASKS));
    cr_assert(fixture_counters_are_right(&f));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

Test(sqlite_processes, processes_that_share_a_file_run_each_task_once)
{
    enum { PEERS = 3, TASKS = 900 };
    static char ids[TASKS + 1][32];
    size_t n = 0;
    int to[PEERS], from[PEERS];
    pid_t pids[PEERS];
    fixture_enqueue(&f, TASKS, NOW_MS);

    for (int i = 0; i < PEERS; i++)
        pids[i] = fixture_peer(&f, "drain", &to[i], &from[i]);
    for (int i = 0; i < PEERS; i++) {
        FILE *out = fdopen(dup(from[i]), "r");
        while (n <= TASKS && fgets(ids[n], sizeof(ids[n]), out))
            n++;
        fclose(out);
        cr_assert(eq(int, end_peer(pids[i], to[i], from[i], 0), 0));
    }

    cr_assert(eq(sz, n, TASKS));
    qsort(ids, n, sizeof(ids[0]), by_text);
    for (size_t i = 1; i < n; i++)
        cr_assert(ne(str, ids[i - 1], ids[i]));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT succeeded FROM millrace_queues"),
                 TASKS));
}

/* Group commit: while one write is under way, THREADS more are handed in. */
enum { THREADS = 8 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_begun;
    bool is_let_go;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static enum status run_slowly(struct ledger *l, void *self, struct error *err)
{
    (void)l;
    (void)self;
    (void)err;
    pthread_mutex_lock(&gate.lock);
    gate.is_begun = true;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.is_let_go)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    return STATUS_OK;
}

/* Makes a queue called 'a' + number; number 3 fails after it. */
static enum status run_make_queue(struct ledger *l, void *self,
                                  struct error *err)
{
    int const number = *(int *)self;
    char const name = (char)('a' + number);
    struct queue_row *row;

    enum status const st = ledger_need(l, (struct bytes){&name, 1}, &row, err);
    if (st == STATUS_OK && number == 3)
        return error_set(err, STATUS_FULL, NULL, "as planned");
    return st;
}

struct writer {
    pthread_t thread;
    int number; /* < 0: the slow one */
    enum status status;
    struct error err;
};

static void *write_one(void *self)
{
    struct writer *w = self;

    w->status =
        store_write(f.backend.self, w->number < 0 ? run_slowly : run_make_queue,
                    &w->number, &w->err);
    return NULL;
}

static int count_commit(void *self)
{
    ++*(int *)self;
    return 0;
}

/* Runs the slow write, and the others while it runs. */
static void write_together(struct writer writers[THREADS + 1], int skip)
{
    struct store *store = f.backend.self;
    int waiting = 0;

    writers[THREADS].number = -1;
    pthread_create(&writers[THREADS].thread, NULL, write_one,
                   &writers[THREADS]);
    pthread_mutex_lock(&gate.lock);
    while (!gate.is_begun)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);

    for (int i = 0; i < THREADS; i++) {
        writers[i].number = i == skip ? THREADS : i;
        pthread_create(&writers[i].thread, NULL, write_one, &writers[i]);
    }
    while (waiting < THREADS) {
        waiting = 0;
        pthread_mutex_lock(&store->lock);
        for (struct write *w = store->first; w; w = w->next)
            waiting++;
        pthread_mutex_unlock(&store->lock);
        sched_yield();
    }

    pthread_mutex_lock(&gate.lock);
    gate.is_let_go = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    for (int i = 0; i <= THREADS; i++)
        pthread_join(writers[i].thread, NULL);
}

Test(sqlite_processes, threads_that_wait_are_committed_together)
{
    struct writer writers[THREADS + 1] = {0};
    struct store *store = f.backend.self;
    int commits = 0;
    sqlite3_commit_hook(store->writer.db, count_commit, &commits);

    write_together(writers, 3);

    cr_assert(eq(int, commits, 2)); /* the slow one's, and that of the rest */
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(*) FROM millrace_queues"),
                 THREADS));
}

Test(sqlite_processes, a_write_that_fails_does_not_spoil_the_others)
{
    struct writer writers[THREADS + 1] = {0};

    write_together(writers, -1);

    for (int i = 0; i <= THREADS; i++)
        cr_assert(eq(int, writers[i].status, i == 3 ? STATUS_FULL : STATUS_OK));
    cr_assert(eq(str, writers[3].err.text, "as planned"));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(*) FROM millrace_queues"),
                 THREADS - 1));
}
