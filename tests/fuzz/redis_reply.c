#include "tests/fuzz/redis_reply.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 6
#define ELEMENTS_MAX 32

static void *must_alloc(size_t size)
{
    void *made = calloc(1, size);

    assert(made);
    return made;
}

static int64_t number_of(struct bytes digits)
{
    uint64_t n = 0;
    bool const is_negative = digits.len > 0 && digits.at[0] == '-';

    for (size_t i = is_negative ? 1 : 0; i < digits.len; i++)
        n = n * 10 + (uint64_t)(unsigned char)digits.at[i] - '0';
    return (int64_t)(is_negative ? (uint64_t)0 - n : n);
}

static redisReply *read_part(struct bytes *lines, int depth);

static void read_array(struct bytes *lines, int depth, redisReply *array)
{
    array->type = REDIS_REPLY_ARRAY;
    array->element = must_alloc(ELEMENTS_MAX * sizeof(redisReply *));
    while (lines->len > 0 && array->elements < ELEMENTS_MAX) {
        if (lines->at[0] == ']') {
            input_line(lines);
            return;
        }
        array->element[array->elements++] = read_part(lines, depth + 1);
    }
}

static redisReply *read_part(struct bytes *lines, int depth)
{
    redisReply *part = must_alloc(sizeof(*part));
    struct bytes line = input_line(lines);
    uint8_t const kind = input_byte(&line);

    part->type = REDIS_REPLY_NIL;
    if (kind == '[' && depth < DEPTH_MAX) {
        read_array(lines, depth, part);
    } else if (kind == '=') {
        part->type = REDIS_REPLY_STRING;
        part->len = line.len;
        part->str = must_alloc(line.len + 1);
        if (line.len > 0)
            memcpy(part->str, line.at, line.len);
    } else if (kind == '#') {
        part->type = REDIS_REPLY_INTEGER;
        part->integer = number_of(line);
    }
    return part;
}

redisReply *redis_reply_read(struct bytes lines)
{
    return read_part(&lines, 0);
}

void redis_reply_free(redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++)
        redis_reply_free(reply->element[i]);
    free(reply->element);
    free(reply->str);
    free(reply);
}
