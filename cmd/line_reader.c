#include "cmd/line_reader.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

void line_reader_init(struct line_reader *r, int fd, char *buffer, size_t size,
                      size_t limit)
{
    assert(size > 2 * limit);
    *r = (struct line_reader){
        .fd = fd, .buffer = buffer, .size = size, .limit = limit};
}

/* Hands out what lies before end, or tells how long it was. */
static enum line take_up_to(struct line_reader *r, size_t end,
                            struct bytes *line, uint64_t *length)
{
    size_t const len = end - r->start;
    bool const is_too_long = r->is_skipping || len > r->limit;

    *length = r->skipped + len;
    *line = (struct bytes){r->buffer + r->start, len};
    r->start = end < r->end ? end + 1 : end;
    r->searched = r->start;
    r->is_skipping = false;
    r->skipped = 0;
    return is_too_long ? LINE_TOO_LONG : LINE_READY;
}

/* Whether there is a line that may still go on. */
static bool has_rest(const struct line_reader *r)
{
    return r->start < r->end || r->is_skipping;
}

enum line line_reader_take(struct line_reader *r, struct bytes *line,
                           uint64_t *length)
{
    const char *at = r->buffer + r->searched;
    const char *newline = memchr(at, '\n', r->end - r->searched);

    if (newline)
        return take_up_to(r, (size_t)(newline - r->buffer), line, length);
    if (r->is_at_end && r->error == 0 && has_rest(r))
        return take_up_to(r, r->end, line, length);

    r->searched = r->end;
    if (r->is_skipping || r->end - r->start > r->limit) {
        r->is_skipping = true;
        r->skipped += r->end - r->start;
        r->start = r->end;
    }
    return LINE_NONE;
}

static bool read_more(struct line_reader *r)
{
    ssize_t got;

    do
        got = read(r->fd, r->buffer + r->end, r->size - r->end);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        r->end += (size_t)got;
        return true;
    }
    r->is_at_end = true;
    r->error = got < 0 ? errno : 0;
    return false;
}

bool line_reader_read_ahead(struct line_reader *r)
{
    struct pollfd input = {.fd = r->fd, .events = POLLIN};

    if (r->is_at_end || r->end == r->size || poll(&input, 1, 0) <= 0)
        return false;
    return read_more(r);
}

bool line_reader_wait(struct line_reader *r)
{
    if (r->is_at_end)
        return r->error == 0 && has_rest(r);

    size_t const left = r->end - r->start;
    memmove(r->buffer, r->buffer + r->start, left);
    r->searched -= r->start;
    r->start = 0;
    r->end = left;
    return read_more(r) || (r->error == 0 && has_rest(r));
}
