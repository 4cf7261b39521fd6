/*
 * wrong_clock.c - a system clock that is wrong, for one process.
 *
 * Preloaded, it adds WRONG_CLOCK_S seconds to the time of day; the monotonic
 * clock goes on as it was.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t wrong_by_s(void)
{
    const char *text = getenv("WRONG_CLOCK_S");

    return text ? (time_t)strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int const result = (int)syscall(SYS_clock_gettime, clock, out);

    if (result == 0 &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += wrong_by_s();
    return result;
}
