/*
 * worker_test.c - handlers at work on their threads.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/library/workplace.h"

TestSuite(worker, .init = open_in_memory, .fini = close_place, .timeout = 60);

static struct mr_worker *worker;

/* Runs what there is to its end. */
static void drain(const char *type, mr_handler handler, void *context)
{
    struct mr_worker_config const config = {.is_draining = true};

    FINE(mr_worker_new(client, &config, &worker, &err));
    FINE(mr_worker_handle(worker, type, handler, context, &err));
    FINE(mr_worker_run(worker, &err));
    mr_worker_free(worker);
}

static struct mr_page *find(const char *id)
{
    struct mr_page *page;

    FINE(mr_find(client, NULL, id, &page, &err));
    return page;
}

struct seen {
    char id[MR_ID_SIZE];
    char payload[64];
    size_t len;
    int32_t attempt, max_attempts;
    uint64_t fencing;
    int64_t deadline_at_ms;
    bool has_lease, has_headers, has_key, is_cancelled;
};

static enum mr_outcome look(struct mr_task *task, void *context)
{
    struct seen *seen = context;
    const char *payload = mr_task_payload(task, &seen->len);

    snprintf(seen->id, sizeof(seen->id), "%s", mr_task_id(task));
    snprintf(seen->payload, sizeof(seen->payload), "%s", payload);
    seen->attempt = mr_task_attempt(task);
    seen->max_attempts = mr_task_max_attempts(task);
    seen->fencing = mr_task_fencing_token(task);
    seen->deadline_at_ms = mr_task_deadline_at_ms(task);
    seen->has_lease = mr_task_lease_token(task)[0] != '\0';
    seen->has_headers = mr_task_headers(task) != NULL;
    seen->has_key = mr_task_key(task) != NULL;
    seen->is_cancelled = mr_task_cancelled(task);
    return mr_task_done(task, "{\"ok\":true}");
}

Test(worker, a_handler_sees_its_task_and_leaves_a_result)
{
    struct mr_task_spec const spec = {.type = "look",
                                      .payload = "{\"n\":1}",
                                      .key = "k",
                                      .headers = "{}",
                                      .retain_ms = 60000};
    struct mr_enqueued added;
    struct seen seen = {0};
    FINE(mr_enqueue(client, &spec, &added, &err));

    drain("look", look, &seen);

    cr_assert(eq(str, seen.id, added.id));
    cr_assert(eq(str, seen.payload, "{\"n\":1}"));
    cr_assert(eq(sz, seen.len, 7));
    cr_assert(eq(i32, seen.attempt, 1));
    cr_assert(eq(i32, seen.max_attempts, 10));
    cr_assert(seen.fencing > 0 && seen.deadline_at_ms > 0);
    cr_assert(seen.has_lease && seen.has_headers && seen.has_key);
    cr_assert(not(seen.is_cancelled));
    struct mr_page *page = find(added.id);
    cr_assert(page->records[0]->state == MR_STATE_DONE);
    cr_assert(eq(str, (char *)page->records[0]->result, "{\"ok\":true}"));
    mr_page_free(page);
}

static enum mr_outcome fail_twice(struct mr_task *task, void *context)
{
    (void)context;
    return mr_task_attempt(task) < 3 ? mr_task_retry_after(task, 0, "not yet")
                                     : mr_task_done(task, NULL);
}

Test(worker, a_failure_is_tried_again)
{
    const char *id = given("fail");

    drain("fail", fail_twice, NULL);

    struct mr_page *page = find(id);
    cr_assert(page->records[0]->state == MR_STATE_DONE);
    cr_assert(eq(i32, page->records[0]->attempt, 3));
    cr_assert(eq(str, (char *)page->records[0]->last_error, "not yet"));
    mr_page_free(page);
}

static enum mr_outcome reject(struct mr_task *task, void *context)
{
    (void)context;
    return mr_task_reject(task, "no such address");
}

Test(worker, a_rejected_task_is_dead_and_can_be_requeued)
{
    const char *id = given("reject");
    size_t changed = 0;
    drain("*", reject, NULL);
    struct mr_page *page = find(id);
    cr_assert(page->records[0]->state == MR_STATE_DEAD);
    cr_assert(page->records[0]->reason == MR_REASON_REJECTED);
    cr_assert(eq(str, (char *)page->records[0]->last_error, "no such address"));
    mr_page_free(page);

    FINE(mr_requeue_all(client, NULL, &changed, &err));
    cr_assert(eq(sz, changed, 1));
    cr_assert(state_of(id) == MR_STATE_READY);

    drain("*", reject, NULL);
    FINE(mr_delete(client, NULL, id, &err));
    cr_assert(not(is_there(id)));
}

static enum mr_outcome snooze_once(struct mr_task *task, void *context)
{
    atomic_int *calls = context;

    return atomic_fetch_add(calls, 1) == 0 ? mr_task_snooze(task, 0)
                                           : mr_task_done(task, NULL);
}

