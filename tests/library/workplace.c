#include "tests/library/workplace.h"

struct mr_error err;
struct mr_client *client;

void open_in_memory(void)
{
    FINE(mr_client_open("memory:", &client, &err));
}

void close_place(void)
{
    mr_client_free(client);
}

const char *given(const char *type)
{
    static struct mr_enqueued added;
    struct mr_task_spec const spec = {.type = type, .retain_ms = 3600000};

    FINE(mr_enqueue(client, &spec, &added, &err));
    return added.id;
}

enum mr_state state_of(const char *id)
{
    struct mr_page *page;

    FINE(mr_find(client, NULL, id, &page, &err));
    enum mr_state const state = page->records[0]->state;
    mr_page_free(page);
    return state;
}

bool is_there(const char *id)
{
    struct mr_page *page;
    enum mr_code const code = mr_find(client, NULL, id, &page, &err);

    cr_assert(code == MR_OK || code == MR_NOT_FOUND);
    if (code == MR_OK)
        mr_page_free(page);
    return code == MR_OK;
}
