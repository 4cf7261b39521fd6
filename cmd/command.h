/*
 * command.h - what a subcommand of the millrace program is.
 *
 * Commands form a tree: an inner node (millrace, millrace task) only has
 * children, a leaf runs. Each leaf is a function of one file of its name.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

/* The exit status of the program. */
enum exit_code {
    CODE_FINE = 0,
    CODE_FAILED = 1,  /* the work failed */
    CODE_USAGE = 2,   /* wrong usage */
    CODE_BACKEND = 3, /* backend not usable */
    CODE_UNKNOWN = 4, /* no such task or queue */
};

/* The options that every command takes. */
struct globals {
    const char *url; /* NULL: not given */
    bool is_json;
};

/* One command about to run. */
struct invocation {
    const char *path; /* "millrace task list" */
    const char *args; /* "[OPTION...] ID", for its help */
    int argc;
    char **argv; /* argv[0] is not looked at */
    struct globals globals;
};

struct command {
    const char *name;
    const char *args;
    const char *summary;
    const struct command *children; /* up to one without a name; NULL: leaf */
    enum exit_code (*run)(struct invocation *inv); /* of a leaf */
};

enum exit_code command_enqueue(struct invocation *inv);
enum exit_code command_worker(struct invocation *inv);
enum exit_code command_task_show(struct invocation *inv);
enum exit_code command_task_list(struct invocation *inv);
enum exit_code command_task_cancel(struct invocation *inv);
enum exit_code command_task_run(struct invocation *inv);
enum exit_code command_queue_list(struct invocation *inv);
enum exit_code command_queue_pause(struct invocation *inv);
enum exit_code command_queue_resume(struct invocation *inv);
enum exit_code command_queue_purge(struct invocation *inv);
enum exit_code command_dlq_list(struct invocation *inv);
enum exit_code command_dlq_show(struct invocation *inv);
enum exit_code command_dlq_requeue(struct invocation *inv);
enum exit_code command_dlq_delete(struct invocation *inv);
enum exit_code command_dlq_purge(struct invocation *inv);
enum exit_code command_stats(struct invocation *inv);
enum exit_code command_workers(struct invocation *inv);
enum exit_code command_doctor(struct invocation *inv);
enum exit_code command_serve(struct invocation *inv);
enum exit_code command_demo(struct invocation *inv);
enum exit_code command_bench(struct invocation *inv);
enum exit_code command_sim(struct invocation *inv);

#endif
