/*
 * instant.h - points in time, as RFC 3339 text.
 *
 * An instant is Unix time in milliseconds, from 1970-01-01T00:00:00.000Z to
 * INSTANT_MAX_MS. The calendar is the proleptic Gregorian one, computed by
 * the days-from-civil method (H. Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms").
 */
#ifndef DOMAIN_INSTANT_H
#define DOMAIN_INSTANT_H

#include <stdint.h>

#include "domain/error.h"

#define INSTANT_TEXT_SIZE 25 /* 2026-01-31T12:00:00.000Z and the NUL */

/* Reads RFC 3339 with 'T' or a blank between date and time, any number of
 * fractional digits (cut to ms), and 'Z' or an offset; a leap second reads as
 * the second after. Otherwise STATUS_INVALID naming field and the text. */
MUST_USE enum status instant_parse(struct bytes text, const char *field,
                                   int64_t *out_ms, struct error *err);

/* Writes UTC with milliseconds; what is out of range as its nearest end. */
void instant_format(int64_t at_ms, char out[INSTANT_TEXT_SIZE]);

/* The instant ms >= 0 after at_ms; INSTANT_MAX_MS if that is beyond it. */
int64_t instant_after(int64_t at_ms, int64_t ms);

#endif
