/*
 * memory_scrub_test.c - what only a bug could do to a store in memory.
 */
#include "adapters/memory/memory_key.h"
#include "adapters/memory/memory_scrub.h"
#include "tests/adapters/scrub_steps.h"

#define NOW_MS INT64_C(1700000000000)

static struct store *store;
static struct queue *queue;
static struct scrub_port scrub;
static struct task_id_source ids;

static void setup(void)
{
    store = store_new();
    queue = store_queue_made(store, BYTES("q"));
    memory_scrub_open(store, &scrub);
    scrub_port_check(scrub);
}

static void teardown(void)
{
    scrub_close(scrub);
    store_free(store);
}

TestSuite(memory_scrub, .init = setup, .fini = teardown, .timeout = 60);

static struct entry *given_an_entry(enum task_state state)
{
    struct task task = task_default();
    task.id = task_id_next(&ids, NOW_MS, 7, BYTES("q"));
    task.key = BYTES("key");

    struct entry *e = entry_new(store, &task);
    cr_assert(store_add(store, queue, e, state, NOW_MS));
    return e;
}

Test(memory_scrub, a_task_that_is_not_where_its_state_says_is_told)
{
    struct entry *e = given_an_entry(TASK_READY);

    e->state = TASK_RETRY;

    then_it_is_found(scrub, NOW_MS, "task places");
    e->state = TASK_READY;
}

Test(memory_scrub, a_key_whose_task_is_dead_is_freed)
{
    struct entry *e = given_an_entry(TASK_READY);
    cr_assert(hold_take(e, NOW_MS));

    cr_assert(store_move(store, e, TASK_DEAD, NOW_MS));

    then_it_is_found_and_fixed(scrub, NOW_MS, "keys");
    cr_assert(eq(ptr, e->hold, NULL));
}

Test(memory_scrub, all_slots_are_walked)
{
    for (int i = 0; i < 3000; i++)
        given_an_entry(TASK_DEAD)->state = TASK_READY;

    cr_assert(eq(sz, walk(scrub, NOW_MS, "task places", false), 3000));

    for (size_t i = 0; i < queue->ids.size; i++)
        if (queue->ids.slots[i].item)
            ((struct entry *)queue->ids.slots[i].item)->state = TASK_DEAD;
}
