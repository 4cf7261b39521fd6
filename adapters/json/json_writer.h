/*
 * json_writer.h - builds JSON text.
 *
 * What we print holds payloads byte for byte, integers of 64 bits, and error
 * texts that may be anything a program wrote to its stderr. A tree of cJSON
 * would bend the second and stop at the first NUL of the third, so the text
 * is written directly. Commas come by themselves.
 */
#ifndef ADAPTERS_JSON_JSON_WRITER_H
#define ADAPTERS_JSON_JSON_WRITER_H

#include <stdint.h>

#include "domain/bytes.h"

/* Zeroed is an empty text. */
struct json_writer {
    char *at;
    size_t len;
    size_t size;
    bool is_broken; /* memory ran out: the text is not whole */
};

/* Starts an empty text in the same memory. */
void json_writer_reset(struct json_writer *w);

void json_writer_release(struct json_writer *w);

/* The text so far, until the next call: false if memory ran out. */
bool json_writer_text(const struct json_writer *w, struct bytes *out);

/* Adds bytes as they are, between values: for a text that is not all JSON. */
void json_writer_append(struct json_writer *w, struct bytes bytes);

/* Each adds one value: a member called name, or, where name is NULL, an
 * element or the whole text. Names are plain ASCII of ours. */
void json_begin_object(struct json_writer *w, const char *name);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *name);
void json_end_array(struct json_writer *w);
void json_add_int(struct json_writer *w, const char *name, int64_t value);
void json_add_bool(struct json_writer *w, const char *name, bool value);
void json_add_null(struct json_writer *w, const char *name);

/* Adds a string with what JSON wants escaped; bytes that are no UTF-8 become
 * U+FFFD. An absent value becomes null. */
void json_add_string(struct json_writer *w, const char *name,
                     struct bytes value);

/* Adds a value that is JSON already, as it is. An absent one becomes null. */
void json_add_raw(struct json_writer *w, const char *name, struct bytes value);

/* Adds an instant as RFC 3339 text; 0 becomes null. */
void json_add_time(struct json_writer *w, const char *name, int64_t at_ms);

/* Adds a member whose name may be any text, with a string. */
void json_add_named_string(struct json_writer *w, struct bytes name,
                           struct bytes value);

#endif
