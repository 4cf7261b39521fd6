/*
 * arguments.h - what several commands read from their words, and the ways
 * they name tasks.
 */
#ifndef CMD_ARGUMENTS_H
#define CMD_ARGUMENTS_H

#include "cmd/options.h"
#include "domain/arena.h"
#include "domain/task.h"
#include "usecase/admin_port.h"

#define IDS_MAX BATCH_MAX
#define REASON_WIDTH 12

/* The ids of a command line. */
struct id_list {
    struct task_id ids[IDS_MAX];
    size_t count;
};

/* Adds a word; for parsers. */
error_t argument_add_id(const char *word, struct id_list *list);

/* Parsers of commands whose words are one id, or one or more, and that have
 * no options of their own; their input is a struct id_list. */
error_t parse_one_id(int key, char *arg, struct argp_state *state);
error_t parse_ids(int key, char *arg, struct argp_state *state);

/* What to exit with after several tasks: a fault before an unknown id before
 * a refusal. */
enum exit_code worse_code(enum exit_code a, enum exit_code b);

/* The values of the flags of a filter; for parsers. */
error_t argument_queue(const char *word, struct bytes *out);
error_t argument_type(const char *word, struct bytes *out);
error_t argument_state(const char *word, enum task_state *out);
error_t argument_reason(const char *word, enum reason *out);

/* Room for a page of records, or for one of the largest. */
MUST_USE enum status record_room_open(struct arena *out, struct error *err);
void record_room_close(struct arena *mem);

#endif
