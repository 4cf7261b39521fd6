/*
 * redis_reply.h - answers of a Redis server, made from text.
 *
 * For the fuzzer: a line is a part of the answer, and its first character says
 * which:
 *
 *   [   an array begins          =TEXT   a string
 *   ]   it ends                  #N      an integer
 *                                anything else is nil
 *
 * The library's own reader is not what is tested here.
 */
#ifndef TESTS_FUZZ_REDIS_REPLY_H
#define TESTS_FUZZ_REDIS_REPLY_H

#include <hiredis/hiredis.h>

#include "domain/bytes.h"

/* The first part of lines; nil if there is none. */
redisReply *redis_reply_read(struct bytes lines);

void redis_reply_free(redisReply *reply);

#endif
