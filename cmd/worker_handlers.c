/*
 * worker_handlers.c - the handlers that a worker is asked to have: commands,
 * plugins, and those of the demo.
 */
#include <stdlib.h>

#include "cmd/worker.h"

static enum status add_commands(const struct worker_options *wanted,
                                struct worker_handlers *out, struct error *err)
{
    enum status const st =
        wanted->exec_count > 0 ? exec_host_open(&out->host, err) : STATUS_OK;
    if (st < 0)
        return st;

    for (size_t i = 0; i < wanted->exec_count; i++) {
        out->commands[i] = (struct exec_command){
            .host = out->host, .command = wanted->execs[i].command};
        out->table[out->count++] =
            (struct handler){.type = wanted->execs[i].type,
                             .run = exec_handler_run,
                             .context = &out->commands[i]};
    }
    return STATUS_OK;
}

static void log_progress(const struct mr_event *event, void *context)
{
    struct log_field const fields[] = {
        log_text("task", bytes_of(event->id)),
        log_text("queue", bytes_of(event->queue)),
        log_text("type", bytes_of(event->type)),
        log_number("attempt", event->attempt),
        log_text("progress", bytes_of(event->text)),
    };

    log_write(context, LEVEL_INFO, "task progress", fields, 5);
}

static bool has_type(const struct worker_handlers *handlers, const char *type)
{
    for (size_t i = 0; i < handlers->count; i++)
        if (strcmp(handlers->table[i].type, type) == 0)
            return true;
    return false;
}

/* Loads the plugins into a registry of their own and takes over its table. */
static enum status add_plugins(const struct worker_options *wanted,
                               struct worker_handlers *out, struct error *err)
{
    struct registry *r = calloc(1, sizeof(*r));
    bool ignored;

    if (!r)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for plugins");
    out->plugins = r;
    r->observer = &out->observer;
    for (size_t i = 0; i < wanted->plugin_count; i++) {
        enum status const st =
            registry_load(r, wanted->plugins[i], &ignored, err);
        if (st < 0)
            return st;
    }
    for (size_t i = 0; i < r->count; i++) {
        if (has_type(out, r->table[i].type))
            return error_bad_text(err, "--plugin", "type",
                                  bytes_of(r->table[i].type),
                                  "has an --exec already");
        out->table[out->count++] = r->table[i];
    }
    return STATUS_OK;
}

enum status worker_handlers_open(const struct worker_options *wanted,
                                 const struct log *log,
                                 struct worker_handlers *out, struct error *err)
{
    out->count = 0;
    out->host = NULL;
    out->plugins = NULL;
    /* log_progress gives it back as what it is. */
    observer_init(&out->observer, log_progress, (void *)(uintptr_t)log);

    enum status st = add_commands(wanted, out, err);
    if (st == STATUS_OK && wanted->plugin_count > 0)
        st = add_plugins(wanted, out, err);
    for (size_t i = 0; st == STATUS_OK && wanted->is_demo && i < DEMO_HANDLERS;
         i++)
        out->table[out->count++] = demo_handlers[i];
    return st;
}

void worker_handlers_close(struct worker_handlers *handlers)
{
    if (handlers->host)
        exec_host_close(handlers->host);
    free(handlers->plugins);
    observer_release(&handlers->observer);
    handlers->host = NULL;
    handlers->plugins = NULL;
}
