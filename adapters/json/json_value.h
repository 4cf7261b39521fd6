/*
 * json_value.h - reads the members of an object whose text stays as it is.
 *
 * An object is walked member by member, each checked as it comes and named in
 * the message if it is no JSON. cJSON decodes the small values, one at a time.
 */
#ifndef ADAPTERS_JSON_JSON_VALUE_H
#define ADAPTERS_JSON_JSON_VALUE_H

#include "domain/arena.h"
#include "domain/backoff.h"
#include "domain/error.h"

/* The members of an object, or the elements of an array, still to come. */
struct json_walk {
    const char *what; /* static: what messages call the whole */
    struct bytes rest;
    bool is_begun; /* one is behind us: a comma comes first */
};

/* A value, which is JSON, and the static name that messages give it. */
struct json_member {
    const char *field;
    struct bytes value;
};

/* Starts with the first member of the object that text should be. Faults
 * STATUS_INVALID, field what (static), here and below. */
MUST_USE enum status json_walk_begin(struct bytes text, const char *what,
                                     struct json_walk *out, struct error *err);

/* Reads the next member's name, a JSON string with its quotes, up to the
 * colon. Answers STATUS_EMPTY after the last one, if nothing follows. */
MUST_USE enum status json_walk_name(struct json_walk *walk, struct bytes *name,
                                    struct error *err);

/* Reads the value of the member whose name was read. */
MUST_USE enum status json_walk_value(struct json_walk *walk, const char *field,
                                     struct bytes *value, struct error *err);

/* The same for an array: starts with its first element, and reads the next.
 * Answers STATUS_EMPTY after the last one, if nothing follows. */
MUST_USE enum status json_walk_array(struct bytes text, const char *what,
                                     struct json_walk *out, struct error *err);
MUST_USE enum status json_walk_element(struct json_walk *walk,
                                       struct bytes *value, struct error *err);

/* Both at once, for an object that has been checked before: false after the
 * last member. */
bool json_walk_next(struct json_walk *walk, struct bytes *name,
                    struct bytes *value);

/* Whether text starts as an array does. */
bool json_is_array(struct bytes text);

/* Sets the message "FIELD: WHY" and gives back STATUS_INVALID. */
enum status json_refuse(struct error *err, const char *field, const char *why);

/* Each refuses other types, naming the field. A string lives in the value's
 * text where that is possible, else in mem; one with a NUL in it is refused. A
 * number beyond what *out can hold, or beyond 2^53, becomes the largest or
 * smallest that *out can: the rules for the field will refuse that. */
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
