/*
 * text.h - builds one NUL-terminated line in a fixed buffer.
 *
 * What does not fit is cut at the end; the line is always terminated. The
 * domain may not use stdio, and nothing here allocates.
 */
#ifndef DOMAIN_TEXT_H
#define DOMAIN_TEXT_H

#include <stdint.h>

#include "domain/bytes.h"

struct text {
    char *at;
    size_t len;
    size_t size; /* of the buffer, at least 1 */
    bool is_cut;
};

/* Starts an empty line in buffer[size], size > 0. */
struct text text_in(char *buffer, size_t size);

void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, struct bytes b);
void text_add_int(struct text *t, int64_t n);

/* Adds n with leading zeros, at least width digits; n >= 0. */
void text_add_padded(struct text *t, int64_t n, int width);

/* Adds b with every byte that does not print in ASCII shown as '?'. */
void text_add_printable(struct text *t, struct bytes b);

/* Writes a byte as a JSON string may hold it: plain ASCII as it is, any other
 * as the escape of the character of its number, so that no byte is lost. How
 * many characters that took. */
#define BYTE_JSON_MAX 6
size_t byte_to_json(char byte, char out[BYTE_JSON_MAX]);

/* Reads a whole decimal number, no sign, no blanks: false if it is none or
 * is larger than limit. */
bool text_read_int(struct bytes b, int64_t limit, int64_t *out);

#endif
