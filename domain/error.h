/*
 * error.h - the message that goes with a fault.
 *
 * Lives with the caller, on its stack. Filled only together with a fault, by
 * whoever detects it: one line, no secrets, the culprit and the limit named.
 */
#ifndef DOMAIN_ERROR_H
#define DOMAIN_ERROR_H

#include <stdint.h>

#include "domain/bytes.h"
#include "domain/status.h"

#define ERROR_TEXT_SIZE 400

struct error {
    char text[ERROR_TEXT_SIZE]; /* NUL-terminated, one line */
    const char *field; /* a static name of the field at fault, or NULL */
};

/* Writes the texts of parts[n], joined, into *err, with field (static, may be
 * NULL); what does not print is shown as '?', what does not fit is cut. */
void error_write(struct error *err, const char *field,
                 const struct bytes *parts, size_t n);

/* The same, and gives status back, so that a caller can
 * `return error_join(...)`; inline, so that compilers and analyzers know which
 * status it is. */
static inline enum status error_join(struct error *err, enum status status,
                                     const char *field,
                                     const struct bytes *parts, size_t n)
{
    error_write(err, field, parts, n);
    return status;
}

/* The same with one text. */
static inline enum status error_set(struct error *err, enum status status,
                                    const char *field, const char *text)
{
    struct bytes const part = bytes_of(text);

    return error_join(err, status, field, &part, 1);
}

/* The three shapes most complaints about input have; each gives STATUS_INVALID
 * back, and field (static) names the culprit:
 *   FIELD: bad WHAT "TEXT": RULE     (a long text is cut, and ends in ...)
 *   FIELD: N is out of range MIN to MAX
 *                     (N is left out where it is the end of a type, int32_t or
 *                     int64_t: whoever read it may have met a number beyond)
 *   FIELD too large: SIZE bytes, limit LIMIT */
enum status error_bad_text(struct error *err, const char *field,
                           const char *what, struct bytes text,
                           const char *rule);
enum status error_out_of_range(struct error *err, const char *field, int64_t n,
                               int64_t min, int64_t max);
enum status error_too_large(struct error *err, const char *field, size_t size,
                            size_t limit);

#endif
