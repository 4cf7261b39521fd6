/*
 * enqueue_batch.c - tasks from JSON Lines, as many as come.
 *
 * What flows in is stored in batches; as soon as the input pauses, what has
 * been read is stored, so that a producer at the other end of a pipe can wait
 * for its ids. A bad line costs only itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/json/record_json.h"
#include "adapters/json/task_json.h"
#include "cmd/enqueue.h"
#include "cmd/line_reader.h"
#include "cmd/output.h"

/* Room for the largest payload, the largest headers, and the rest. */
#define LINE_LIMIT (PAYLOAD_MAX + 128 * 1024)
#define BUFFER_SIZE (2 * LINE_LIMIT + 64 * 1024)

struct batch {
    struct producer producer;
    struct line_reader reader;
    struct json_writer json;
    struct arena mem; /* what decoding needs beside the lines */
    struct task_spec *specs;
    struct new_task *room;
    struct enqueued *results;
    uint64_t *line_numbers;
    size_t count;       /* tasks read and not yet stored */
    uint64_t line;      /* of the latest line read, from 1 */
    uint64_t stored_to; /* up to this line everything is stored */
    bool is_json;
    bool has_bad_line;
};

static enum exit_code batch_room(struct batch *b, int fd)
{
    char *buffer = malloc(BUFFER_SIZE);
    char *decoded = malloc(BUFFER_SIZE);

    b->specs = calloc(BATCH_MAX, sizeof(*b->specs));
    b->room = calloc(BATCH_MAX, sizeof(*b->room));
    b->results = calloc(BATCH_MAX, sizeof(*b->results));
    b->line_numbers = calloc(BATCH_MAX, sizeof(*b->line_numbers));
    b->mem = (struct arena){.base = decoded, .size = BUFFER_SIZE};
    line_reader_init(&b->reader, fd, buffer, BUFFER_SIZE, LINE_LIMIT);
    if (buffer && decoded && b->specs && b->room && b->results &&
        b->line_numbers)
        return CODE_FINE;
    complain("millrace: no memory for a batch");
    return CODE_FAILED;
}

static void batch_release(struct batch *b)
{
    free(b->reader.buffer);
    free(b->mem.base);
    free(b->specs);
    free(b->room);
    free(b->results);
    free(b->line_numbers);
    json_writer_release(&b->json);
    producer_close(&b->producer);
}

static void report_line(struct batch *b, uint64_t line, const char *why)
{
    complain("line %llu: %s", (unsigned long long)line, why);
    b->has_bad_line = true;
}

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!strchr(" \t\r", line.at[i]) || line.at[i] == '\0')
            return false;
    return true;
}

static void add_line(struct batch *b, struct bytes line)
{
    struct task_spec *spec = &b->specs[b->count];
    struct error err;

    if (is_blank(line))
        return;
    enum status st = task_json_decode(line, &b->mem, spec, &err);
    if (st == STATUS_OK)
        st = task_spec_validate(spec, &err);
    if (st < 0) {
        report_line(b, b->line, err.text);
        return;
    }
    b->line_numbers[b->count++] = b->line;
}

static void report_too_long(struct batch *b, uint64_t length)
{
    char why[80];

    snprintf(why, sizeof(why), "line too long: %llu bytes, limit %d",
             (unsigned long long)length, LINE_LIMIT);
    report_line(b, b->line, why);
}

/* Takes lines until the batch is full or none is there. True: it is full. */
static bool take_lines(struct batch *b)
{
    struct bytes line;
    uint64_t length;

    while (b->count < BATCH_MAX) {
        enum line const kind = line_reader_take(&b->reader, &line, &length);
        if (kind == LINE_NONE)
            return false;
        b->line++;
        if (kind == LINE_TOO_LONG)
            report_too_long(b, length);
        else
            add_line(b, line);
    }
    return true;
}

static void print_results(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (!b->is_json) {
            printf("%s\n", b->results[i].id.text);
            continue;
        }
        record_json_enqueued(&b->json, NULL, &b->results[i],
                             b->specs[i].task.queue);
        output_json(&b->json);
    }
}

static enum exit_code store_failed(const struct batch *b, enum status st,
                                   const struct error *err)
{
    wire_fault(&b->producer.wire, st, err);
    complain("millrace: all good lines up to line %llu are stored, "
             "from line %llu on perhaps not",
             (unsigned long long)b->stored_to,
             (unsigned long long)b->stored_to + 1);
    return CODE_BACKEND;
}

/* Stores what was read and tells the ids. */
static enum exit_code store(struct batch *b)
{
    struct error err;

    if (b->count > 0) {
        enum status const st =
            enqueue_patiently(&b->producer.enqueuer, b->specs, b->count,
                              b->room, b->results, NULL, &err);
        if (st < 0)
            return store_failed(b, st, &err);
        print_results(b);
    }
    b->stored_to = b->line;
    b->count = 0;
    arena_reset(&b->mem);
    return output_flush() ? CODE_FINE : CODE_FAILED;
}

static enum exit_code run(struct batch *b)
{
    for (;;) {
        bool const is_full = take_lines(b);
        if (!is_full && line_reader_read_ahead(&b->reader))
            continue;
        enum exit_code const code = store(b);
        if (code != CODE_FINE)
            return code;
        if (!is_full && !line_reader_wait(&b->reader))
            return CODE_FINE;
    }
}

static enum exit_code finish(const struct batch *b, const char *file)
{
    if (b->reader.error != 0) {
        complain("millrace: %s: line %llu: %s", file,
                 (unsigned long long)b->line + 1, strerror(b->reader.error));
        return CODE_FAILED;
    }
    return b->has_bad_line ? CODE_FAILED : CODE_FINE;
}

/* -1: there is nothing to read, and why has been said. */
static int open_input(const char *file)
{
    bool const is_stdin = strcmp(file, "-") == 0;
    struct stat about;

    int const fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        complain("millrace: %s: %s", file, strerror(errno));
        return -1;
    }
    if (fstat(fd, &about) != 0 || !S_ISDIR(about.st_mode))
        return fd;
    complain("millrace: %s: %s", is_stdin ? "standard input" : file,
             strerror(EISDIR));
    if (!is_stdin)
        close(fd);
    return -1;
}

enum exit_code enqueue_batch(const struct globals *globals, const char *file)
{
    struct batch b = {.is_json = globals->is_json};
    int const fd = open_input(file);

    if (fd < 0)
        return CODE_USAGE;
    enum exit_code code = batch_room(&b, fd);
    if (code == CODE_FINE)
        code = producer_open(&b.producer, globals);
    if (code == CODE_FINE)
        code = run(&b);
    if (code == CODE_FINE)
        code = finish(&b, file);
    batch_release(&b);
    if (fd != STDIN_FILENO)
        close(fd);
    return code;
}
