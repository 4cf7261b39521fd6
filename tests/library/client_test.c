/*
 * client_test.c - adding tasks, looking at them, changing them.
 */
#include <stdio.h>

#include "tests/library/workplace.h"

TestSuite(client, .init = open_in_memory, .fini = close_place, .timeout = 60);

Test(client, a_spec_with_a_type_has_every_default)
{
    struct mr_task_spec const spec = {.type = "email.send"};
    struct mr_enqueued added;
    struct mr_page *page;

    FINE(mr_enqueue(client, &spec, &added, &err));

    cr_assert(not(added.is_duplicate));
    cr_assert(added.state == MR_STATE_READY);
    FINE(mr_find(client, "default", added.id, &page, &err));
    const struct mr_record *task = page->records[0];
    cr_assert(eq(str, (char *)task->id, added.id));
    cr_assert(eq(str, (char *)task->type, "email.send"));
    cr_assert(eq(str, (char *)task->payload, "null"));
    cr_assert(task->headers == NULL && task->key == NULL);
    cr_assert(task->priority == MR_PRIORITY_NORMAL);
    cr_assert(eq(i32, task->max_attempts, 10));
    cr_assert(eq(i32, task->max_crashes, 3));
    cr_assert(eq(i64, task->timeout_ms, 1800000));
    cr_assert(page->cursor == NULL);
    mr_page_free(page);
}

Test(client, what_a_spec_says_is_stored)
{
    struct mr_task_spec const spec = {
        .type = "report",
        .payload = "[1,2] and more",
        .payload_len = 5,
        .queue = "slow",
        .headers = "{\"traceparent\":\"00-1\"}",
        .key = "june",
        .delay_ms = 60000,
        .timeout_ms = MR_NONE,
        .max_attempts = 3,
        .priority = MR_PRIORITY_HIGH,
    };
    struct mr_enqueued added;
    struct mr_page *page;

    FINE(mr_enqueue(client, &spec, &added, &err));

    cr_assert(added.state == MR_STATE_SCHEDULED);
    FINE(mr_find(client, NULL, added.id, &page, &err));
    const struct mr_record *task = page->records[0];
    cr_assert(eq(str, (char *)task->queue, "slow"));
    cr_assert(eq(str, (char *)task->payload, "[1,2]"));
    cr_assert(eq(sz, task->payload_len, 5));
    cr_assert(eq(str, (char *)task->headers, "{\"traceparent\":\"00-1\"}"));
    cr_assert(eq(str, (char *)task->key, "june"));
    cr_assert(task->priority == MR_PRIORITY_HIGH);
    cr_assert(eq(i64, task->timeout_ms, 0));
    cr_assert(task->run_at_ms - task->created_at_ms == 60000);
    mr_page_free(page);
}

Test(client, an_id_or_a_key_that_is_there_answers_its_holder)
{
    struct mr_task_spec spec = {.type = "a", .key = "only"};
    struct mr_enqueued first, second, third;

    FINE(mr_enqueue(client, &spec, &first, &err));
    FINE(mr_enqueue(client, &spec, &second, &err));
    spec = (struct mr_task_spec){.type = "a", .id = first.id};
    FINE(mr_enqueue(client, &spec, &third, &err));

    cr_assert(second.is_duplicate && third.is_duplicate);
    cr_assert(eq(str, second.id, first.id));
    cr_assert(eq(str, third.id, first.id));
}

Test(client, many_are_added_at_once_beyond_one_batch)
{
    enum { MANY = 2500 };
    static struct mr_task_spec specs[MANY];
    static struct mr_enqueued added[MANY];
    struct mr_queues *queues;

    for (size_t i = 0; i < MANY; i++)
        specs[i] = (struct mr_task_spec){.type = "many"};
    FINE(mr_enqueue_many(client, specs, MANY, added, NULL, &err));

    for (size_t i = 1; i < MANY; i++)
        cr_assert(strcmp(added[i - 1].id, added[i].id) < 0);
    FINE(mr_stats(client, &queues, &err));
    cr_assert(eq(sz, queues->count, 1));
    cr_assert(eq(str, (char *)queues->queues[0]->name, "default"));
    cr_assert(eq(i64, queues->queues[0]->ready, MANY));
    mr_queues_free(queues);
}

