/*
 * handler.c - a handler: text.count answers how many bytes its text has.
 *
 * What is no text can't become one by trying again: it is rejected, not
 * retried. An escape such as \n would have to be undone first; a handler that
 * wants more than to count bytes takes a JSON library for that.
 */
#include <millrace.h>
#include <stdio.h>
#include <string.h>

static enum mr_outcome count(struct mr_task *task, void *context)
{
    size_t len;
    const char *payload = mr_task_payload(task, &len);
    char result[32];
    (void)context;

    if (payload[0] != '"')
        return mr_task_reject(task, "text.count: the payload is no text");
    if (memchr(payload, '\\', len))
        return mr_task_reject(task, "text.count: escapes are not understood");
    snprintf(result, sizeof(result), "%zu", len - strlen("\"\""));
    return mr_task_done(task, result);
}

static const struct mr_plugin_handler handlers[] = {
    {.type = "text.count", .run = count},
};

static const struct mr_plugin plugin = {
    .abi = MR_ABI,
    .count = 1,
    .name = "exercise",
    .handlers = handlers,
};

const struct mr_plugin *mr_plugin_register(void)
{
    return &plugin;
}