Test(worker, a_snooze_uses_no_attempt)
{
    atomic_int calls = 0;
    const char *id = given("snooze");

    drain("snooze", snooze_once, &calls);

    struct mr_page *page = find(id);
    cr_assert(eq(int, calls, 2));
    cr_assert(eq(i32, page->records[0]->attempt, 1));
    mr_page_free(page);
}

static enum mr_outcome plain(struct mr_task *task, void *context)
{
    (void)task;
    return *(enum mr_outcome *)context;
}

Test(worker, a_bare_outcome_counts_and_what_is_none_is_a_failure)
{
    enum mr_outcome outcome = (enum mr_outcome)0;
    struct mr_task_spec const once = {.type = "plain", .max_attempts = 1};
    struct mr_enqueued added;
    FINE(mr_enqueue(client, &once, &added, &err));

    drain("plain", plain, &outcome);

    struct mr_page *page = find(added.id);
    cr_assert(page->records[0]->state == MR_STATE_DEAD);
    cr_assert(strstr(page->records[0]->last_error, "no enum mr_outcome") !=
              NULL);
    mr_page_free(page);
    outcome = MR_DONE;
    const char *id = given("plain");
    drain("plain", plain, &outcome);
    cr_assert(state_of(id) == MR_STATE_DONE);
}

static enum mr_outcome contradict(struct mr_task *task, void *context)
{
    (void)context;
    mr_task_done(task, NULL);
    return mr_task_reject(task, "after all");
}

Test(worker, the_last_word_counts)
{
    const char *id = given("a");

    drain("a", contradict, NULL);

    cr_assert(state_of(id) == MR_STATE_DEAD);
}

/* A worker that runs on a thread of its own. */
static sem_t begun;
static struct mr_error run_err;

static void *run(void *self)
{
    (void)self;
    return (void *)(intptr_t)mr_worker_run(worker, &run_err);
}

static void given_a_running_worker(pthread_t *thread,
                                   const struct mr_worker_config *config,
                                   const char *type, mr_handler handler,
                                   void *context)
{
    sem_init(&begun, 0, 0);
    FINE(mr_worker_new(client, config, &worker, &err));
    FINE(mr_worker_handle(worker, type, handler, context, &err));
    pthread_create(thread, NULL, run, NULL);
}

static enum mr_code end_of(pthread_t thread)
{
    void *code;

    pthread_join(thread, &code);
    return (enum mr_code)(intptr_t)code;
}

static enum mr_outcome wait_for_cancel(struct mr_task *task, void *context)
{
    struct pollfd cancel = {.fd = mr_task_cancel_fd(task), .events = POLLIN};
    (void)context;

    sem_post(&begun);
    poll(&cancel, 1, -1);
    return mr_task_cancelled(task) ? mr_task_retry(task, "cancelled")
                                   : mr_task_done(task, NULL);
}

Test(worker, stopped_twice_it_cancels_its_handlers_and_gives_back_the_tasks)
{
    pthread_t thread;
    const char *id = given("wait");
    given_a_running_worker(&thread, NULL, "wait", wait_for_cancel, NULL);
    sem_wait(&begun);

    mr_worker_stop(worker);
    mr_worker_stop(worker);

    cr_assert(eq(int, end_of(thread), MR_OK));
    struct mr_page *page = find(id);
    cr_assert(page->records[0]->state == MR_STATE_READY);
    cr_assert(eq(i32, page->records[0]->attempt, 0));
    mr_page_free(page);
    mr_worker_free(worker);
}

static void stop_by_signal(int signal)
{
    (void)signal;
    mr_worker_stop(worker);
}

static enum mr_outcome say_begun(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    sem_post(&begun);
    return MR_DONE;
}

Test(worker, a_signal_handler_may_stop_it)
{
    struct sigaction action = {.sa_handler = stop_by_signal};
    pthread_t thread;
    given("a");
    given_a_running_worker(&thread, NULL, "a", say_begun, NULL);
    sem_wait(&begun);
    sigaction(SIGUSR1, &action, NULL);

    raise(SIGUSR1);

    cr_assert(eq(int, end_of(thread), MR_OK));
    mr_worker_free(worker);
}

Test(worker, stopped_before_it_runs_it_runs_nothing)
{
    const char *id = given("a");
    FINE(mr_worker_new(client, NULL, &worker, &err));
    FINE(mr_worker_handle(worker, "a", say_begun, NULL, &err));

    mr_worker_stop(worker);
    FINE(mr_worker_run(worker, &err));

    cr_assert(state_of(id) == MR_STATE_READY);
    mr_worker_free(worker);
}

Test(worker, quiet_it_leases_nothing_until_it_is_on_again)
{
    pthread_t thread;
    FINE(mr_worker_new(client, NULL, &worker, &err));
    FINE(mr_worker_handle(worker, "a", say_begun, NULL, &err));
    sem_init(&begun, 0, 0);
    mr_worker_set_quiet(worker, true);
    pthread_create(&thread, NULL, run, NULL);
    const char *id = given("a");

    struct mr_workers *workers;
    do {
        FINE(mr_workers_list(client, &workers, &err));
        size_t const count = workers->count;
        mr_workers_free(workers);
        if (count > 0)
            break;
    } while (true);
    cr_assert(state_of(id) == MR_STATE_READY);
    mr_worker_set_quiet(worker, false);
    sem_wait(&begun);

    mr_worker_stop(worker);
    cr_assert(eq(int, end_of(thread), MR_OK));
    mr_worker_free(worker);
}

