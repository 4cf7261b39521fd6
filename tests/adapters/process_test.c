/*
 * process_test.c - shell commands as handlers, with real processes.
 *
 * Whether processes are gone shows at a fifo that they hold open for writing:
 * its reader sees the end once the last of them is dead. Nothing here waits
 * for time to pass but the timeouts under test.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/process/exec_handler.h"
#include "adapters/process/guard.h"
#include "adapters/process/plain_command.h"
#include "adapters/system/system_wake.h"

static struct error err;
static struct exec_host *host;
static char room[HANDLER_ROOM];
static struct arena mem = {.base = room, .size = sizeof(room)};
static struct wake cancel;
static struct task task;
static int64_t grace_ms;

static bool is_cancelled(const struct handler_call *call)
{
    (void)call;
    return false;
}

static void set_up(void)
{
    cr_assert(eq(int, exec_host_open(&host, &err), STATUS_OK));
    cr_assert(eq(int, system_wake_open(&cancel, &err), STATUS_OK));
    task = (struct task){.id = {"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
                         .queue = BYTES("mail"),
                         .type = BYTES("email.send"),
                         .payload = BYTES("{}"),
                         .max_attempts = 10,
                         .attempt = 2};
}

static void tear_down(void)
{
    exec_host_close(host);
    system_wake_close(&cancel);
}

TestSuite(process, .init = set_up, .fini = tear_down, .timeout = 60);

static struct outcome run(const char *command)
{
    struct exec_command context = {host, command, grace_ms};
    struct lease const lease = {.task = task, .fencing = UINT64_MAX};
    struct handler_call const call = {.lease = &lease,
                                      .mem = &mem,
                                      .cancel = cancel,
                                      .is_cancelled = is_cancelled};

    arena_reset(&mem);
    return exec_handler_run(&call, &context);
}

static char *text_of(struct bytes b)
{
    static char text[RESULT_MAX + 1];

    if (b.len > 0)
        memcpy(text, b.at, b.len);
    text[b.len] = '\0';
    return text;
}

static char *result_of(const char *command)
{
    struct outcome const got = run(command);

    cr_assert(eq(int, got.kind, OUTCOME_DONE), "%s", text_of(got.error));
    return text_of(got.result);
}

static char *error_of(const char *command, enum outcome_kind kind)
{
    struct outcome const got = run(command);

    cr_assert(eq(int, got.kind, kind));
    cr_assert(got.kind != OUTCOME_RETRY || got.after_ms < 0);
    return text_of(got.error);
}

/* --- a folder with a fifo, known to commands as $ALIVE ------------------- */

static char folder[] = "/tmp/process_test.XXXXXX";
static char fifo[sizeof(folder) + 8];

static void given_a_fifo(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof(fifo), "%s/alive", folder);
    cr_assert(eq(int, mkfifo(fifo, 0600), 0));
    setenv("ALIVE", fifo, 1);
    exec_host_close(host); /* the environment counts as it is at open */
    cr_assert(eq(int, exec_host_open(&host, &err), STATUS_OK));
}

static void remove_fifo(void)
{
    unlink(fifo);
    rmdir(folder);
}

/* All that is written until the last writer is gone. */
static char *read_to_end(int fd)
{
    static char text[4096];
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
    return text;
}

/* Waits for the first byte. */
static void read_one(int fd)
{
    char c;

    cr_assert(eq(int, (int)read(fd, &c, 1), 1));
}

/* --- a command in a thread of its own ------------------------------------ */

struct running {
    pthread_t thread;
    const char *command;
    struct outcome outcome;
};

static void *running_main(void *argument)
{
    struct running *r = argument;

    r->outcome = run(r->command);
    return NULL;
}

static void begin(struct running *r, const char *command)
{
    r->command = command;
    cr_assert(eq(int, pthread_create(&r->thread, NULL, running_main, r), 0));
}

static struct outcome end(struct running *r)
{
    pthread_join(r->thread, NULL);
    return r->outcome;
}

/* --- what goes in and comes out ------------------------------------------ */

Test(process, payload_comes_on_stdin_and_json_on_stdout_is_the_result)
{
    task.payload = BYTES("{\"a\": [1, 2]}");

    cr_assert(eq(str, result_of("cat"), "{\"a\": [1, 2]}"));
}

Test(process, largest_payload_arrives_whole)
{
    char *json = malloc(PAYLOAD_MAX);
    memset(json, ' ', PAYLOAD_MAX);
    task.payload = (struct bytes){json, PAYLOAD_MAX};

    cr_assert(eq(str, result_of("wc -c"), "1048576"));
    free(json);
}

