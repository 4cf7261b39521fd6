/*
 * plain_command.h - commands that a shell would only split into words and run.
 *
 * A shell costs as much as the program that it starts. Where the command is
 * the path of a program and plain words, the program can be run at once; what
 * can't be run so (a script without "#!", a path that is wrong), the shell is
 * there for.
 */
#ifndef ADAPTERS_PROCESS_PLAIN_COMMAND_H
#define ADAPTERS_PROCESS_PLAIN_COMMAND_H

#include <stdbool.h>

#define PLAIN_WORDS_MAX 32
#define PLAIN_SIZE 1024

struct plain_command {
    char *words[PLAIN_WORDS_MAX + 1]; /* into text; up to a NULL */
    char text[PLAIN_SIZE];
};

/* Splits command into *out. False: a shell has to read it: it is long, holds a
 * character that may mean something to a shell, or does not begin with the path
 * of a program, which a builtin or the PATH would have a say in. */
bool plain_command_split(const char *command, struct plain_command *out);

#endif