Test(client, none_of_many_is_added_where_one_is_wrong)
{
    struct mr_task_spec const specs[] = {
        {.type = "a"}, {.type = "b"}, {.type = "not a type"}};
    struct mr_queues *queues;
    size_t culprit = 99;

    REFUSED(mr_enqueue_many(client, specs, 3, NULL, &culprit, &err),
            MR_INVALID);

    cr_assert(eq(sz, culprit, 2));
    cr_assert(eq(str, err.field, "type"));
    FINE(mr_stats(client, &queues, &err));
    cr_assert(eq(sz, queues->count, 0));
    mr_queues_free(queues);
}

Test(client, a_list_goes_on_where_its_cursor_says)
{
    struct mr_filter const filter = {.type = "wanted"};
    struct mr_page *page = NULL;
    size_t seen = 0;
    char cursor[512] = "";

    for (int i = 0; i < 5; i++)
        given(i % 2 ? "other" : "wanted");
    do {
        FINE(mr_list(client, &filter, cursor[0] ? cursor : NULL, 2, &page,
                     &err));
        for (size_t i = 0; i < page->count; i++)
            cr_assert(eq(str, (char *)page->records[i]->type, "wanted"));
        seen += page->count;
        snprintf(cursor, sizeof(cursor), "%s",
                 page->cursor ? page->cursor : "");
        mr_page_free(page);
    } while (cursor[0]);

    cr_assert(eq(sz, seen, 3));
}

Test(client, what_waits_can_be_made_ready_and_cancelled)
{
    struct mr_task_spec const spec = {.type = "later", .delay_ms = 60000};
    struct mr_enqueued added;
    FINE(mr_enqueue(client, &spec, &added, &err));

    FINE(mr_run_now(client, NULL, added.id, &err));
    cr_assert(state_of(added.id) == MR_STATE_READY);
    REFUSED(mr_run_now(client, NULL, added.id, &err), MR_WRONG_STATE);
    REFUSED(mr_requeue(client, NULL, added.id, &err), MR_WRONG_STATE);
    REFUSED(mr_delete(client, NULL, added.id, &err), MR_WRONG_STATE);

    FINE(mr_cancel(client, "default", added.id, &err));
    cr_assert(not(is_there(added.id)));
    REFUSED(mr_cancel(client, "default", added.id, &err), MR_NOT_FOUND);
}

Test(client, a_queue_is_paused_resumed_and_purged)
{
    struct mr_queues *queues;
    size_t removed = 99;
    given("a");

    FINE(mr_pause(client, "default", &err));
    FINE(mr_stats(client, &queues, &err));
    cr_assert(queues->queues[0]->is_paused);
    mr_queues_free(queues);
    FINE(mr_resume(client, "default", &err));
    FINE(mr_purge(client, "default", MR_STATE_ANY, &removed, &err));

    cr_assert(eq(sz, removed, 1));
    REFUSED(mr_resume(client, "nowhere", &err), MR_NOT_FOUND);
    REFUSED(mr_purge(client, "nowhere", MR_STATE_ANY, NULL, &err),
            MR_NOT_FOUND);
}

Test(client, a_url_is_shown_without_its_password)
{
    struct mr_client *other;

    REFUSED(mr_client_open("redis://me:secret@127.0.0.1:1/0", &other, &err),
            MR_UNAVAILABLE);
    cr_assert(strstr(err.message, "***") != NULL);
    cr_assert(strstr(err.message, "secret") == NULL);
    cr_assert(eq(str, (char *)mr_client_url(client), "memory:"));
}