Test(process, command_need_not_read_its_payload)
{
    char *json = malloc(PAYLOAD_MAX);
    memset(json, ' ', PAYLOAD_MAX);
    task.payload = (struct bytes){json, PAYLOAD_MAX};

    cr_assert(eq(str, result_of("exec <&-; echo 1"), "1"));
    cr_assert(eq(str, result_of("exit 0"), ""));
    free(json);
}

Test(process, output_that_is_no_json_is_a_string)
{
    cr_assert(eq(str, result_of("echo hello world"), "\"hello world\""));
    cr_assert(eq(str, result_of("printf '\"\\\\\\001\\t'"),
                 "\"\\\"\\\\\\u0001\\t\""));
}

Test(process, one_trailing_newline_is_taken_off)
{
    cr_assert(eq(str, result_of("printf 'a\\n\\n'"), "\"a\\n\""));
    cr_assert(eq(str, result_of("printf '\\n'"), ""));
}

Test(process, no_output_is_no_result)
{
    cr_assert(run("true").result.at == NULL);
}

Test(process, output_that_is_no_utf8_is_mended)
{
    cr_assert(eq(str, result_of("printf 'a\\377\\303\\244\\000b'"),
                 "\"a\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD"
                 "b\""));
}

Test(process, output_of_the_largest_size_is_kept_as_it_is)
{
    struct outcome const got = run("printf '%065535d' 0 | tr 0 ' '; echo 1");

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(eq(sz, got.result.len, RESULT_MAX));
    cr_assert(eq(chr, got.result.at[0], ' '));
}

Test(process, longer_output_is_a_string_cut_to_the_largest_result)
{
    struct outcome const got =
        run("head -c 300000 /dev/zero | tr '\\0' 1; echo done");

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(eq(sz, got.result.len, RESULT_MAX + 2));
    cr_assert(eq(chr, got.result.at[0], '"'));
    cr_assert(eq(chr, got.result.at[1], '1'));
    cr_assert(eq(chr, got.result.at[RESULT_MAX + 1], '"'));
}

Test(process, what_json_escapes_does_not_count_against_the_limit)
{
    struct outcome const got = run("head -c 70000 /dev/zero | tr '\\0' '\\1'");

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(eq(sz, got.result.len, RESULT_JSON_MAX));
}

Test(process, no_character_is_cut_in_half)
{
    struct outcome const got =
        run("printf a; yes '\303\244' | head -c 200000 | tr -d '\n'");

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(eq(chr, got.result.at[got.result.len - 2], '\xA4'));
}

/* --- how it ends --------------------------------------------------------- */

Test(process, exit_status_decides)
{
    cr_assert(eq(int, run("exit 0").kind, OUTCOME_DONE));
    cr_assert(eq(int, run("exit 65").kind, OUTCOME_REJECT));
    cr_assert(eq(int, run("exit 75").kind, OUTCOME_RETRY));
    cr_assert(eq(int, run("exit 1").kind, OUTCOME_RETRY));
}

Test(process, stderr_is_the_error)
{
    cr_assert(
        eq(str, error_of("echo oops >&2; exit 65", OUTCOME_REJECT), "oops"));
    cr_assert(eq(str, error_of("exit 3", OUTCOME_RETRY), "exit status 3"));
}

Test(process, error_is_the_end_of_a_long_stderr)
{
    const char *error =
        error_of("seq 1 100000 >&2; echo last >&2; exit 1", OUTCOME_RETRY);

    cr_assert(eq(sz, strlen(error), ERROR_TAIL_MAX));
    cr_assert(eq(str, (char *)error + ERROR_TAIL_MAX - 11, "100000\nlast"));
}

Test(process, death_by_signal_is_named)
{
    cr_assert(
        eq(str, error_of("kill -SEGV $$", OUTCOME_RETRY), "killed by SIGSEGV"));
    cr_assert(eq(str, error_of("echo oops >&2; kill -9 $$", OUTCOME_RETRY),
                 "killed by SIGKILL: oops"));
}

Test(process, missing_program_is_a_failure_that_names_it)
{
    const char *error = error_of("no-such-program", OUTCOME_RETRY);

    cr_assert(strstr(error, "no-such-program") != NULL);
}

Test(process, timeout_stops_the_command)
{
    task.timeout_ms = 50;

    cr_assert(eq(str, error_of("sleep 1000; true", OUTCOME_RETRY),
                 "timed out after 50ms"));
}

Test(process, what_ignores_sigterm_is_killed_after_the_grace)
{
    task.timeout_ms = 50;
    grace_ms = 50;

    cr_assert(eq(
        str,
        error_of("trap '' TERM; while :; do sleep 1000; done", OUTCOME_RETRY),
        "timed out after 50ms"));
}

