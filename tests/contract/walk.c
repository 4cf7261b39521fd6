#include "tests/contract/walk.h"

#include <string.h>

struct arena page_room(void)
{
    static char room[2 * PAYLOAD_MAX];

    return (struct arena){.base = room, .size = sizeof(room)};
}

static void then_is_cursor(struct fixture *f, const struct cursor *cursor)
{
    size_t const len = strnlen(cursor->text, CURSOR_SIZE);

    THEN(len < CURSOR_SIZE);
    for (size_t i = 0; i < len; i++) {
        THEN(cursor->text[i] > ' ');
        THEN(cursor->text[i] < 127);
    }
}

const struct walk *walk(struct fixture *f, struct task_filter filter,
                        size_t max)
{
    static struct walk w;
    struct list_request req = {
        .filter = filter, .max = max, .now_ms = f->now_ms};
    struct task_page page;

    w.count = w.pages = 0;
    do {
        struct arena mem = page_room();
        THEN(eq(int, admin_list(f->admin, &req, &mem, &page, &f->err),
                STATUS_OK));
        THEN(page.count <= max);
        THEN(w.count + page.count <= 8000);
        for (size_t i = 0; i < page.count; i++) {
            w.ids[w.count] = page.records[i].task.id;
            w.states[w.count++] = page.records[i].state;
        }
        then_is_cursor(f, &page.next);
        w.pages++;
        THEN(w.pages < 10000);
        req.cursor = page.next;
    } while (page.next.text[0] != '\0');
    return &w;
}

struct task_filter any_of(const char *queue)
{
    return (struct task_filter){.queue = bytes_of(queue)};
}

struct task_filter in_state(enum task_state state)
{
    return (struct task_filter){.has_state = true, .state = state};
}

void then_walk_is(struct fixture *f, const struct walk *w,
                  const struct task_id *ids, size_t n)
{
    THEN(eq(sz, w->count, n));
    for (size_t i = 0; i < n; i++)
        THEN(IS_ID(w->ids[i], ids[i]));
}
