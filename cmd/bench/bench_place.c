#include "cmd/bench/bench_place.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef MILLRACE_HAVE_REDIS
#include "adapters/redis/redis_namespace.h"
#include "adapters/redis/redis_usage.h"
#endif
#include "adapters/system/system_random.h"
#include "cmd/output.h"
#include "cmd/wire.h"
#include "domain/text.h"

static bool is_server(const struct bench_place *place)
{
    return strncmp(place->url.scheme, "redis", 5) == 0;
}

static bool is_file(const struct bench_place *place)
{
    return strcmp(place->url.scheme, "sqlite") == 0;
}

/* "bench-PID-RANDOM" */
static enum status make_name(char out[NAMESPACE_MAX + 1], struct error *err)
{
    struct random_port random;
    enum status const st = system_random_open(&random, err);

    if (st < 0)
        return st;
    snprintf(out, NAMESPACE_MAX + 1, "bench-%ld-%08lx", (long)getpid(),
             (unsigned long)(random_bits(random) & 0xffffffff));
    random.ops->close(random.self);
    return STATUS_OK;
}

static enum status make_path(struct bench_place *place, struct error *err)
{
    struct text path = {.at = place->url.path,
                        .len = strlen(place->url.path),
                        .size = sizeof(place->url.path)};

    text_add(&path, "-");
    text_add(&path, place->url.namespace);
    if (path.is_cut)
        return error_set(err, STATUS_INVALID, "url",
                         "url: the path is too long for a file beside it");
    return STATUS_OK;
}

enum exit_code bench_place_find(const struct globals *globals,
                                struct bench_place *out)
{
    struct error err;
    enum exit_code const code = wire_url(globals, &out->url);

    if (code != CODE_FINE)
        return code;
    out->is_inside = !is_server(out) && !is_file(out);
    enum status st = make_name(out->url.namespace, &err);
    if (st == STATUS_OK && is_file(out))
        st = make_path(out, &err);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return CODE_BACKEND;
    }
    return CODE_FINE;
}

/* Bytes of a file; none: 0. */
static double file_bytes(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 ? (double)about.st_size : 0;
}

/* NAN where another allocator has taken the place of the C library's. */
static double heap_bytes(void)
{
    struct mallinfo2 const heap = mallinfo2();
    double const bytes = (double)heap.uordblks + (double)heap.hblkhd;

    return bytes > 0 ? bytes : NAN;
}

#ifdef MILLRACE_HAVE_REDIS
static enum status server_usage(const struct bench_place *place,
                                struct bench_usage *out, struct error *err)
{
    struct redis_usage usage;
    enum status const st = redis_usage_read(&place->url, &usage, err);

    if (st < 0)
        return st;
    *out = (struct bench_usage){.cpu_us = usage.cpu_us,
                                .commands = (double)usage.commands,
                                .bytes = (double)usage.memory_bytes};
    return STATUS_OK;
}

static enum status server_clear(const struct bench_place *place,
                                struct error *err)
{
    return redis_namespace_remove(&place->url, err);
}
#else
/* No server without its backend. */
#define server_usage(place, out, err) ((void)(err), STATUS_OK)
#define server_clear(place, err) ((void)(err), STATUS_OK)
#endif

enum status bench_place_usage(const struct bench_place *place,
                              struct bench_usage *out, struct error *err)
{
    *out = (struct bench_usage){.cpu_us = NAN, .commands = NAN};
    if (is_server(place))
        return server_usage(place, out, err);
    out->bytes = is_file(place) ? file_bytes(place->url.path) : heap_bytes();
    return STATUS_OK;
}

/* Removes the file, and those that SQLite keeps beside it. */
static enum status remove_file(const struct bench_place *place,
                               struct error *err)
{
    static const char *const endings[] = {"-wal", "-shm", "-journal", ""};
    char path[BACKEND_PATH_SIZE + 16];

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", place->url.path, endings[i]);
        if (unlink(path) == 0 || errno == ENOENT)
            continue;
        struct bytes const parts[] = {BYTES("bench: can't remove "),
                                      bytes_of(path), BYTES(": "),
                                      bytes_of(strerror(errno))};
        return error_join(err, STATUS_UNAVAILABLE, NULL, parts, 4);
    }
    return STATUS_OK;
}

enum status bench_place_clear(const struct bench_place *place,
                              struct error *err)
{
    if (is_file(place))
        return remove_file(place, err);
    return is_server(place) ? server_clear(place, err) : STATUS_OK;
}
