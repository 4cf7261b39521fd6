/*
 * json_value.h - reads the members of an object whose text stays as it is.
 *
 * The text has passed json_text_check: walking it can't fail. cJSON decodes
 * the small values, one at a time.
 */
#ifndef ADAPTERS_JSON_JSON_VALUE_H
#define ADAPTERS_JSON_JSON_VALUE_H

#include "domain/arena.h"
#include "domain/backoff.h"
#include "domain/error.h"

/* The members of an object that are still to come. */
struct json_walk {
    struct bytes rest;
};

/* A value and the static name that messages give it. */
struct json_member {
    const char *field;
    struct bytes value;
};

/* Starts with the first member of the object that text, checked, consists of;
 * false if it is another kind of value. */
bool json_walk_begin(struct bytes text, struct json_walk *out);

/* The text of the next member's name, quoted, and of its value; false after
 * the last one. */
bool json_walk_next(struct json_walk *walk, struct bytes *name,
                    struct bytes *value);

/* Sets the message "FIELD: WHY" and gives back STATUS_INVALID. */
enum status json_refuse(struct error *err, const char *field, const char *why);

/* Each refuses other types, naming the field. A string lives in the value's
 * text where that is possible, else in mem; one with a NUL in it is refused. A
 * number beyond what *out can hold, or beyond 2^53, becomes the largest or
 * smallest that it can: the rules for the field will refuse that. */
MUST_USE enum status json_read_string(struct json_member m, struct arena *mem,
                                      struct bytes *out, struct error *err);
MUST_USE enum status json_read_int(struct json_member m, int64_t *out,
                                   struct error *err);
MUST_USE enum status json_read_int32(struct json_member m, int32_t *out,
                                     struct error *err);

/* Reads a backoff object over *out. */
MUST_USE enum status json_read_backoff(struct json_member m,
                                       struct backoff *out, struct error *err);

#endif
