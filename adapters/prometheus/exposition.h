/*
 * exposition.h - builds a page in the Prometheus text format, version 0.0.4.
 *
 *   # HELP millrace_workers Live workers.
 *   # TYPE millrace_workers gauge
 *   millrace_workers 3
 *
 * All our values are whole numbers or milliseconds, so no float is ever
 * rounded: 1500 ms are written as 1.500 seconds.
 */
#ifndef ADAPTERS_PROMETHEUS_EXPOSITION_H
#define ADAPTERS_PROMETHEUS_EXPOSITION_H

#include <stdint.h>

#include "domain/bytes.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Zeroed is an empty page. */
struct exposition {
    char *at;
    size_t len;
    size_t size;
    bool is_broken; /* memory ran out: the page is not whole */
};

/* name is plain ASCII of ours; value may be any text and is escaped. */
struct label {
    const char *name;
    const char *value;
};

/* The labels of one sample. */
struct labels {
    const struct label *list;
    size_t count;
};

/* Starts an empty page in the same memory. */
void exposition_reset(struct exposition *x);

void exposition_release(struct exposition *x);

/* The page so far, until the next call: false if memory ran out. */
bool exposition_text(const struct exposition *x, struct bytes *out);

/* Begins a family; its samples must follow it. */
void exposition_family(struct exposition *x, const char *name, const char *type,
                       const char *help);

/* Each adds one sample of name + suffix ("" or "_bucket" and its kin). */
void exposition_add(struct exposition *x, const char *name, const char *suffix,
                    struct labels labels, uint64_t value);
void exposition_add_ms(struct exposition *x, const char *name,
                       const char *suffix, struct labels labels,
                       uint64_t value_ms);

/* Writes ms as seconds, with three decimals at most, into out[32]. */
void seconds_text(uint64_t ms, char out[32]);

#endif
