/*
 * process_test.c - what a command gets, what becomes of what it says, and how
 * it ends.
 */
#include "tests/adapters/process_steps.h"

TestSuite(process, .init = set_up, .fini = tear_down, .timeout = 60);

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
