/*
 * misuse_test.c - what must not be done answers with a code and a message.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/library/workplace.h"

TestSuite(misuse, .init = open_in_memory, .fini = close_place, .timeout = 60);

static const char unknown[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

static enum mr_outcome nothing(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    return MR_DONE;
}

/* Every call that takes a client, with nothing else wrong. */
static void then_every_call_is(struct mr_client *c, enum mr_code code)
{
    struct mr_task_spec const spec = {.type = "a"};
    struct mr_worker *worker;
    struct mr_page *page;
    struct mr_queues *queues;
    struct mr_workers *workers;

    REFUSED(mr_enqueue(c, &spec, NULL, &err), code);
    REFUSED(mr_enqueue_many(c, &spec, 1, NULL, NULL, &err), code);
    REFUSED(mr_worker_new(c, NULL, &worker, &err), code);
    REFUSED(mr_find(c, NULL, unknown, &page, &err), code);
    REFUSED(mr_list(c, NULL, NULL, 1, &page, &err), code);
    REFUSED(mr_stats(c, &queues, &err), code);
    REFUSED(mr_workers_list(c, &workers, &err), code);
    REFUSED(mr_cancel(c, NULL, unknown, &err), code);
    REFUSED(mr_run_now(c, NULL, unknown, &err), code);
    REFUSED(mr_requeue(c, NULL, unknown, &err), code);
    REFUSED(mr_delete(c, NULL, unknown, &err), code);
    REFUSED(mr_requeue_all(c, NULL, NULL, &err), code);
    REFUSED(mr_delete_all(c, NULL, NULL, &err), code);
    REFUSED(mr_purge(c, "default", MR_STATE_ANY, NULL, &err), code);
    REFUSED(mr_pause(c, "default", &err), code);
    REFUSED(mr_resume(c, "default", &err), code);
}

Test(misuse, a_null_client)
{
    then_every_call_is(NULL, MR_MISUSE);
    mr_client_close(NULL);
    mr_client_free(NULL);
    cr_assert(mr_client_url(NULL) == NULL);
}

Test(misuse, a_closed_client)
{
    mr_client_close(client);

    then_every_call_is(client, MR_CLOSED);
    mr_client_close(client);
}

Test(misuse, a_client_of_the_process_that_forked)
{
    pid_t const pid = fork();
    int status;

    if (pid == 0) {
        struct mr_task_spec const spec = {.type = "a"};
        enum mr_code const code = mr_enqueue(client, &spec, NULL, NULL);
        mr_client_free(client);
        _exit(code == MR_WRONG_THREAD ? 0 : 1);
    }
    cr_assert(waitpid(pid, &status, 0) == pid);
    cr_assert(eq(int, status, 0));
    struct mr_task_spec const spec = {.type = "a"};
    FINE(mr_enqueue(client, &spec, NULL, &err));
}

Test(misuse, a_worker_of_the_process_that_forked)
{
    struct mr_worker *worker;
    int status;
    FINE(mr_worker_new(client, NULL, &worker, &err));

    pid_t const pid = fork();
    if (pid == 0) {
        bool const is_refused =
            mr_worker_handle(worker, "a", nothing, NULL, NULL) ==
                MR_WRONG_THREAD &&
            mr_worker_load_plugin(worker, "x.so", NULL) == MR_WRONG_THREAD &&
            mr_worker_run(worker, NULL) == MR_WRONG_THREAD;
        mr_worker_free(worker);
        _exit(is_refused ? 0 : 1);
    }

    cr_assert(waitpid(pid, &status, 0) == pid);
    cr_assert(eq(int, status, 0));
    FINE(mr_worker_handle(worker, "a", nothing, NULL, &err));
    mr_worker_free(worker);
}

Test(misuse, null_pointers_for_what_is_handed_out)
{
    REFUSED(mr_client_open("memory:", NULL, &err), MR_MISUSE);
    REFUSED(mr_worker_new(client, NULL, NULL, &err), MR_MISUSE);
    REFUSED(mr_find(client, NULL, unknown, NULL, &err), MR_MISUSE);
    REFUSED(mr_list(client, NULL, NULL, 1, NULL, &err), MR_MISUSE);
    REFUSED(mr_stats(client, NULL, &err), MR_MISUSE);
    REFUSED(mr_workers_list(client, NULL, &err), MR_MISUSE);
    REFUSED(mr_enqueue(client, NULL, NULL, &err), MR_MISUSE);
    REFUSED(mr_enqueue_many(client, NULL, 1, NULL, NULL, &err), MR_MISUSE);
    REFUSED(mr_task_spec_check(NULL, &err), MR_MISUSE);
    mr_page_free(NULL);
    mr_queues_free(NULL);
    mr_workers_free(NULL);
}