Test(process, cancelled_command_is_released)
{
    given_a_fifo();
    struct running r;
    begin(&r, "exec 3>\"$ALIVE\"; trap 'exit 0' TERM; echo x >&3; sleep 1000");
    int const alive = open(fifo, O_RDONLY);
    read_one(alive);

    system_wake_signal(cancel);

    cr_assert(eq(int, end(&r).kind, OUTCOME_RELEASE));
    cr_assert(eq(str, read_to_end(alive), "\n"));
    remove_fifo();
}

Test(process, whole_group_has_its_grace_after_the_shell_is_gone)
{
    given_a_fifo();
    struct running r;
    begin(&r, "exec 3>\"$ALIVE\"\n"
              "sh -c 'trap \"sleep 0.1; echo tidy >&3; exit\" TERM; echo x "
              ">&3; while :; do sleep 0.01; done' >/dev/null 2>&1\n"
              "true");
    int const alive = open(fifo, O_RDONLY);
    read_one(alive);

    system_wake_signal(cancel);

    cr_assert(eq(int, end(&r).kind, OUTCOME_RELEASE));
    cr_assert(eq(str, read_to_end(alive), "\ntidy\n"));
    remove_fifo();
}

Test(process, stopped_command_can_be_cancelled)
{
    given_a_fifo();
    struct running r;
    begin(&r, "exec 3>\"$ALIVE\"; echo x >&3; kill -STOP $$; sleep 1000");
    int const alive = open(fifo, O_RDONLY);
    read_one(alive);

    system_wake_signal(cancel);

    cr_assert(eq(int, end(&r).kind, OUTCOME_RELEASE));
    close(alive);
    remove_fifo();
}

Test(process, what_it_leaves_running_is_killed)
{
    given_a_fifo();
    struct running r;
    begin(&r, "exec 3>\"$ALIVE\"; sleep 1000 & echo '\"left\"'");
    int const alive = open(fifo, O_RDONLY);

    struct outcome const got = end(&r);

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(bytes_is(got.result, "\"left\""));
    cr_assert(eq(str, read_to_end(alive), ""));
    remove_fifo();
}

/* --- the world it lives in ----------------------------------------------- */

Test(process, environment_tells_about_the_task)
{
    task.key = BYTES("order-7");
    task.headers = BYTES("{\"traceparent\":\"00-ab-cd-01\",\"x\":\"y\"}");

    cr_assert(eq(str,
                 result_of("echo $MILLRACE_TASK_ID $MILLRACE_TASK_TYPE "
                           "$MILLRACE_QUEUE $MILLRACE_ATTEMPT "
                           "$MILLRACE_MAX_ATTEMPTS $MILLRACE_KEY "
                           "$MILLRACE_FENCING_TOKEN $TRACEPARENT"),
                 "\"01ARZ3NDEKTSV4RRFFQ69G5FAV email.send mail 2 10 order-7 "
                 "18446744073709551615 00-ab-cd-01\""));
}

Test(process, environment_is_the_workers_without_its_secret_and_trace)
{
    setenv("MILLRACE_TOKEN", "secret", 1);
    setenv("MILLRACE_URL", "memory:", 1);
    setenv("MILLRACE_KEY", "another's", 1);
    setenv("TRACEPARENT", "the worker's", 1);
    exec_host_close(host);
    cr_assert(eq(int, exec_host_open(&host, &err), STATUS_OK));

    cr_assert(eq(str,
                 result_of("echo \"${MILLRACE_TOKEN-none} $MILLRACE_URL "
                           "<$MILLRACE_KEY> ${TRACEPARENT-none}\""),
                 "\"none memory: <> none\""));
}

Test(process, command_leads_a_group_of_its_own)
{
    cr_assert(eq(str,
                 result_of("set -- $(cat /proc/$$/stat); "
                           "[ $$ = $5 ] && echo '\"leads\"'"),
                 "\"leads\""));
}

Test(process, command_starts_with_signals_as_usual)
{
    sigset_t all;
    sigfillset(&all);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &all, NULL);

    /* The ignored signal 32 is glibc's own: what posix_spawn starts has it. */
    cr_assert(eq(str,
                 result_of("cat /proc/self/status | grep -E "
                           "'Sig(Blk|Ign|Cgt)' | sed 's/0000000080000000//' | "
                           "tr -d '\\n0\\t'"),
                 "\"SigBlk:SigIgn:SigCgt:\""));
}

