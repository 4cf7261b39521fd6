/*
 * json_text.h - is this JSON, and how far does a value reach?
 *
 * Payloads are kept byte for byte, so they are checked, not decoded: a decoder
 * would bend numbers beyond 2^53. Strict RFC 8259: one value, UTF-8, no
 * control characters in strings, surrogates only in pairs, at most max_depth
 * (JSON_DEPTH_MAX
 * at most) arrays and objects inside each other. No recursion, no memory.
 */
#ifndef DOMAIN_JSON_TEXT_H
#define DOMAIN_JSON_TEXT_H

#include "domain/error.h"

#define JSON_DEPTH_MAX 1024

/* Whether text is one JSON value with blanks around it at most. Otherwise
 * STATUS_INVALID: "FIELD: why at byte N". field is static. */
MUST_USE enum status json_text_check(struct bytes text, size_t max_depth,
                                     const char *field, struct error *err);

/* The same for the value that text starts with (leading blanks allowed); what
 * follows is not looked at. *len is the number of bytes up to its end. */
MUST_USE enum status json_text_value(struct bytes text, size_t max_depth,
                                     const char *field, size_t *len,
                                     struct error *err);

/* Whether text is a JSON object whose members are all strings, no name twice
 * (also if it is escaped differently), no NUL (\u0000) in names or values, at
 * most HEADERS_MAX bytes. Its field is "headers". */
MUST_USE enum status json_text_check_headers(struct bytes text,
                                             struct error *err);

#endif
