/*
 * raw.c - runs one phase of the floor and prints it as `millrace bench` does.
 */
#include "bench/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct phase {
    const char *backend;
    const char *name;
    void (*run)(const struct raw_request *req, struct raw_result *out);
};

static const struct phase phases[] = {
#ifdef MILLRACE_HAVE_REDIS
    {"redis", "enqueue", raw_redis_enqueue},
    {"redis", "single", raw_redis_single},
    {"redis", "drain", raw_redis_drain},
    {"redis", "e2e", raw_redis_e2e},
    {"redis", "latency", raw_redis_latency},
    {"redis", "delayed", raw_redis_delayed},
#endif
    {"sqlite", "enqueue", raw_sqlite_enqueue},
    {"sqlite", "drain", raw_sqlite_drain},
    {"sqlite", "e2e", raw_sqlite_e2e},
    {"system", "spawn", raw_spawn},
};

int64_t raw_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double us_of(struct timeval t)
{
    return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

double raw_cpu_us(bool of_children)
{
    struct rusage used;

    getrusage(of_children ? RUSAGE_CHILDREN : RUSAGE_SELF, &used);
    return us_of(used.ru_utime) + us_of(used.ru_stime);
}

void raw_fill(long number, char id[RAW_ID_LEN + 1], char *payload, size_t size)
{
    snprintf(id, RAW_ID_LEN + 1, "%026ld", number);
    memset(payload, 'x', size);
    payload[0] = payload[size - 1] = '"';
}

void *raw_shared(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        raw_die("mmap", "no memory");
    return at;
}

void raw_begin(struct raw_result *out)
{
    *out = (struct raw_result){.server_cpu_us = -1,
                               .commands = -1,
                               .bytes = -1,
                               .p50_ms = -1,
                               .p99_ms = -1,
                               .max_ms = -1};
    out->cpu_us = -raw_cpu_us(false);
    out->begin_ns = raw_now_ns();
}

void raw_end(struct raw_result *out)
{
    out->end_ns = raw_now_ns();
    out->cpu_us += raw_cpu_us(false);
}

static int compare(const void *a, const void *b)
{
    int64_t const x = *(const int64_t *)a;
    int64_t const y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

void raw_latencies(int64_t *took_ns, size_t n, struct raw_result *out)
{
    qsort(took_ns, n, sizeof(*took_ns), compare);
    out->p50_ms = (double)took_ns[n / 2] / 1e6;
    out->p99_ms = (double)took_ns[n * 99 / 100] / 1e6;
    out->max_ms = (double)took_ns[n - 1] / 1e6;
}

_Noreturn void raw_die(const char *what, const char *why)
{
    fprintf(stderr, "raw: %s: %s\n", what, why);
    exit(1);
}

/* "VmHWM:    1234 kB" in /proc/self/status: what getrusage() tells is also that
 * of the program we were before exec. */
static long peak_kb(void)
{
    static const char field[] = "VmHWM:";
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kb = -1;

    while (file && kb < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, field, sizeof(field) - 1) == 0)
            kb = strtol(line + sizeof(field) - 1, NULL, 10);
    if (file)
        fclose(file);
    return kb;
}

static void print_figure(const char *name, double value, double tasks)
{
    if (value < 0)
        printf(",\"%s\":null", name);
    else
        printf(",\"%s\":%.6f", name, value / tasks);
}

static void print(const struct phase *phase, const struct raw_request *req,
                  const struct raw_result *r)
{
    double const seconds = (double)(r->end_ns - r->begin_ns) / 1e9;
    double const tasks = (double)req->tasks;

    printf("{\"phase\":\"%s\",\"backend\":\"%s\",\"tasks\":%ld", phase->name,
           phase->backend, req->tasks);
    print_figure("seconds", seconds, 1);
    print_figure("tasks_per_s", tasks / seconds, 1);
    print_figure("p50_ms", r->p50_ms, 1);
    print_figure("p99_ms", r->p99_ms, 1);
    print_figure("max_ms", r->max_ms, 1);
    print_figure("client_cpu_us", r->cpu_us, tasks);
    print_figure("server_cpu_us", r->server_cpu_us, tasks);
    print_figure("commands_per_task", r->commands, tasks);
    print_figure("bytes_per_task", r->bytes, tasks);
    printf(",\"rss_kb\":%ld}\n", peak_kb());
}

static long number(const char *text, long max)
{
    char *end;
    long const n = strtol(text, &end, 10);

    if (end == text || *end != '\0' || n < 1 || n > max)
        raw_die("bad number", text);
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: raw redis|sqlite|system PHASE SOCKET|FILE "
                        "TASKS BATCH normal|full\n");
        return 2;
    }
    struct raw_request const req = {
        .where = argv[3],
        .tasks = number(argv[4], 100000000),
        .batch = number(argv[5], RAW_BATCH_MAX),
        .payload = 100,
        .is_full = strcmp(argv[6], "full") == 0,
    };
    struct raw_result result;

    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        if (strcmp(argv[1], phases[i].backend) != 0 ||
            strcmp(argv[2], phases[i].name) != 0)
            continue;
        phases[i].run(&req, &result);
        print(&phases[i], &req, &result);
        return 0;
    }
    raw_die("no such phase", argv[2]);
}