Test(process, no_other_descriptor_reaches_the_command)
{
    int const leaky = dup(STDOUT_FILENO);
    cr_assert(gt(int, leaky, 2));

    /* 3 is the folder that ls itself reads */
    cr_assert(
        eq(str, result_of("ls /proc/self/fd | tr '\\n' ' '"), "\"0 1 2 3 \""));
    close(leaky);
}

Test(process, no_descriptor_is_left_behind)
{
    int const before = dup(0);
    close(before);

    run("echo 1; echo 2 >&2; exit 1");
    run("sleep 1000 & exit 0");

    int const after = dup(0);
    close(after);
    cr_assert(eq(int, after, before));
}

Test(process, sigpipe_stays_what_it_was)
{
    sigset_t pending;
    char *json = malloc(PAYLOAD_MAX);
    memset(json, ' ', PAYLOAD_MAX);
    task.payload = (struct bytes){json, PAYLOAD_MAX};

    run("exec <&-; exit 0");

    sigpending(&pending);
    cr_assert(eq(int, sigismember(&pending, SIGPIPE), 0));
    free(json);
}

/* --- when the worker dies ------------------------------------------------ */

/* A worker that runs command until it is killed. */
static pid_t fork_worker(const char *command)
{
    pid_t const worker = fork();

    if (worker == 0) {
        struct exec_host *own;
        if (exec_host_open(&own, &err) != STATUS_OK)
            _exit(1);
        host = own;
        run(command);
        _exit(0);
    }
    return worker;
}

Test(process, no_process_of_a_killed_worker_is_left)
{
    given_a_fifo();
    pid_t const worker =
        fork_worker("exec 3>\"$ALIVE\"; sleep 1000 & sleep 1000 & "
                    "(sleep 1000; true) & echo x >&3; sleep 1000; true");
    int const alive = open(fifo, O_RDONLY);
    read_one(alive);

    kill(worker, SIGKILL);

    /* it ends only when all of them are dead */
    cr_assert(eq(str, read_to_end(alive), "\n"));
    waitpid(worker, NULL, 0);
    remove_fifo();
}

Test(process, no_process_of_a_worker_killed_with_its_group_is_left)
{
    given_a_fifo();
    pid_t const worker =
        fork_worker("exec 3>\"$ALIVE\"; sleep 1000 & echo x >&3; sleep 1000; "
                    "true");
    setpgid(worker, worker);
    int const alive = open(fifo, O_RDONLY);
    read_one(alive);

    kill(-worker, SIGKILL);

    cr_assert(eq(str, read_to_end(alive), "\n"));
    waitpid(worker, NULL, 0);
    remove_fifo();
}

Test(guard, that_died_is_replaced, .timeout = 20)
{
    struct guard guard;
    cr_assert(eq(int, guard_open(&guard, &err), STATUS_OK));
    pid_t const first = guard.pid;

    kill(first, SIGKILL);
    waitid(P_PID, (id_t)first, NULL, WEXITED | WNOWAIT);
    atomic_int *slot = guard_take(&guard);

    cr_assert(slot != NULL);
    cr_assert(ne(int, guard.pid, first));
    cr_assert(eq(int, kill(guard.pid, 0), 0));
    guard_give(slot);
    guard_close(&guard);
}

Test(guard, gives_each_slot_once, .timeout = 20)
{
    struct guard guard;
    cr_assert(eq(int, guard_open(&guard, &err), STATUS_OK));
    atomic_int *first = guard_take(&guard);

    for (int i = 1; i < GUARD_SLOTS; i++)
        cr_assert(guard_take(&guard) != first);
    cr_assert(guard_take(&guard) == NULL);

    guard_give(first);
    cr_assert(guard_take(&guard) == first);
    guard_close(&guard);
}

Test(process, a_path_and_plain_words_need_no_shell)
{
    struct plain_command c;

    cr_assert(plain_command_split("  /bin/echo a.b  --c=1\t-d ", &c));

    cr_assert(eq(str, c.words[0], "/bin/echo"));
    cr_assert(eq(str, c.words[1], "a.b"));
    cr_assert(eq(str, c.words[2], "--c=1"));
    cr_assert(eq(str, c.words[3], "-d"));
    cr_assert(eq(ptr, c.words[4], NULL));
}

Test(process, what_a_shell_may_understand_is_left_to_it)
{
    static const char *const commands[] = {
        "",
        "true",
        "/bin/echo $HOME",
        "/bin/a; /bin/b",
        "A=/b /bin/c",
        "/bin/echo '",
        "/bin/echo *",
        "/bin/a > b",
        "~/a",
        "/bin/a\n/bin/b",
        "/bin/a #b",
        "{ /bin/a",
    };
    struct plain_command c;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        cr_expect(not(plain_command_split(commands[i], &c)), "%s", commands[i]);
}
