#include "cmd/signals.h"

#include <signal.h>

#include "adapters/system/system_wake.h"

/* Written by the handlers, which get no context. */
static volatile sig_atomic_t stops;
static volatile sig_atomic_t is_quiet;
static volatile sig_atomic_t wake_fd = -1;

static void note(int signal)
{
    if (signal == SIGTSTP)
        is_quiet = 1;
    else if (signal == SIGCONT)
        is_quiet = 0;
    else if (stops < 100)
        stops++;
    system_wake_signal((struct wake){wake_fd});
}

static void listen_to(int signal)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

    sigfillset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void signals_begin(struct wake wake, bool is_quietable)
{
    wake_fd = wake.fd;
    listen_to(SIGTERM);
    listen_to(SIGINT);
    if (is_quietable) {
        listen_to(SIGTSTP);
        listen_to(SIGCONT);
    }
}

int signals_stops(void)
{
    return stops;
}

bool signals_is_quiet(void)
{
    return is_quiet != 0;
}
