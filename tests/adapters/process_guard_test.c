/*
 * process_guard_test.c - what is left of commands when their worker dies, and
 * commands that need no shell.
 */
#include "adapters/process/guard.h"
#include "adapters/process/plain_command.h"
#include "tests/adapters/process_steps.h"

TestSuite(process, .init = set_up, .fini = tear_down, .timeout = 60);

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
