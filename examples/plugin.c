/*
 * plugin.c - handlers in C for the millrace program.
 *
 *     cc -shared -fPIC plugin.c $(pkg-config --cflags millrace) -o plugin.so
 *     millrace worker --plugin ./plugin.so
 *
 * It is not linked with libmillrace: the program brings it.
 */
#include <ctype.h>
#include <millrace.h>
#include <string.h>

static enum mr_outcome shout(struct mr_task *task, void *context)
{
    size_t len;
    const char *payload = mr_task_payload(task, &len);
    char loud[256];
    (void)context;

    if (len >= sizeof(loud) || payload[0] != '"' || strchr(payload, '\\'))
        return mr_task_reject(task, "wants a short text");
    for (size_t i = 0; i <= len; i++)
        loud[i] = (char)toupper((unsigned char)payload[i]);
    return mr_task_done(task, loud);
}

static const struct mr_plugin_handler handlers[] = {
    {"text.shout", shout, NULL},
};

static const struct mr_plugin plugin = {
    .abi = MR_ABI,
    .name = "text",
    .handlers = handlers,
    .count = 1,
};

const struct mr_plugin *mr_plugin_register(void)
{
    return &plugin;
}
