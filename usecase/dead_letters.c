#include "usecase/dead_letters.h"

#define PAGE 100

static enum status change_page(struct admin_port admin, int64_t now_ms,
                               const struct dead_letter_run *run,
                               const struct task_page *page, size_t *changed,
                               struct error *err)
{
    struct task_ref refs[PAGE];
    enum status results[PAGE];
    struct task_id holders[PAGE];
    enum status st;

    for (size_t i = 0; i < page->count; i++)
        refs[i] = (struct task_ref){.queue = page->records[i].task.queue,
                                    .id = page->records[i].task.id};
    if (run->action == DEAD_LETTER_REQUEUE)
        st = admin_requeue(admin, now_ms, refs, page->count, results, holders,
                           err);
    else
        st = admin_remove(admin, now_ms, STATE_SET(TASK_DEAD), refs,
                          page->count, results, err);
    if (st < 0)
        return st;

    for (size_t i = 0; i < page->count; i++) {
        if (results[i] == STATUS_OK)
            ++*changed;
        else if (results[i] == STATUS_KEY_HELD && run->refused)
            run->refused(run->context, &page->records[i], results[i],
                         &holders[i]);
    }
    return STATUS_OK;
}

enum status dead_letters_run(struct admin_port admin, struct clock_port clock,
                             const struct dead_letter_run *run,
                             struct arena *mem, size_t *changed,
                             struct error *err)
{
    int64_t const now_ms = clock_now_ms(clock);
    struct list_request req = {
        .filter = run->filter, .max = PAGE, .now_ms = now_ms};
    struct task_page page;

    /* What dies again while this runs is not picked up again. */
    if (req.filter.before_ms == 0 || req.filter.before_ms > now_ms)
        req.filter.before_ms = now_ms + 1;
    req.filter.has_state = true;
    req.filter.state = TASK_DEAD;
    *changed = 0;

    do {
        arena_reset(mem);
        enum status st = admin_list(admin, &req, mem, &page, err);
        if (st < 0)
            return st;
        if (page.count > 0)
            st = change_page(admin, now_ms, run, &page, changed, err);
        if (st < 0)
            return st;
        req.cursor = page.next;
    } while (req.cursor.text[0] != '\0');
    return STATUS_OK;
}