Test(misuse, errors_need_not_be_asked_for)
{
    cr_assert(mr_client_open("nonsense:", &client, NULL) == MR_INVALID);
    cr_assert(mr_enqueue(NULL, NULL, NULL, NULL) == MR_MISUSE);
    struct mr_task_spec const bad = {.type = ""};
    cr_assert(mr_enqueue(client, &bad, NULL, NULL) == MR_INVALID);
}

/* A spec that is wrong in one place, and the field that must be named. */
struct wrong {
    const char *field;
    struct mr_task_spec spec;
};

Test(misuse, impossible_values_in_a_spec)
{
    static char large[1048578];
    memset(large, '1', sizeof(large) - 1);
    struct wrong const wrongs[] = {
        {"type", {0}},
        {"type", {.type = ""}},
        {"type", {.type = "a b"}},
        {"payload", {.type = "a", .payload = "{"}},
        {"payload", {.type = "a", .payload = ""}},
        {"payload", {.type = "a", .payload = large}},
        {"payload", {.type = "a", .payload_len = 3}},
        {"queue", {.type = "a", .queue = "Upper"}},
        {"queue", {.type = "a", .queue = ""}},
        {"id", {.type = "a", .id = "1"}},
        {"headers", {.type = "a", .headers = "[]"}},
        {"key", {.type = "a", .key = "\x01"}},
        {"key_ttl_ms", {.type = "a", .key_ttl_ms = 5}},
        {"delay_ms", {.type = "a", .delay_ms = -1}},
        {"delay_ms", {.type = "a", .delay_ms = INT64_MAX}},
        {"delay_ms", {.type = "a", .delay_ms = 1, .run_at_ms = 1}},
        {"run_at_ms", {.type = "a", .run_at_ms = -1}},
        {"timeout_ms", {.type = "a", .timeout_ms = -2}},
        {"retain_ms", {.type = "a", .retain_ms = INT64_MAX}},
        {"expires_ms", {.type = "a", .expires_ms = INT64_MIN}},
        {"max_attempts", {.type = "a", .max_attempts = -1}},
        {"max_crashes", {.type = "a", .max_crashes = 1001}},
        {"priority", {.type = "a", .priority = (enum mr_priority)3}},
        {"priority", {.type = "a", .priority = (enum mr_priority) - 1}},
        {"backoff", {.type = "a", .backoff = (enum mr_backoff)7}},
        {"jitter", {.type = "a", .jitter = (enum mr_jitter)7}},
        {"backoff_factor_milli", {.type = "a", .backoff_factor_milli = 999}},
        {"backoff_base_ms", {.type = "a", .backoff_base_ms = -2}},
        {"backoff_max_ms",
         {.type = "a", .backoff_base_ms = 9, .backoff_max_ms = 8}},
        {"reserved", {.type = "a", .reserved = {0, 1}}},
    };

    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        REFUSED(mr_task_spec_check(&wrongs[i].spec, &err), MR_INVALID);
        cr_assert(eq(str, err.field, (char *)wrongs[i].field), "case %zu: %s",
                  i, err.message);
        REFUSED(mr_enqueue(client, &wrongs[i].spec, NULL, &err), MR_INVALID);
    }
}

Test(misuse, impossible_values_elsewhere)
{
    struct mr_filter const filters[] = {
        {.queue = "Upper"},          {.type = "a b"},
        {.state = (enum mr_state)7}, {.reason = (enum mr_reason)9},
        {.before_ms = -1},           {.reserved = {1}},
    };
    struct mr_filter const ready = {.state = MR_STATE_READY};
    struct mr_page *page;
    char longest[1024];

    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        REFUSED(mr_list(client, &filters[i], NULL, 1, &page, &err), MR_INVALID);
        REFUSED(mr_delete_all(client, &filters[i], NULL, &err), MR_INVALID);
    }
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    REFUSED(mr_list(client, NULL, longest, 1, &page, &err), MR_INVALID);
    REFUSED(mr_list(client, NULL, "no cursor", 1, &page, &err), MR_INVALID);
    REFUSED(mr_list(client, NULL, NULL, 0, &page, &err), MR_INVALID);
    REFUSED(mr_list(client, NULL, NULL, 1001, &page, &err), MR_INVALID);
    REFUSED(mr_find(client, NULL, NULL, &page, &err), MR_INVALID);
    REFUSED(mr_find(client, NULL, "1", &page, &err), MR_INVALID);
    REFUSED(mr_find(client, "Upper", unknown, &page, &err), MR_INVALID);
    REFUSED(mr_find(client, NULL, unknown, &page, &err), MR_NOT_FOUND);
    REFUSED(mr_delete_all(client, &ready, NULL, &err), MR_INVALID);
    REFUSED(mr_purge(client, NULL, MR_STATE_ANY, NULL, &err), MR_INVALID);
    REFUSED(mr_purge(client, "a", MR_STATE_ACTIVE, NULL, &err), MR_INVALID);
    REFUSED(mr_purge(client, "a", (enum mr_state)9, NULL, &err), MR_INVALID);
    REFUSED(mr_pause(client, NULL, &err), MR_INVALID);
    REFUSED(mr_pause(client, "Upper", &err), MR_INVALID);
}

