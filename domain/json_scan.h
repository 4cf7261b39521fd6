/*
 * json_scan.h - a scanner of JSON that keeps nothing but one bit a level.
 *
 * The inside of json_text.h. Values are read one after the other in a loop.
 * What encloses the current one is a stack of bits, array or object, so that
 * neither a mebibyte of brackets nor any other text can use up memory or the
 * thread's stack.
 *
 * Each step that answers false has set why, and left at where the trouble is.
 */
#ifndef DOMAIN_JSON_SCAN_H
#define DOMAIN_JSON_SCAN_H

#include <stdint.h>

#include "domain/bytes.h"
#include "domain/json_text.h"

struct scan {
    struct bytes text;
    size_t at;
    const char *why; /* what is wrong at `at` */
    bool is_blank;   /* what is wrong is that there is nothing */
    bool has_nul;    /* the string scanned last means one with a NUL */
    size_t depth;
    size_t max_depth;
    bool is_nested_too_deep;
    struct bytes culprit; /* the name that is wrong, if it is one */
    uint8_t objects[JSON_DEPTH_MAX / 8]; /* bit set: that level is an object */
};

/* Stands before the first byte of text; max_depth up to JSON_DEPTH_MAX. */
struct scan scan_of(struct bytes text, size_t max_depth);

/* Sets why; always false. */
bool scan_fail(struct scan *s, const char *why);

void scan_blanks(struct scan *s);

/* Steps over byte if it is at hand; says nothing if it is not. */
bool scan_take(struct scan *s, int byte);

/* A value with blanks before it. */
bool scan_value(struct scan *s);

bool scan_string(struct scan *s);

/* A string and the colon behind it, with blanks before, between and not
 * behind. */
bool scan_name(struct scan *s);

/* One character inside a string, decoded into *code. */
bool scan_character(struct scan *s, uint32_t *code);

#endif
