/*
 * plugin.c - a plugin for tests: built several times, once as it should be,
 * and otherwise wrong in the way that WRONG says.
 */
#include <millrace.h>
#include <stdlib.h>

static enum mr_outcome shout(struct mr_task *task, void *context)
{
    mr_task_progress(task, "taking a breath", NULL);
    return mr_task_done(task, context);
}

static enum mr_outcome fail(struct mr_task *task, void *context)
{
    (void)context;
    return mr_task_reject(task, mr_task_payload(task, NULL));
}

/* Adds a task itself: a plugin may use all of libmillrace. */
static enum mr_outcome spread(struct mr_task *task, void *context)
{
    struct mr_task_spec const spec = {.type = "plugin.shout",
                                      .retain_ms = 3600000};
    struct mr_client *client;
    struct mr_error err;
    (void)context;

    if (mr_client_open(getenv("MILLRACE_URL"), &client, &err) != MR_OK)
        return mr_task_reject(task, err.message);
    enum mr_code const code = mr_enqueue(client, &spec, NULL, &err);
    mr_client_free(client);
    return code == MR_OK ? MR_DONE : mr_task_reject(task, err.message);
}

static char loud[] = "\"LOUD\"";

static const struct mr_plugin_handler handlers[] = {
    {"plugin.shout", shout, loud},
    {"plugin.fail", fail, NULL},
#ifdef WRONG_TYPE
    {"not a type", fail, NULL},
#endif
    {"plugin.spread", spread, NULL},
};

static const struct mr_plugin plugin = {
#ifdef WRONG_ABI
    .abi = MR_ABI + 1,
#else
    .abi = MR_ABI,
#endif
    .name = "test",
    .handlers = handlers,
    .count = sizeof(handlers) / sizeof(handlers[0]),
#ifdef WRONG_RESERVE
    .reserved = {1},
#endif
};

#ifdef WRONG_NOTHING
const struct mr_plugin *mr_plugin_register(void)
{
    return NULL;
}
#elif !defined(WRONG_NAME)
const struct mr_plugin *mr_plugin_register(void)
{
    return &plugin;
}
#else
const struct mr_plugin *other_name(void);
const struct mr_plugin *other_name(void)
{
    return &plugin;
}
#endif
