/*
 * duration.h - durations as people write them.
 *
 * One or more of N(ms|s|m|h|d), largest unit first, each unit at most once:
 * 250ms, 5s, 1m30s, 2h, 7d. A bare "0" is zero; no sign, blanks or fractions.
 */
#ifndef DOMAIN_DURATION_H
#define DOMAIN_DURATION_H

#include <stdint.h>

#include "domain/error.h"
#include "domain/text.h"

/* Reads text into *out_ms, 0 to DURATION_MAX_MS; otherwise STATUS_INVALID
 * naming field and the text. */
MUST_USE enum status duration_parse(struct bytes text, const char *field,
                                    int64_t *out_ms, struct error *err);

/* Adds ms >= 0 in that form, exactly, no unit that is zero: 90000 is 1m30s;
 * 0 is "0". */
void duration_add(struct text *t, int64_t ms);

#endif
