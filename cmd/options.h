/*
 * options.h - reads the command line, by argp.
 *
 * Every command takes the global options too, before and after its name. A
 * mistake is one line on stderr that names the culprit; argp's own two lines
 * and its exit from the middle of the program are switched off.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <argp.h>
#include <stdint.h>

#include "cmd/command.h"
#include "domain/error.h"

/* What a leaf adds to the global options. Its parser returns
 * ARGP_ERR_UNKNOWN for keys and words that are not its own, and what
 * option_wrong and its kin give for wrong ones. */
struct option_set {
    const struct argp_option *options; /* NULL: none */
    argp_parser_t parse;               /* NULL: takes no words either */
    const char *doc; /* for its help; after \v what follows the options */
};

/* Reads all of inv into inv->globals and input. True: go on; false: leave
 * with *code, since help was shown or a mistake reported. */
MUST_USE bool options_read(struct invocation *inv, const struct option_set *set,
                           void *input, enum exit_code *code);

/* The same for an inner node: global options, and the first word, after which
 * inv is set to what follows it. No word: "". *is_help: its help is asked. */
MUST_USE bool options_read_word(struct invocation *inv, const char **word,
                                bool *is_help, enum exit_code *code);

/* Reports "millrace: CULPRIT: why". For parsers. */
error_t option_wrong(const char *culprit, const char *why);

/* Reports that text, the value of flag, breaks rule. For parsers. */
error_t option_bad_value(const char *flag, const char *text, const char *rule);

/* Reports the text of err. For parsers. */
error_t option_error(const struct error *err);

/* Read the text of a flag. For parsers: 0, or reported. */
error_t option_duration(const char *flag, const char *text, int64_t *out_ms);
error_t option_instant(const char *flag, const char *text, int64_t *out_ms);
error_t option_int(const char *flag, const char *text, int64_t min, int64_t max,
                   int64_t *out);

/* The value of an environment variable; NULL where it is unset or empty. */
const char *environment(const char *name);

/* The list of global options, as text. */
extern const char global_options_help[];

#endif
