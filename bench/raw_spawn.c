/*
 * The floor of --exec: programs that end at once, a few at a time.
 */
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench/raw.h"

extern char **environ;

static void start(const char *program)
{
    char *argv[] = {(char *)program, NULL};
    pid_t pid;
    int const why = posix_spawn(&pid, program, NULL, NULL, argv, environ);

    if (why != 0)
        raw_die(program, strerror(why));
}

/* where is the program; batch, how many run at once. */
void raw_spawn(const struct raw_request *req, struct raw_result *out)
{
    long started = 0;

    raw_begin(out);
    for (; started < req->batch && started < req->tasks; started++)
        start(req->where);
    for (long ended = 0; ended < req->tasks; ended++) {
        if (wait(NULL) < 0)
            raw_die("wait", "no child");
        if (started < req->tasks) {
            start(req->where);
            started++;
        }
    }
    raw_end(out);
    out->cpu_us += raw_cpu_us(true);
}
