/*
 * system_test.c - the clock, randomness and wakes of this machine.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapters/system/system_clock.h"
#include "adapters/system/system_random.h"
#include "adapters/system/system_wake.h"

static struct error err;

static bool is_readable(struct wake wake)
{
    struct pollfd at = {.fd = wake.fd, .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

Test(system_clock, tells_unix_time_in_ms)
{
    struct clock_port clock;
    system_clock_open(&clock);
    clock_port_check(clock);

    int64_t const before = (int64_t)time(NULL) * 1000;
    int64_t const now = clock_now_ms(clock);
    int64_t const after = ((int64_t)time(NULL) + 1) * 1000;

    /* time() may lag behind by the length of a tick */
    cr_assert(ge(i64, now, before));
    cr_assert(le(i64, now, after + 100));
    clock.ops->close(clock.self);
}

Test(system_random, does_not_repeat_itself_over_many_buffers)
{
    struct random_port random;
    enum { MANY = 500 };
    uint64_t seen[MANY];
    cr_assert(eq(int, system_random_open(&random, &err), STATUS_OK));
    random_port_check(random);

    for (size_t i = 0; i < MANY; i++)
        seen[i] = random_bits(random);

    for (size_t i = 0; i < MANY; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert(ne(u64, seen[i], seen[k]));
    random.ops->close(random.self);
}

Test(system_random, differs_between_parent_and_forked_child, .timeout = 10)
{
    struct random_port random;
    int ends[2];
    uint64_t childs;
    cr_assert(eq(int, system_random_open(&random, &err), STATUS_OK));
    cr_assert(eq(int, pipe(ends), 0));
    random_bits(random); /* the buffer is filled before the fork */

    pid_t const child = fork();
    if (child == 0) {
        uint64_t const bits = random_bits(random);
        _exit(write(ends[1], &bits, sizeof(bits)) != sizeof(bits));
    }
    cr_assert(eq(int, (int)read(ends[0], &childs, sizeof(childs)), 8));
    waitpid(child, NULL, 0);

    cr_assert(ne(u64, childs, random_bits(random)));
    random.ops->close(random.self);
}

Test(system_wake, is_readable_from_signal_to_drain)
{
    struct wake wake;
    cr_assert(eq(int, system_wake_open(&wake, &err), STATUS_OK));
    cr_assert(not(is_readable(wake)));

    system_wake_signal(wake);
    system_wake_signal(wake);
    cr_assert(is_readable(wake));

    cr_assert(system_wake_drain(wake));
    cr_assert(not(is_readable(wake)));
    cr_assert(not(system_wake_drain(wake)));
    system_wake_close(&wake);
}

Test(system_wake, signal_leaves_errno_alone)
{
    errno = 12345;
    system_wake_signal(WAKE_NEVER); /* fails inside */
    cr_assert(eq(int, errno, 12345));
}

static struct wake handler_wake;

static void on_signal(int number)
{
    (void)number;
    system_wake_signal(handler_wake);
}

Test(system_wake, can_be_signalled_from_a_signal_handler)
{
    cr_assert(eq(int, system_wake_open(&handler_wake, &err), STATUS_OK));
    signal(SIGUSR1, on_signal);

    raise(SIGUSR1);

    cr_assert(is_readable(handler_wake));
    system_wake_close(&handler_wake);
}

Test(system_wake, close_leaves_nothing_to_close)
{
    struct wake wake;
    cr_assert(eq(int, system_wake_open(&wake, &err), STATUS_OK));

    system_wake_close(&wake);
    cr_assert(eq(int, wake.fd, -1));
    system_wake_close(&wake);
}
