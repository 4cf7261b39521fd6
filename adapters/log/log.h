/*
 * log.h - what the program does, one line at a time.
 *
 *   text  2026-01-31T12:00:00.000Z WARN task failed queue=mail error="no room"
 *   json  {"time":"2026-01-31T12:00:00.000Z","level":"warn",
 *          "event":"task failed","queue":"mail","error":"no room"}
 *
 * Every line is one write, so that lines of several threads and processes do
 * not mix. A line that can't be written is lost: a log never holds up the
 * work. Neither payloads nor secrets belong into a field.
 */
#ifndef ADAPTERS_LOG_LOG_H
#define ADAPTERS_LOG_LOG_H

#include "domain/bytes.h"
#include "usecase/clock_port.h"

enum log_level {
    LEVEL_DEBUG,
    LEVEL_INFO,
    LEVEL_WARN,
    LEVEL_ERROR,
};

enum log_format {
    FORMAT_TEXT,
    FORMAT_JSON,
};

/* Set up by whoever owns it; any number of threads may write. */
struct log {
    int fd;
    enum log_level least; /* what is below it is not written */
    enum log_format format;
    struct clock_port clock;
};

/* The most bytes of one value; of a longer one the rest is left out. */
#define LOG_VALUE_MAX 1024

struct log_field {
    const char *name; /* a word */
    struct bytes text;
    int64_t number;
    bool is_number; /* else an absent text leaves the field out */
};

static inline struct log_field log_text(const char *name, struct bytes text)
{
    return (struct log_field){.name = name, .text = text};
}

static inline struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){
        .name = name, .number = number, .is_number = true};
}

static inline bool log_is_on(const struct log *log, enum log_level level)
{
    return level >= log->least;
}

/* Writes a line, if level is on: event, a few constant words, and fields[n]. */
void log_write(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields, size_t n);

/* Reads "debug", "info", "warn", "error" and "text", "json". */
bool log_level_from(struct bytes name, enum log_level *out);
bool log_format_from(struct bytes name, enum log_format *out);

#endif
