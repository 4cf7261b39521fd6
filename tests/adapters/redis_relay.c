#include "tests/adapters/redis_relay.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINES = 16, CHUNK = 1 << 16 };

/* One client and its way on; -1: none. */
struct line {
    int client;
    int server;
};

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    cr_assert(strlen(path) < sizeof(a.sun_path));
    strcpy(a.sun_path, path);
    return a;
}

static void cut_line(struct line *line)
{
    if (line->client >= 0)
        close(line->client);
    if (line->server >= 0)
        close(line->server);
    *line = (struct line){-1, -1};
}

static void accept_line(const struct redis_relay *relay, struct line *lines)
{
    struct sockaddr_un const to = address_of(relay->server);
    int const client = accept(relay->listener, NULL, NULL);

    for (int i = 0; i < LINES && !atomic_load(&relay->is_shut); i++) {
        if (lines[i].client >= 0)
            continue;
        lines[i].client = client;
        lines[i].server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(lines[i].server, (const struct sockaddr *)&to,
                    sizeof(to)) != 0)
            cut_line(&lines[i]);
        return;
    }
    close(client);
}

static bool pass_on(int to, const char *from, ssize_t len)
{
    while (len > 0) {
        ssize_t const n = send(to, from, (size_t)len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        from += n;
        len -= n;
    }
    return true;
}

/* Passes a request on, unless it is the one to cut at; false: cut the lines. */
static bool pass_request(struct redis_relay *relay, struct line *line,
                         char *room)
{
    ssize_t const n = recv(line->client, room, CHUNK, 0);
    int const cut = atomic_load(&relay->cut);

    if (n <= 0) {
        cut_line(line);
        return true;
    }
    bool const is_hit =
        cut != RELAY_PASS &&
        memmem(room, (size_t)n, relay->word, strlen(relay->word));
    if (is_hit && cut == RELAY_CUT_REQUEST)
        return false;
    if (!pass_on(line->server, room, n))
        cut_line(line);
    if (is_hit) { /* wait for the answer: then it has been carried out */
        struct pollfd p = {.fd = line->server, .events = POLLIN};
        poll(&p, 1, -1);
    }
    return !is_hit;
}

static void pass_answer(struct line *line, char *room)
{
    ssize_t const n = recv(line->server, room, CHUNK, 0);

    if (n <= 0 || !pass_on(line->client, room, n))
        cut_line(line);
}

static void serve_line(struct redis_relay *relay, struct line *lines, int i,
                       const struct pollfd *fds, char *room)
{
    bool is_whole = true;

    if (fds[0].revents)
        is_whole = pass_request(relay, &lines[i], room);
    if (is_whole && fds[1].revents && lines[i].server >= 0)
        pass_answer(&lines[i], room);
    for (int k = 0; !is_whole && k < LINES; k++)
        cut_line(&lines[k]);
    if (!is_whole)
        atomic_store(&relay->cut, RELAY_PASS);
}

static void *run(void *context)
{
    static char room[CHUNK];
    struct redis_relay *relay = context;
    struct line lines[LINES];

    for (int i = 0; i < LINES; i++)
        lines[i] = (struct line){-1, -1};
    for (;;) {
        struct pollfd fds[2 + 2 * LINES] = {
            {.fd = relay->stop_pipe[0], .events = POLLIN},
            {.fd = relay->listener, .events = POLLIN},
        };
        for (int i = 0; i < LINES; i++) {
            fds[2 + 2 * i] =
                (struct pollfd){.fd = lines[i].client, .events = POLLIN};
            fds[3 + 2 * i] =
                (struct pollfd){.fd = lines[i].server, .events = POLLIN};
        }
        poll(fds, 2 + 2 * LINES, -1);
        if (fds[0].revents)
            break;
        for (int i = 0; i < LINES; i++)
            if (lines[i].client >= 0)
                serve_line(relay, lines, i, &fds[2 + 2 * i], room);
        if (fds[1].revents)
            accept_line(relay, lines);
    }
    for (int i = 0; i < LINES; i++)
        cut_line(&lines[i]);
    return NULL;
}

void redis_relay_start(struct redis_relay *relay, const char *socket_path,
                       const char *server)
{
    struct sockaddr_un const at = address_of(socket_path);

    *relay = (struct redis_relay){0};
    snprintf(relay->socket, sizeof(relay->socket), "%s", socket_path);
    snprintf(relay->server, sizeof(relay->server), "%s", server);
    relay->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(relay->listener, (const struct sockaddr *)&at, sizeof(at)) ==
              0);
    cr_assert(listen(relay->listener, LINES) == 0);
    cr_assert(pipe(relay->stop_pipe) == 0);
    cr_assert(pthread_create(&relay->thread, NULL, run, relay) == 0);
}

void redis_relay_arm(struct redis_relay *relay, enum relay_cut cut,
                     const char *word)
{
    relay->word = word;
    atomic_store(&relay->cut, cut);
}

void redis_relay_stop_accepting(struct redis_relay *relay, bool is_shut)
{
    atomic_store(&relay->is_shut, is_shut);
}

void redis_relay_stop(struct redis_relay *relay)
{
    cr_assert(write(relay->stop_pipe[1], "x", 1) == 1);
    pthread_join(relay->thread, NULL);
    close(relay->stop_pipe[0]);
    close(relay->stop_pipe[1]);
    close(relay->listener);
    unlink(relay->socket);
}