Test(worker, it_goes_on_when_its_client_is_closed)
{
    const char *id = given("a");
    struct mr_worker_config const config = {.is_draining = true};
    (void)id;
    sem_init(&begun, 0, 0);
    FINE(mr_worker_new(client, &config, &worker, &err));
    FINE(mr_worker_handle(worker, "a", say_begun, NULL, &err));

    mr_client_close(client);
    FINE(mr_worker_run(worker, &err));

    cr_assert(sem_trywait(&begun) == 0);
    mr_worker_free(worker);
}

static enum mr_outcome free_worker(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    mr_worker_free(worker);
    return MR_DONE;
}

Test(worker, freed_while_it_runs_it_stops_and_is_freed_then)
{
    const char *id = given("a");
    FINE(mr_worker_new(client, NULL, &worker, &err));
    FINE(mr_worker_handle(worker, "a", free_worker, NULL, &err));

    FINE(mr_worker_run(worker, &err));

    cr_assert(state_of(id) == MR_STATE_DONE);
}

static int gate[2];

/* Ends only when the gate is closed, whatever it is told. */
static enum mr_outcome never_end(struct mr_task *task, void *context)
{
    char byte;
    (void)task;
    (void)context;

    sem_post(&begun);
    return read(gate[0], &byte, 1) == 0 ? MR_DONE : MR_RETRY;
}

Test(worker, a_handler_that_never_returns_is_left_behind_and_told_of)
{
    struct mr_worker_config const config = {.shutdown_ms = MR_NONE};
    pthread_t thread;
    const char *id = given("stuck");
    cr_assert(pipe(gate) == 0);
    given_a_running_worker(&thread, &config, "stuck", never_end, NULL);
    sem_wait(&begun);

    mr_worker_stop(worker);
    mr_worker_stop(worker);

    cr_assert(eq(int, end_of(thread), MR_STUCK));
    cr_assert(eq(str, run_err.message,
                 "1 handler has not ended: the tasks were given back"));
    cr_assert(state_of(id) == MR_STATE_READY);
    mr_worker_free(worker);
    close(gate[1]);
}

struct log {
    size_t count;
    enum mr_event_kind kinds[16];
    char texts[16][64];
};

static void note(const struct mr_event *event, void *context)
{
    struct log *log = context;

    cr_assert(log->count < 16);
    log->kinds[log->count] = event->kind;
    snprintf(log->texts[log->count], 64, "%s %s %s", event->queue, event->type,
             event->text);
    log->count++;
}

static enum mr_outcome tell(struct mr_task *task, void *context)
{
    (void)context;
    mr_task_progress(task, "half way", NULL);
    return mr_task_reject(task, "no");
}

Test(worker, its_observer_is_told_of_progress_and_ends)
{
    struct log log = {0};
    struct mr_worker_config const config = {
        .is_draining = true, .observe = note, .observe_context = &log};
    given("tell");
    FINE(mr_worker_new(client, &config, &worker, &err));
    FINE(mr_worker_handle(worker, "tell", tell, NULL, &err));

    FINE(mr_worker_run(worker, &err));

    cr_assert(eq(sz, log.count, 2));
    cr_assert(log.kinds[0] == MR_EVENT_PROGRESS);
    cr_assert(eq(str, log.texts[0], "default tell half way"));
    cr_assert(log.kinds[1] == MR_EVENT_DEAD);
    cr_assert(eq(str, log.texts[1], "default tell no"));
    mr_worker_free(worker);
}

static enum mr_outcome extend(struct mr_task *task, void *context)
{
    int64_t const before_ms = mr_task_deadline_at_ms(task);
    struct pollfd cancel = {.fd = mr_task_cancel_fd(task), .events = POLLIN};
    bool *is_later = context;

    if (mr_task_extend(task, 3600000, NULL) != MR_OK)
        return mr_task_reject(task, "too late");
    *is_later = mr_task_deadline_at_ms(task) > before_ms;
    if (mr_task_extend(task, 1, NULL) != MR_OK)
        return mr_task_reject(task, "too late");
    poll(&cancel, 1, -1);
    return mr_task_extend(task, 1000, NULL) == MR_CANCELLED
               ? mr_task_reject(task, "cancelled by its time")
               : MR_DONE;
}

Test(worker, an_attempt_can_be_given_more_time_or_less)
{
    struct mr_task_spec const spec = {
        .type = "extend", .timeout_ms = 60000, .max_attempts = 1};
    struct mr_enqueued added;
    bool is_later = false;
    FINE(mr_enqueue(client, &spec, &added, &err));

    drain("extend", extend, &is_later);

    cr_assert(is_later);
    struct mr_page *page = find(added.id);
    cr_assert(page->records[0]->state == MR_STATE_DEAD);
    cr_assert(strstr(page->records[0]->last_error, "timed out") != NULL);
    mr_page_free(page);
}
