/*
 * demo_handlers_test.c - the built-in handlers do as their list says.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/demo_handlers.h"

static char room[HANDLER_ROOM];
static struct arena mem = {.base = room, .size = sizeof(room)};
static struct wake cancel = {-1};
static const struct handlers handlers = {demo_handlers, DEMO_HANDLERS};

static bool is_cancelled(const struct handler_call *call)
{
    (void)call;
    return false;
}

static struct outcome run(const char *type, const char *payload, int attempt)
{
    struct lease const lease = {.task = {.type = bytes_of(type),
                                         .payload = bytes_of(payload),
                                         .attempt = attempt}};
    struct handler_call const call = {.lease = &lease,
                                      .mem = &mem,
                                      .cancel = cancel,
                                      .is_cancelled = is_cancelled};

    return handlers_run(&handlers, &call);
}

Test(demo_handlers, echo_gives_the_payload_back)
{
    struct outcome const got = run("demo.echo", "{\"a\":1}", 1);

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(bytes_is(got.result, "{\"a\":1}"));
}

Test(demo_handlers, fail_fails_its_first_two_attempts)
{
    cr_assert(eq(int, run("demo.fail", "{}", 1).kind, OUTCOME_RETRY));
    cr_assert(eq(int, run("demo.fail", "{}", 2).kind, OUTCOME_RETRY));
    cr_assert(eq(int, run("demo.fail", "{}", 3).kind, OUTCOME_DONE));
}

Test(demo_handlers, dead_always_fails)
{
    cr_assert(eq(int, run("demo.dead", "{}", 1).kind, OUTCOME_RETRY));
    cr_assert(eq(int, run("demo.dead", "{}", 100).kind, OUTCOME_RETRY));
}

Test(demo_handlers, sleep_is_done_after_its_time)
{
    cr_assert(eq(int, run("demo.sleep", "{\"ms\":1}", 1).kind, OUTCOME_DONE));
}

Test(demo_handlers, sleep_is_released_when_cancelled, .timeout = 20)
{
    cancel.fd = eventfd(1, EFD_CLOEXEC);

    cr_assert(eq(int, run("demo.sleep", "{\"ms\":1000000}", 1).kind,
                 OUTCOME_RELEASE));
    close(cancel.fd);
}

Test(demo_handlers, sleep_rejects_what_names_no_time)
{
    const char *const bad[] = {"{}", "[]", "5", "{\"ms\":-1}",
                               "{\"ms\":\"5\"}"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(eq(int, run("demo.sleep", bad[i], 1).kind, OUTCOME_REJECT),
                  "%s", bad[i]);
}

Test(demo_handlers, crash_aborts_its_process, .timeout = 20)
{
    int status;
    pid_t const child = fork();
    if (child == 0) {
        run("demo.crash", "{}", 1);
        _exit(0);
    }

    waitpid(child, &status, 0);

    cr_assert(ne(int, WIFSIGNALED(status), 0));
    cr_assert(eq(int, WTERMSIG(status), SIGABRT));
    cr_assert(eq(int, WCOREDUMP(status), 0));
}
