#include "cmd/signals.h"

#include <signal.h>
#include <unistd.h>

#include "adapters/system/system_wake.h"
#include "cmd/command.h"

#define AT_ONCE_S 3 /* how long "at once" may take */

/* Written by the handlers, which get no context. */
static volatile sig_atomic_t stops;
static volatile sig_atomic_t is_quiet;
static volatile sig_atomic_t wake_fd = -1;
static volatile sig_atomic_t is_hurried;

static void note(int signal)
{
    if (signal == SIGTSTP)
        is_quiet = 1;
    else if (signal == SIGCONT)
        is_quiet = 0;
    else if (stops < 100)
        stops++;
    if (is_hurried && stops == 2)
        alarm(AT_ONCE_S);
    system_wake_signal((struct wake){wake_fd});
}

/* The program waits for an answer that does not come. */
static void give_up(int signal)
{
    static const char text[] =
        "millrace: told twice to stop, and the backend does not answer: tasks "
        "were not given back, their leases must run out\n";
    (void)signal;

    ssize_t const written = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)written;
    _exit(CODE_BACKEND);
}

static void listen_to(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigfillset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void signals_begin(struct wake wake, bool is_worker)
{
    wake_fd = wake.fd;
    is_hurried = is_worker;
    listen_to(SIGTERM, note);
    listen_to(SIGINT, note);
    if (is_worker) {
        listen_to(SIGTSTP, note);
        listen_to(SIGCONT, note);
        listen_to(SIGALRM, give_up);
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