static void then_it_names(const char *whom)
{
    cr_assert(strncmp(err.message, whom, strlen(whom)) == 0, "%s", err.message);
}

Test(misuse, what_is_not_there_is_named)
{
    struct mr_page *page;

    REFUSED(mr_find(client, NULL, unknown, &page, &err), MR_NOT_FOUND);
    then_it_names(unknown);
    REFUSED(mr_cancel(client, NULL, unknown, &err), MR_NOT_FOUND);
    then_it_names(unknown);
    REFUSED(mr_resume(client, "nowhere", &err), MR_NOT_FOUND);
    then_it_names("nowhere");
    REFUSED(mr_purge(client, "nowhere", MR_STATE_ANY, NULL, &err),
            MR_NOT_FOUND);
    then_it_names("nowhere");
}

Test(misuse, impossible_values_of_a_worker)
{
    struct {
        const char *field;
        struct mr_worker_config config;
    } const wrongs[] = {
        {"queues", {.queues = "a=0"}},
        {"strict", {.queues = "a", .strict = "b"}},
        {"strict", {.strict = ""}},
        {"name", {.name = "no name"}},
        {"concurrency", {.concurrency = -1}},
        {"concurrency", {.concurrency = 1025}},
        {"lease_ms", {.lease_ms = 99}},
        {"lease_ms", {.lease_ms = INT64_MAX}},
        {"shutdown_ms", {.shutdown_ms = -2}},
        {"shutdown_ms", {.shutdown_ms = INT64_MAX}},
        {"reserved", {.reserved = {1}}},
    };
    struct mr_worker *worker;

    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        REFUSED(mr_worker_new(client, &wrongs[i].config, &worker, &err),
                MR_INVALID);
        cr_assert(eq(str, err.field, (char *)wrongs[i].field), "case %zu: %s",
                  i, err.message);
    }
}

Test(misuse, null_pointers_for_a_worker)
{
    REFUSED(mr_worker_handle(NULL, "a", nothing, NULL, &err), MR_MISUSE);
    REFUSED(mr_worker_load_plugin(NULL, "x.so", &err), MR_MISUSE);
    REFUSED(mr_worker_run(NULL, &err), MR_MISUSE);
    mr_worker_stop(NULL);
    mr_worker_set_quiet(NULL, true);
    mr_worker_free(NULL);
}

Test(misuse, a_worker_with_wrong_handlers)
{
    struct mr_worker *worker;
    char type[16];
    FINE(mr_worker_new(client, NULL, &worker, &err));

    REFUSED(mr_worker_run(worker, &err), MR_MISUSE);
    REFUSED(mr_worker_handle(worker, NULL, nothing, NULL, &err), MR_MISUSE);
    REFUSED(mr_worker_handle(worker, "a", NULL, NULL, &err), MR_MISUSE);
    REFUSED(mr_worker_handle(worker, "a b", nothing, NULL, &err), MR_INVALID);
    FINE(mr_worker_handle(worker, "a", nothing, NULL, &err));
    REFUSED(mr_worker_handle(worker, "a", nothing, NULL, &err), MR_INVALID);
    for (int i = 1; i < 256; i++) {
        snprintf(type, sizeof(type), "t%d", i);
        FINE(mr_worker_handle(worker, type, nothing, NULL, &err));
    }
    REFUSED(mr_worker_handle(worker, "b", nothing, NULL, &err), MR_INVALID);

    mr_worker_free(worker);
}

static struct mr_worker *running;
static enum mr_code run_again, handle_late;

static enum mr_outcome misuse_own_worker(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    run_again = mr_worker_run(running, NULL);
    handle_late = mr_worker_handle(running, "b", nothing, NULL, NULL);
    return MR_DONE;
}

