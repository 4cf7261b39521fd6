#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 20000, /* for a server to come up */
    PAUSE_MS = 10,       /* between two looks */
    OPTIONS_MAX = 32,
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool redis_server_exists(void)
{
    char path[4096];
    const char *left = getenv("PATH");

    while (left && *left) {
        size_t const len = strcspn(left, ":");
        snprintf(path, sizeof(path), "%.*s/redis-server", (int)len, left);
        if (access(path, X_OK) == 0)
            return true;
        left += len + (left[len] == ':');
    }
    return false;
}

static bool make_folder(struct redis_server *server)
{
    if (server->folder[0] != '\0')
        return true;
    strcpy(server->folder, "/tmp/millrace-redis-XXXXXX");
    if (!mkdtemp(server->folder)) {
        perror("redis_server: no folder");
        server->folder[0] = '\0';
        return false;
    }
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock",
             server->folder);
    return true;
}

/* In the child: becomes the server, its log beside its socket. */
static void become_server(const struct redis_server *server,
                          const char *const *options)
{
    const char *argv[OPTIONS_MAX + 16] = {
        "redis-server", "--port",       "0",
        "--unixsocket", server->socket, "--dir",
        server->folder, "--save",       "",
        "--appendonly", "no",           "--daemonize",
        "no",           "--logfile",    "redis.log",
    };
    size_t n = 15;

    for (size_t i = 0; options && options[i] && i < OPTIONS_MAX; i++)
        argv[n++] = options[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* Asks the server for its INFO; the length of the answer, 0: none. */
static size_t ask_info(const struct redis_server *server, char *answer,
                       size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static const char question[] = "INFO server\r\n";
    size_t len = 0;
    int const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, server->socket);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(fd, question, sizeof(question) - 1) > 0) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (poll(&readable, 1, PATIENCE_MS) > 0) {
            ssize_t const n = read(fd, answer, size - 1);
            len = n > 0 ? (size_t)n : 0;
        }
    }
    if (fd >= 0)
        close(fd);
    answer[len] = '\0';
    return len;
}

bool redis_server_grow(const struct redis_server *server, int64_t seconds)
{
    int64_t const until_ms = monotonic_ms() + PATIENCE_MS + seconds * 1000;
    char info[8192];

    while (monotonic_ms() < until_ms) {
        if (ask_info(server, info, sizeof(info)) > 0) {
            const char *up = strstr(info, "uptime_in_seconds:");
            if (up && atoll(strchr(up, ':') + 1) >= seconds)
                return true;
        }
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    fprintf(stderr, "redis_server: no answer; see %s/redis.log\n",
            server->folder);
    return false;
}

bool redis_server_start(struct redis_server *server, const char *const *options)
{
    if (!make_folder(server))
        return false;
    server->pid = fork();
    if (server->pid == 0)
        become_server(server, options);
    if (server->pid < 0) {
        perror("redis_server: no process");
        server->pid = 0;
        return false;
    }
    return redis_server_grow(server, 0);
}

void redis_server_stop(struct redis_server *server, int signal)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, signal);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int flag,
                      struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void redis_server_remove(struct redis_server *server)
{
    redis_server_stop(server, SIGKILL);
    if (server->folder[0] != '\0')
        nftw(server->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    *server = (struct redis_server){0};
}
