/*
 * with_redis.c - runs a command beside a private redis-server.
 *
 * with_redis CMD...: the command finds the server's URL in its environment as
 * MILLRACE_TEST_REDIS, and with_redis ends with the command's exit status.
 * Without a redis-server it ends with 77, which meson reports as skipped; but
 * with 1 where CI or MILLRACE_TEST_NO_SKIP is set, for there nothing may be
 * skipped.
 *
 * One server serves a whole suite, since starting one takes longer than a
 * test: the tests keep apart by namespaces. It is SERVER_AGE seconds old when
 * the command starts: no lease is taken back in the time after a start that
 * the lease was given for, and the suite's leases that end are shorter.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/redis_server.h"

enum { SERVER_AGE = 2, SKIP = 77 };

static int run(const struct redis_server *server, char **argv)
{
    char url[128];
    int status;

    snprintf(url, sizeof(url), "redis+unix://%s", server->socket);
    setenv("MILLRACE_TEST_REDIS", url, 1);

    pid_t const pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("with_redis");
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && *value && strcmp(value, "0") != 0 &&
           strcmp(value, "false") != 0;
}

int main(int argc, char **argv)
{
    struct redis_server server = {0};
    int status = 1;

    if (argc < 2) {
        fputs("usage: with_redis CMD...\n", stderr);
        return 2;
    }
    if (!redis_server_exists()) {
        fputs("with_redis: no redis-server\n", stderr);
        return is_set("CI") || is_set("MILLRACE_TEST_NO_SKIP") ? 1 : SKIP;
    }
    if (redis_server_start(&server, NULL) &&
        redis_server_grow(&server, SERVER_AGE))
        status = run(&server, argv + 1);
    redis_server_remove(&server);
    return status;
}