Test(misuse, a_worker_that_runs_or_has_run)
{
    struct mr_worker_config const config = {.is_draining = true};
    given("a");
    FINE(mr_worker_new(client, &config, &running, &err));
    FINE(mr_worker_handle(running, "a", misuse_own_worker, NULL, &err));

    FINE(mr_worker_run(running, &err));

    cr_assert(run_again == MR_MISUSE);
    cr_assert(handle_late == MR_MISUSE);
    REFUSED(mr_worker_run(running, &err), MR_CLOSED);
    REFUSED(mr_worker_handle(running, "b", nothing, NULL, &err), MR_MISUSE);
    mr_worker_free(running);
}

static void *use_task_elsewhere(void *self)
{
    struct mr_task *task = self;

    cr_assert(mr_task_extend(task, 1000, NULL) == MR_WRONG_THREAD);
    cr_assert(mr_task_progress(task, "x", NULL) == MR_WRONG_THREAD);
    cr_assert(mr_task_done(task, "1") != MR_DONE);
    cr_assert(mr_task_attempt(task) == 1);
    cr_assert(mr_task_cancelled(task) == false);
    return NULL;
}

static enum mr_outcome misuse_task(struct mr_task *task, void *context)
{
    pthread_t thread;
    (void)context;

    pthread_create(&thread, NULL, use_task_elsewhere, task);
    pthread_join(thread, NULL);
    REFUSED(mr_task_extend(task, 0, &err), MR_INVALID);
    REFUSED(mr_task_extend(task, INT64_MAX, &err), MR_INVALID);
    REFUSED(mr_task_progress(task, NULL, &err), MR_MISUSE);
    cr_assert(mr_task_snooze(task, -1) != MR_SNOOZE);
    cr_assert(mr_task_retry_after(task, -1, "x") != MR_RETRY);
    return mr_task_done(task, "no json");
}

Test(misuse, a_task_in_its_handler)
{
    struct mr_worker_config const config = {.is_draining = true};
    const char *id = given("a");
    FINE(mr_worker_new(client, &config, &running, &err));
    FINE(mr_worker_handle(running, "a", misuse_task, NULL, &err));

    FINE(mr_worker_run(running, &err));

    struct mr_page *page;
    FINE(mr_find(client, NULL, id, &page, &err));
    cr_assert(page->records[0]->state == MR_STATE_DEAD);
    cr_assert(page->records[0]->reason == MR_REASON_REJECTED);
    mr_page_free(page);
    mr_worker_free(running);
}

Test(misuse, a_null_task)
{
    size_t len = 9;

    cr_assert(mr_task_id(NULL) == NULL && mr_task_type(NULL) == NULL);
    cr_assert(mr_task_queue(NULL) == NULL && mr_task_key(NULL) == NULL);
    cr_assert(mr_task_headers(NULL) == NULL);
    cr_assert(mr_task_lease_token(NULL) == NULL);
    cr_assert(mr_task_payload(NULL, &len) == NULL && len == 0);
    cr_assert(mr_task_attempt(NULL) == 0 && mr_task_max_attempts(NULL) == 0);
    cr_assert(mr_task_fencing_token(NULL) == 0);
    cr_assert(mr_task_deadline_at_ms(NULL) == 0);
    cr_assert(mr_task_cancelled(NULL) == false);
    cr_assert(mr_task_cancel_fd(NULL) == -1);
    REFUSED(mr_task_extend(NULL, 1, &err), MR_MISUSE);
    REFUSED(mr_task_progress(NULL, "x", &err), MR_MISUSE);
    cr_assert(mr_task_done(NULL, NULL) != MR_DONE);
    cr_assert(mr_task_retry(NULL, "x") != MR_RETRY);
    cr_assert(mr_task_reject(NULL, "x") != MR_REJECT);
}

Test(misuse, backends_that_cannot_be_opened)
{
    struct mr_client *other;

    REFUSED(mr_client_open("", &other, &err), MR_INVALID);
    cr_assert(eq(str, err.field, "url"));
    REFUSED(mr_client_open("mysql://x", &other, &err), MR_INVALID);
    REFUSED(mr_client_open("sqlite:/nowhere/at/all.db", &other, &err),
            MR_REFUSED);
    REFUSED(mr_client_open("sqlite:/proc/self/exe", &other, &err), MR_REFUSED);
}

Test(misuse, codes_have_names)
{
    cr_assert(eq(str, (char *)mr_code_name(MR_OK), "ok"));
    cr_assert(eq(str, (char *)mr_code_name(MR_CONTRACT), "contract"));
    cr_assert(eq(str, (char *)mr_code_name((enum mr_code)17), "unknown"));
    cr_assert(eq(str, (char *)mr_code_name((enum mr_code) - 1), "unknown"));
    cr_assert(mr_version()[0] != '\0');
}
