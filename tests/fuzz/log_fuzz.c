/*
 * Whatever is logged is one line, without control characters; in JSON it is an
 * object, and as UTF-8 as JSON wants it.
 *
 * The first two bytes tell the format and how long the values are made; each
 * line of the rest is a value.
 */
#include "adapters/log/log.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "domain/json_text.h"
#include "domain/utf8.h"
#include "tests/fuzz/fuzz.h"

#define FIELDS 8

static int64_t stand_still(void *self)
{
    (void)self;
    return 1;
}

static void leave(void *self)
{
    (void)self;
}

static const struct clock_ops clock_ops = {
    .name = "standing", .now_ms = stand_still, .close = leave};

/* The value over and over, to reach the limits by a short input. */
static struct bytes repeated(struct bytes value, size_t times)
{
    char *text = malloc(value.len * times + 1);

    assert(text);
    for (size_t i = 0; i < times && value.len > 0; i++)
        memcpy(text + i * value.len, value.at, value.len);
    return (struct bytes){text, value.len * times};
}

static void hold_for_line(enum log_format format, struct bytes line)
{
    struct error err;

    assert(line.len > 1 && line.at[line.len - 1] == '\n');
    line.len--;
    if (format == FORMAT_JSON) {
        assert(line.at[0] == '{');
        assert(json_text_check(line, 1, "line", &err) == STATUS_OK);
    }
    assert(utf8_is_printable(line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    struct log_field fields[FIELDS];
    char written[64 * 1024];
    size_t n = 0;

    enum log_format const format =
        input_byte(&rest) % 2 ? FORMAT_JSON : FORMAT_TEXT;
    size_t const times = 1 + input_byte(&rest);
    struct log const log = {
        .fd = memfd_create("log", MFD_CLOEXEC),
        .format = format,
        .clock = {.ops = &clock_ops},
    };
    for (; n < FIELDS && rest.len > 0; n++)
        fields[n] = rest.len % 7 == 0
                        ? log_number("n", (int64_t)input_bits(&rest))
                        : log_text("text", repeated(input_line(&rest), times));

    log_write(&log, LEVEL_WARN, "task failed", fields, n);
    ssize_t const got = pread(log.fd, written, sizeof(written), 0);
    assert(got > 0 && (size_t)got < sizeof(written));
    hold_for_line(format, (struct bytes){written, (size_t)got});

    close(log.fd);
    for (size_t i = 0; i < n; i++)
        free((char *)fields[i].text.at);
    return 0;
}
