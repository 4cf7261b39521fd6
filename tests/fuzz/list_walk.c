#include "tests/fuzz/list_walk.h"

#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1800000000000)
#define TASKS 12

static struct new_task make_task(struct task_id_source *ids, size_t i)
{
    struct new_task new = {.task = task_default(), .is_id_new = true};
    struct task *task = &new.task;

    task->queue = i % 2 ? BYTES("mail") : BYTES("a.b");
    task->type = BYTES("echo");
    task->payload = BYTES("{}");
    task->priority = (enum priority)(i % PRIORITIES);
    task->created_at_ms = NOW_MS;
    task->run_at_ms = NOW_MS + (i < TASKS / 2 ? 0 : (int64_t)i);
    task->id = task_id_next(ids, NOW_MS, i, task->queue);
    return new;
}

static void lease_some(const struct list_walk *w)
{
    static char room[64 * 1024];
    struct arena mem = {.base = room, .size = sizeof(room)};
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    struct lease_request const req = {
        .plan = &plan,
        .max = 2,
        .lease_ms = 1000,
        .worker = "w",
        .now_ms = NOW_MS,
        .wake = WAKE_NEVER,
    };
    struct lease leases[2];
    struct error err;
    size_t count;

    assert(queue_lease(w->queue, &req, &mem, leases, &count, &err) ==
           STATUS_OK);
}

void list_walk_init(struct list_walk *w, struct backend_port backend)
{
    struct task_id_source ids = {0};
    struct new_task tasks[TASKS];
    struct enqueued results[TASKS];
    struct error err;

    w->backend = backend;
    assert(backend.ops->open_queue(backend.self, &w->queue, &err) == STATUS_OK);
    assert(backend.ops->open_admin(backend.self, &w->admin, &err) == STATUS_OK);
    for (size_t i = 0; i < TASKS; i++)
        tasks[i] = make_task(&ids, i);
    assert(queue_enqueue(w->queue, NOW_MS, tasks, TASKS, results, &err) ==
           STATUS_OK);
    lease_some(w);
}

void list_walk_hold(const struct list_walk *w, struct bytes input)
{
    static char room[64 * 1024];
    struct list_request req = {.now_ms = NOW_MS};
    size_t seen = 0;

    req.max = 1 + input_byte(&input) % 4;
    for (size_t i = 0; i < input.len && i < CURSOR_SIZE - 1; i++)
        req.cursor.text[i] = input.at[i];
    for (int pages = 0;; pages++) {
        struct arena mem = {.base = room, .size = sizeof(room)};
        struct task_page page;
        struct error err;

        enum status const st = admin_list(w->admin, &req, &mem, &page, &err);
        if (st != STATUS_OK) {
            assert(pages == 0 && st == STATUS_INVALID);
            assert(strcmp(err.field, "cursor") == 0);
            return;
        }
        assert(page.count <= req.max);
        for (size_t i = 0; i < page.count; i++)
            assert(task_is_valid(&page.records[i].task));
        seen += page.count;
        assert(seen <= TASKS && pages <= TASKS);
        if (page.next.text[0] == '\0')
            return;
        req.cursor = page.next;
    }
}
