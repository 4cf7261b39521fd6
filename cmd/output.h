/*
 * output.h - what the program says: data on stdout, the rest on stderr.
 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "adapters/json/json_writer.h"
#include "cmd/command.h"

/* One line on stderr, in one write; what doesn't print is shown as '?'. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes sure that descriptors 0 to 2 are taken, so that no database is opened
 * as standard output, and that a closed pipe is an error, not a signal. */
void output_begin(void);

/* Writes out what is there; false: nobody can be told anything any more, which
 * the first time is said on stderr, unless it is for a closed pipe. */
bool output_flush(void);

/* Writes out what is left and gives back code, or CODE_FAILED in place of
 * CODE_FINE where stdout took no more. */
enum exit_code output_end(enum exit_code code);

/* Prints the object as a line and resets w. */
void output_json(struct json_writer *w);

/* Prints "N VERB", or {"VERB":N}. */
void output_count(const struct globals *globals, const char *verb, size_t n);

/* Whether stdout is a terminal that wants colour. */
bool output_is_coloured(void);

/* Prints text as one line: line ends and tabs as blanks, other control
 * characters as '?'. */
void output_text(struct bytes text);

#endif
