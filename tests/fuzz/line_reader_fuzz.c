/*
 * Lines come as they are in the input, whatever pieces it comes in: each once,
 * in order, byte for byte; one too long by its length alone. They stay as they
 * are until the next wait.
 *
 * The bytes up to the first newline are the sizes of the pieces.
 */
#include "cmd/line_reader.h"

#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define LIMIT 12
#define SIZE 32

struct flow {
    struct line_reader reader;
    struct bytes expected;   /* lines that were not handed out yet */
    struct bytes kept[SIZE]; /* handed out since the last wait */
    struct bytes meant[SIZE];
    size_t count;
};

static void take_all(struct flow *f)
{
    struct bytes line;
    uint64_t length;
    enum line got;

    while ((got = line_reader_take(&f->reader, &line, &length)) != LINE_NONE) {
        assert(f->expected.len > 0);
        struct bytes const meant = input_line(&f->expected);
        assert(length == meant.len);
        assert((got == LINE_TOO_LONG) == (meant.len > LIMIT));
        if (got == LINE_TOO_LONG)
            continue;
        assert(f->count < SIZE);
        f->kept[f->count] = line;
        f->meant[f->count++] = meant;
    }
}

/* Waits for what is surely there, or for the end. */
static bool go_on(struct flow *f)
{
    for (size_t i = 0; i < f->count; i++)
        assert(bytes_equal(f->kept[i], f->meant[i]));
    f->count = 0;
    bool const has_more = line_reader_wait(&f->reader);
    take_all(f);
    return has_more;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    struct bytes pieces = input_line(&rest);
    struct flow f = {.expected = rest};
    char buffer[SIZE];
    int ends[2];

    if (rest.len > 4096) /* what a pipe surely takes */
        return 0;
    assert(pipe(ends) == 0);
    line_reader_init(&f.reader, ends[0], buffer, sizeof(buffer), LIMIT);
    while (rest.len > 0) {
        uint8_t const piece = input_byte(&pieces);
        size_t const most = piece > 1 ? piece / 2 : rest.len;
        size_t const len = most < rest.len ? most : rest.len;
        assert(write(ends[1], rest.at, len) == (ssize_t)len);
        rest = (struct bytes){rest.at + len, rest.len - len};
        assert(go_on(&f));
        while (piece % 2 && line_reader_read_ahead(&f.reader))
            take_all(&f);
    }
    close(ends[1]);
    while (go_on(&f))
        continue;
    assert(f.expected.len == 0 && f.reader.error == 0);
    close(ends[0]);
    return 0;
}
