/*
 * main.c - the millrace program: finds the command and runs it.
 */
#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"

#define PATH_SIZE 128
#define HELP_WORDS_MAX 8
#define TOP_PAD (1024 * 1024)

static const struct command task_commands[] = {
    {"show", "ID", "show one task", NULL, command_task_show},
    {"list", "", "list tasks", NULL, command_task_list},
    {"cancel", "ID...", "remove tasks that wait", NULL, command_task_cancel},
    {"run", "ID...", "make scheduled or retrying tasks ready now", NULL,
     command_task_run},
    {0},
};

static const struct command queue_commands[] = {
    {"list", "", "list the queues", NULL, command_queue_list},
    {"pause", "QUEUE", "hand out nothing from a queue", NULL,
     command_queue_pause},
    {"resume", "QUEUE", "hand out again", NULL, command_queue_resume},
    {"purge", "QUEUE", "remove tasks of a queue", NULL, command_queue_purge},
    {0},
};

static const struct command dlq_commands[] = {
    {"list", "", "list dead tasks", NULL, command_dlq_list},
    {"show", "ID", "show one dead task", NULL, command_dlq_show},
    {"requeue", "[ID...]", "make dead tasks ready again", NULL,
     command_dlq_requeue},
    {"delete", "[ID...]", "remove dead tasks", NULL, command_dlq_delete},
    {"purge", "", "remove all dead tasks that match", NULL, command_dlq_purge},
    {0},
};

static const struct command commands[] = {
    {"enqueue", "TYPE [JSON|-]\n--batch [FILE|-]", "add a task, or many", NULL,
     command_enqueue},
    {"worker", "", "run tasks until told to stop", NULL, command_worker},
    {"task", "COMMAND ...", "inspect, cancel or run tasks", task_commands,
     NULL},
    {"queue", "COMMAND ...", "list, pause, resume or purge queues",
     queue_commands, NULL},
    {"dlq", "COMMAND ...", "look after the dead-letter queue", dlq_commands,
     NULL},
    {"stats", "", "show how the queues are doing", NULL, command_stats},
    {"workers", "", "show the live workers", NULL, command_workers},
#ifdef MILLRACE_HAVE_HTTP
    {"serve", "", "serve the HTTP API and the dashboard", NULL, command_serve},
#endif
    {"demo", "", "show the whole story in some seconds", NULL, command_demo},
    {"doctor", "", "check the backend and its settings", NULL, command_doctor},
    {"bench", "", "measure how fast the backend is", NULL, command_bench},
    {"sim", "", "simulate faults in virtual time", NULL, command_sim},
    {0},
};

static const struct command root = {"millrace", "COMMAND ...",
                                    "a background job queue", commands, NULL};

static void print_help(const struct command *node, const char *path)
{
    printf("Usage: %s [--url URL] [--json] %s\n%s: %s.\n\nCommands:\n", path,
           node->args, path, node->summary);
    for (const struct command *c = node->children; c->name; c++)
        printf("  %-10s  %s\n", c->name, c->summary);
    if (node == &root)
        printf("  %-10s  %s\n", "help", "show help, also for one command");
    printf("\nOptions, before or after the command:\n%s", global_options_help);
    printf("\n'%s help%s COMMAND' tells more about a command.\n", root.name,
           path + strlen(root.name));
}

static enum exit_code run(const struct command *node, struct invocation *inv);

/* "help task list" is "task list --help". */
static enum exit_code run_help(struct invocation *inv)
{
    char help[] = "--help";
    char *words[HELP_WORDS_MAX + 3];
    int n = 0;

    if (inv->argc > HELP_WORDS_MAX) {
        complain("millrace: help: too many words");
        return CODE_USAGE;
    }
    for (; n < inv->argc; n++)
        words[n] = inv->argv[n];
    words[n++] = help;
    words[n] = NULL;

    struct invocation asked = {root.name, root.args, n, words, inv->globals};
    return run(&root, &asked);
}

static const struct command *find(const struct command *node, const char *name)
{
    for (const struct command *c = node->children; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static enum exit_code run_node(const struct command *node,
                               struct invocation *inv)
{
    char path[PATH_SIZE];
    const char *word;
    bool is_help;
    enum exit_code code;

    if (!options_read_word(inv, &word, &is_help, &code))
        return code;
    if (is_help && !*word) {
        print_help(node, inv->path);
        return CODE_FINE;
    }
    if (!*word) {
        complain("millrace: which command? See '%s --help'", inv->path);
        return CODE_USAGE;
    }
    if (node == &root && strcmp(word, "help") == 0)
        return run_help(inv);

    const struct command *child = find(node, word);
    if (!child) {
        complain("millrace: no such command: '%s %s'; see '%s --help'",
                 inv->path, word, inv->path);
        return CODE_USAGE;
    }
    snprintf(path, sizeof(path), "%s %s", inv->path, child->name);
    inv->path = path;
    inv->args = child->args;
    return run(child, inv);
}

static enum exit_code run(const struct command *node, struct invocation *inv)
{
    if (node->children)
        return run_node(node, inv);
    assert(node->run);
    return node->run(inv);
}

int main(int argc, char **argv)
{
    char *no_words[] = {NULL, NULL};
    struct invocation inv = {root.name, root.args, argc, argv, {0}};

    if (argc < 1) {
        inv.argc = 1;
        inv.argv = no_words;
    }
    output_begin();
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, TOP_PAD);
    return (int)output_end(run(&root, &inv));
}
