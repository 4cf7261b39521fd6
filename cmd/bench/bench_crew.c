#include "cmd/bench/bench_crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/system/system_wake.h"
#include "cmd/backends.h"

static enum status cant_start(struct error *err, int why)
{
    struct bytes const parts[] = {BYTES("bench: can't start a worker: "),
                                  bytes_of(strerror(why))};

    return error_join(err, STATUS_NO_MEMORY, NULL, parts, 2);
}

/* Adds one that does not run yet. */
static enum status add(struct bench_crew *crew,
                       const struct bench_config *config,
                       struct bench_worker **out, struct error *err)
{
    struct bench_worker *w = &crew->workers[crew->count];

    *w = (struct bench_worker){.engine = {.config = config,
                                          .board = crew->board,
                                          .index = crew->count,
                                          .wake = WAKE_NEVER}};
    enum status const st = system_wake_open(&w->engine.wake, err);
    if (st < 0)
        return st;
    crew->count++;
    *out = w;
    return STATUS_OK;
}

/* The life of a worker process. A terminal sends its signals to all, but the
 * parent decides; if that one is killed, nobody is left to. */
static void live(const struct bench_worker *w, const struct backend_url *url,
                 pid_t parent)
{
    struct bench_ports ports;
    struct backend_port backend;
    struct error err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    if (getppid() != parent)
        _exit(CODE_FAILED);
    bench_forget_peak();

    enum status st = backend_open(url, &backend, &err);
    if (st == STATUS_OK) {
        st = bench_ports_open(backend, &ports, &err);
        if (st == STATUS_OK) {
            bench_engine_run(&w->engine, &ports);
            bench_ports_close(&ports);
        }
        backend.ops->close(backend.self);
    }
    if (st < 0)
        bench_board_fail(w->engine.board, &err);
    _exit(CODE_FINE);
}

enum status bench_crew_fork(struct bench_crew *crew,
                            const struct bench_config *config,
                            struct bench_board *board,
                            const struct bench_place *place, struct error *err)
{
    pid_t const parent = getpid();

    crew->board = board;
    fflush(NULL); /* or each would write it again */
    for (int64_t i = 0; i < config->workers; i++) {
        struct bench_worker *w;
        enum status const st = add(crew, config, &w, err);
        if (st < 0)
            return st;
        w->pid = fork();
        if (w->pid == 0)
            live(w, &place->url, parent);
        if (w->pid < 0) {
            w->pid = 0;
            return cant_start(err, errno);
        }
    }
    return STATUS_OK;
}

static void *live_as_thread(void *argument)
{
    struct bench_worker *w = argument;

    bench_engine_run(&w->engine, &w->ports);
    return NULL;
}

enum status bench_crew_spawn(struct bench_crew *crew,
                             const struct bench_config *config,
                             struct bench_board *board,
                             struct backend_port backend, struct error *err)
{
    crew->board = board;
    for (int64_t i = 0; i < config->workers; i++) {
        struct bench_worker *w;
        enum status st = add(crew, config, &w, err);
        if (st == STATUS_OK)
            st = bench_ports_open(backend, &w->ports, err);
        if (st < 0)
            return st;
        int const why = pthread_create(&w->thread, NULL, live_as_thread, w);
        if (why != 0)
            return cant_start(err, why);
        w->is_thread = true;
    }
    return STATUS_OK;
}

bool bench_crew_has_lost_one(struct bench_crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        struct bench_worker *w = &crew->workers[i];
        if (w->pid > 0 && waitpid(w->pid, NULL, WNOHANG) == w->pid) {
            w->pid = 0;
            return true;
        }
    }
    return false;
}

static void end(struct bench_worker *w)
{
    if (w->pid > 0)
        waitpid(w->pid, NULL, 0);
    if (w->is_thread)
        pthread_join(w->thread, NULL);
    bench_ports_close(&w->ports);
    system_wake_close(&w->engine.wake);
}

void bench_crew_stop(struct bench_crew *crew)
{
    if (crew->count == 0)
        return;
    atomic_store(&crew->board->is_stopping, true);
    for (size_t i = 0; i < crew->count; i++)
        system_wake_signal(crew->workers[i].engine.wake);
    for (size_t i = 0; i < crew->count; i++)
        end(&crew->workers[i]);
    crew->count = 0;
}
