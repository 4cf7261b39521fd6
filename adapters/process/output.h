/*
 * output.h - what a command has written, made fit to be kept.
 *
 * A command writes any bytes; results and errors are UTF-8 without NUL. What
 * is none becomes U+FFFD.
 */
#ifndef ADAPTERS_PROCESS_OUTPUT_H
#define ADAPTERS_PROCESS_OUTPUT_H

#include "domain/arena.h"
#include "domain/limits.h"

/* Keeps the start of a stream: one byte more than a result may have, for the
 * newline that does not count. */
struct output_head {
    char *at; /* [OUTPUT_HEAD_SIZE] */
    size_t len;
    bool is_cut; /* more came */
};
#define OUTPUT_HEAD_SIZE (RESULT_MAX + 1)

/* Keeps the end of a stream. */
struct output_tail {
    char *at; /* [OUTPUT_TAIL_SIZE] */
    size_t len;
};
#define OUTPUT_TAIL_SIZE (2 * ERROR_TAIL_MAX)

/* Read from fd what is there now; false: the stream has ended. */
bool output_read_head(struct output_head *head, int fd);
bool output_read_tail(struct output_tail *tail, int fd);

/* The result, one trailing newline off: as it is if it is JSON, else as a JSON
 * string. What is too long for a result is a string of its first RESULT_MAX
 * bytes: the command has succeeded, whatever it prints. Absent if there is
 * nothing. */
struct bytes output_result(const struct output_head *head, struct arena *mem);

/* The last ERROR_TAIL_MAX bytes, blanks around them off. */
struct bytes output_error(const struct output_tail *tail, struct arena *mem);

#endif
