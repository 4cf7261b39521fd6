#include "cmd/bench/bench_ports.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "adapters/system/system_random.h"

enum status bench_ports_open(struct backend_port backend,
                             struct bench_ports *out, struct error *err)
{
    struct bench_ports ports = {0};
    enum status st = backend.ops->open_clock(backend.self, &ports.clock, err);

    if (st == STATUS_OK)
        st = system_random_open(&ports.random, err);
    if (st == STATUS_OK)
        st = backend.ops->open_queue(backend.self, &ports.queue, err);
    if (st < 0) {
        bench_ports_close(&ports);
        return st;
    }
    clock_port_check(ports.clock);
    random_port_check(ports.random);
    queue_port_check(ports.queue);
    *out = ports;
    return STATUS_OK;
}

void bench_ports_close(struct bench_ports *ports)
{
    if (ports->queue.ops)
        queue_close(ports->queue);
    if (ports->random.ops)
        ports->random.ops->close(ports->random.self);
    if (ports->clock.ops)
        ports->clock.ops->close(ports->clock.self);
    *ports = (struct bench_ports){0};
}

int64_t bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t us_of(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

int64_t bench_cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return us_of(used.ru_utime) + us_of(used.ru_stime);
}

/* "VmHWM:    1234 kB" in /proc/self/status. */
int64_t bench_peak_kb(void)
{
    static const char field[] = "VmHWM:";
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    int64_t kb = -1;

    if (!file)
        return -1;
    while (kb < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, field, sizeof(field) - 1) == 0)
            kb = strtoll(line + sizeof(field) - 1, NULL, 10);
    fclose(file);
    return kb;
}

/* See proc(5), clear_refs; without it the peak is that of the whole life. */
void bench_forget_peak(void)
{
    int const fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    ssize_t const ignored = write(fd, "5", 1);
    (void)ignored;
    close(fd);
}
