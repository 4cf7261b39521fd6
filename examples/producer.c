/*
 * producer.c - adds tasks: one by one, and many at once.
 *
 *     cc producer.c $(pkg-config --cflags --libs millrace) -o producer
 *     ./producer anna@example.org bert@example.org
 *
 * The queue is where MILLRACE_URL says.
 */
#include <millrace.h>
#include <stdio.h>

static int failed(const struct mr_error *err)
{
    fprintf(stderr, "producer: %s (%s)\n", err->message,
            mr_code_name(err->code));
    return 1;
}

int main(int argc, char **argv)
{
    struct mr_client *client;
    struct mr_error err;

    if (mr_client_open(NULL, &client, &err) != MR_OK)
        return failed(&err);

    for (int i = 1; i < argc; i++) {
        char payload[512];
        struct mr_enqueued added;
        snprintf(payload, sizeof(payload), "{\"to\":\"%s\"}", argv[i]);
        /* The key sees to it that nobody is welcomed twice at a time. */
        struct mr_task_spec const welcome = {
            .type = "email.welcome",
            .queue = "mail",
            .payload = payload,
            .key = argv[i],
            .max_attempts = 5,
        };
        if (mr_enqueue(client, &welcome, &added, &err) != MR_OK)
            return failed(&err);
        printf("%s%s\n", added.id, added.is_duplicate ? " (there before)" : "");
    }

    /* All or none, in one trip to the backend. */
    struct mr_task_spec const chores[] = {
        {.type = "chore.sweep", .priority = MR_PRIORITY_LOW},
        {.type = "chore.water", .delay_ms = 2000, .expires_ms = 60000},
    };
    if (mr_enqueue_many(client, chores, 2, NULL, NULL, &err) != MR_OK)
        return failed(&err);

    mr_client_free(client);
    return 0;
}
