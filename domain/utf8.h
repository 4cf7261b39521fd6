/*
 * utf8.h - is this UTF-8, and how far does a character reach?
 *
 * Strict: no overlong forms, no surrogates, nothing beyond U+10FFFF
 * (Unicode 15.0, table 3-7).
 */
#ifndef DOMAIN_UTF8_H
#define DOMAIN_UTF8_H

#include <stdint.h>

#include "domain/bytes.h"

/* Reads the character that b starts with into *code and returns how many
 * bytes it takes, 1 to 4; 0 if b is empty or starts with none. */
size_t utf8_read(struct bytes b, uint32_t *code);

/* Whether b is all characters, and none of them a control character (C0, DEL,
 * C1). */
bool utf8_is_printable(struct bytes b);

#endif
