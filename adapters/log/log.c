#include "adapters/log/log.h"

#include <errno.h>
#include <unistd.h>

#include "domain/instant.h"
#include "domain/text.h"
#include "domain/utf8.h"

/* Room for some twenty short fields and the longest value, all escaped. */
enum { LINE_SIZE = 16 * 1024 };

enum { LEVELS = LEVEL_ERROR + 1 };
enum { FORMATS = FORMAT_JSON + 1 };

static const char *const level_names[LEVELS] = {
    [LEVEL_DEBUG] = "debug",
    [LEVEL_INFO] = "info",
    [LEVEL_WARN] = "warn",
    [LEVEL_ERROR] = "error",
};

/* In a text line: of one width, so that events stand below each other. */
static const char *const level_marks[LEVELS] = {
    [LEVEL_DEBUG] = " DEBUG ",
    [LEVEL_INFO] = " INFO  ",
    [LEVEL_WARN] = " WARN  ",
    [LEVEL_ERROR] = " ERROR ",
};

static const char *const format_names[FORMATS] = {
    [FORMAT_TEXT] = "text",
    [FORMAT_JSON] = "json",
};

static void add_control(struct text *t, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    char escape[] = "\\u0000";

    escape[4] = digits[code >> 4 & 0xF];
    escape[5] = digits[code & 0xF];
    text_add(t, escape);
}

/* Takes the next character from *s and adds it as in a JSON string. */
static void add_character(struct text *t, struct bytes *s)
{
    uint32_t code = 0;
    size_t const len = utf8_read(*s, &code);
    struct bytes const character = {s->at, len};
    size_t const step = len > 0 ? len : 1;

    s->at += step;
    s->len -= step;
    if (len == 0)
        text_add(t, "\xEF\xBF\xBD"); /* U+FFFD: it was no UTF-8 */
    else if (code == '\n')
        text_add(t, "\\n");
    else if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        add_control(t, code); /* C1 controls too: some terminals obey them */
    else if (code == '"' || code == '\\')
        text_add(t, code == '"' ? "\\\"" : "\\\\");
    else
        text_add_bytes(t, character);
}

static void add_quoted(struct text *t, struct bytes s)
{
    bool const is_long = s.len > LOG_VALUE_MAX;

    if (is_long)
        s.len = LOG_VALUE_MAX;
    text_add(t, "\"");
    while (s.len > 0)
        add_character(t, &s);
    text_add(t, is_long ? "...\"" : "\"");
}

/* Whether a value can stand in a text line without quotes. */
static bool is_plain(struct bytes s)
{
    if (s.len == 0 || s.len > LOG_VALUE_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char const c = s.at[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return true;
}

static void add_field(struct text *t, enum log_format format,
                      const struct log_field *field)
{
    text_add(t, format == FORMAT_JSON ? ",\"" : " ");
    text_add(t, field->name);
    text_add(t, format == FORMAT_JSON ? "\":" : "=");
    if (field->is_number)
        text_add_int(t, field->number);
    else if (format == FORMAT_TEXT && is_plain(field->text))
        text_add_bytes(t, field->text);
    else
        add_quoted(t, field->text);
}

/* Adds those fields that fit as a whole: a JSON line stays JSON. */
static void add_fields(struct text *t, enum log_format format,
                       const struct log_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct text const before = *t;
        if (!fields[i].is_number && !fields[i].text.at)
            continue;
        add_field(t, format, &fields[i]);
        if (t->is_cut)
            *t = before;
    }
}

static void begin_line(struct text *t, const struct log *log,
                       enum log_level level, const char *event)
{
    char now[INSTANT_TEXT_SIZE];

    instant_format(clock_now_ms(log->clock), now);
    if (log->format == FORMAT_TEXT) {
        text_add(t, now);
        text_add(t, level_marks[level]);
        text_add(t, event);
        return;
    }
    text_add(t, "{\"time\":\"");
    text_add(t, now);
    text_add(t, "\",\"level\":\"");
    text_add(t, level_names[level]);
    text_add(t, "\",\"event\":");
    add_quoted(t, bytes_of(event));
}

void log_write(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields, size_t n)
{
    char line[LINE_SIZE];
    const char *end = log->format == FORMAT_JSON ? "}\n" : "\n";
    ssize_t written;

    if (!log_is_on(log, level))
        return;
    struct text t = text_in(line, sizeof(line) - strlen(end));
    begin_line(&t, log, level, event);
    add_fields(&t, log->format, fields, n);
    t.size = sizeof(line);
    text_add(&t, end);

    do
        written = write(log->fd, t.at, t.len);
    while (written < 0 && errno == EINTR);
}

static bool find_name(const char *const *names, int count, struct bytes name,
                      int *out)
{
    for (int i = 0; i < count; i++)
        if (bytes_is(name, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

bool log_level_from(struct bytes name, enum log_level *out)
{
    int found;

    if (!find_name(level_names, LEVELS, name, &found))
        return false;
    *out = (enum log_level)found;
    return true;
}

bool log_format_from(struct bytes name, enum log_format *out)
{
    int found;

    if (!find_name(format_names, FORMATS, name, &found))
        return false;
    *out = (enum log_format)found;
    return true;
}
