/*
 * memory_test.c - the structures that tasks in memory stand in, at sizes and
 * in orders that the contract suite does not come to.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/memory/lane.h"
#include "adapters/memory/pool.h"
#include "adapters/memory/table.h"
#include "adapters/memory/timetable.h"

enum { MANY = 20000 };

static int items[MANY];

Test(lane, items_leave_from_anywhere_and_the_order_stays)
{
    struct lane lane = {0};
    for (size_t i = 0; i < MANY; i++) {
        cr_assert(lane_reserve(&lane, 1));
        lane_join(&lane, i + 1, &items[i]);
    }

    for (size_t i = 0; i < MANY; i++)
        if (i % 7 != 3)
            lane_leave(&lane, i + 1);

    cr_assert(eq(ptr, lane_first(&lane), &items[3]));
    for (size_t i = 3; i + 7 < MANY; i += 7)
        cr_assert(eq(ptr, lane_after(&lane, i + 1), &items[i + 7]));
    cr_assert(eq(sz, lane.count, (MANY + 3) / 7));
    lane_release(&lane);
}

Test(lane, a_place_whose_item_has_left_is_found)
{
    struct lane lane = {0};
    for (size_t i = 0; i < 10; i++) {
        cr_assert(lane_reserve(&lane, 1));
        lane_join(&lane, 10 * (i + 1), &items[i]);
    }

    lane_leave(&lane, 50);

    cr_assert(eq(ptr, lane_after(&lane, 49), &items[5]));
    cr_assert(eq(ptr, lane_after(&lane, 50), &items[5]));
    cr_assert(eq(ptr, lane_after(&lane, 55), &items[5]));
    cr_assert(eq(ptr, lane_after(&lane, 100), NULL));
    lane_release(&lane);
}

Test(lane, what_flows_through_does_not_make_it_grow)
{
    struct lane lane = {0};
    uint64_t number = 0;
    for (size_t i = 0; i < 100; i++) {
        cr_assert(lane_reserve(&lane, 1));
        lane_join(&lane, ++number, &items[0]);
    }

    for (size_t i = 0; i < 100000; i++) {
        lane_leave(&lane, number - 99);
        cr_assert(lane_reserve(&lane, 1));
        lane_join(&lane, ++number, &items[0]);
    }

    cr_assert(eq(sz, lane.count, 100));
    cr_assert(lane.size <= 512);
    lane_release(&lane);
}

Test(lane, an_empty_lane_has_no_items)
{
    struct lane lane = {0};

    cr_assert(eq(ptr, lane_first(&lane), NULL));
    cr_assert(eq(ptr, lane_after(&lane, 0), NULL));
}

struct named {
    uint64_t hash;
    char name[16];
};

static bool has_name(const void *item, const void *wanted)
{
    const struct named *n = item;

    return strcmp(n->name, wanted) == 0;
}

/* Many share a hash, so that probing and shifting have work. */
static struct named *make_names(uint64_t hashes)
{
    struct named *names = calloc(MANY, sizeof(*names));

    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i].name, sizeof(names[i].name), "name-%zu", i);
        names[i].hash = table_hash(bytes_of(names[i].name)) % hashes;
    }
    return names;
}

Test(table, what_was_added_is_found_until_it_is_removed)
{
    struct named *names = make_names(MANY / 4);
    struct table table = {0};
    for (size_t i = 0; i < MANY; i++) {
        cr_assert(table_reserve(&table, 1));
        table_add(&table, names[i].hash, &names[i]);
    }

    for (size_t i = 0; i < MANY; i += 2)
        table_remove(&table, names[i].hash, &names[i]);

    for (size_t i = 0; i < MANY; i++) {
        void *found =
            table_find(&table, names[i].hash, has_name, names[i].name);
        cr_assert(eq(ptr, found, i % 2 ? &names[i] : NULL));
    }
    cr_assert(eq(sz, table.count, MANY / 2));
    table_release(&table);
    free(names);
}

Test(table, an_empty_table_finds_nothing)
{
    struct table table = {0};

    cr_assert(eq(ptr, table_find(&table, 1, has_name, "x"), NULL));
}

struct dated {
    struct due due;
    struct task_id id;
};

static struct dated *make_dates(void)
{
    struct dated *dates = calloc(MANY, sizeof(*dates));

    for (size_t i = 0; i < MANY; i++)
        snprintf(dates[i].id.text, sizeof(dates[i].id.text), "%026zu", i);
    return dates;
}

/* All times come up often, in no order. */
static int64_t time_of(size_t i)
{
    return (int64_t)(i * 7919 % 1000);
}

Test(timetable, it_is_read_in_order_from_anywhere)
{
    struct dated *dates = make_dates();
    struct timetable table = {0};
    size_t n = 0;
    for (size_t i = 0; i < MANY; i++)
        timetable_enter(&table, &dates[i].due, time_of(i), &dates[i].id);

    const struct due *last = NULL;
    const struct due *due = timetable_first(&table);
    while (due) {
        cr_assert(last == NULL || due_is_before(last, due));
        last = due;
        due = timetable_after(&table, due->at_ms, due->id, false);
        n++;
    }

    cr_assert(eq(sz, n, MANY));
    free(dates);
}

Test(timetable, an_inclusive_place_is_the_item_itself)
{
    struct dated *dates = make_dates();
    struct timetable table = {0};
    for (size_t i = 0; i < 10; i++)
        timetable_enter(&table, &dates[i].due, 5, &dates[i].id);

    cr_assert(
        eq(ptr, timetable_after(&table, 5, &dates[3].id, true), &dates[3].due));
    cr_assert(eq(ptr, timetable_after(&table, 5, &dates[3].id, false),
                 &dates[4].due));
    free(dates);
}

Test(timetable, what_is_struck_is_gone_and_the_rest_stays)
{
    struct dated *dates = make_dates();
    struct timetable table = {0};
    for (size_t i = 0; i < MANY; i++)
        timetable_enter(&table, &dates[i].due, time_of(i), &dates[i].id);

    for (size_t i = 0; i < MANY; i++)
        if (i % 3)
            timetable_strike(&table, &dates[i].due);

    size_t n = 0;
    struct due *due;
    while ((due = timetable_first(&table))) {
        size_t const i = (size_t)((struct dated *)(void *)due - dates);
        cr_assert(eq(sz, i % 3, 0));
        timetable_strike(&table, due);
        n++;
    }
    cr_assert(eq(sz, n, (MANY + 2) / 3));
    cr_assert(eq(sz, table.count, 0));
    free(dates);
}

Test(timetable, two_that_are_alike_are_both_there)
{
    struct dated *dates = make_dates();
    struct timetable table = {0};
    for (size_t i = 0; i < 100; i++)
        timetable_enter(&table, &dates[i].due, 5, &dates[0].id);

    for (size_t i = 0; i < 100; i++)
        timetable_strike(&table, &dates[i * 37 % 100].due);

    cr_assert(eq(ptr, timetable_first(&table), NULL));
    free(dates);
}

/* Bytes that the pool holds, whether in use or not. */
static size_t pool_bytes(const struct pool *pool)
{
    size_t bytes = 0;

    for (size_t i = 0; i < PIECE_MAX / PIECE_STEP; i++)
        bytes += pool->shelves[i].bytes;
    return bytes;
}

/* A piece that knows its size and is full of its own number. */
static unsigned char *take_marked(struct pool *pool, size_t size, size_t number)
{
    unsigned char *piece = pool_take(pool, size);

    cr_assert(ne(ptr, piece, NULL));
    memset(piece, (int)(number % 251), size);
    return piece;
}

Test(pool, no_two_pieces_in_use_overlap)
{
    static unsigned char *pieces[MANY];
    struct pool pool = {0};
    /* some beyond PIECE_MAX, and 0: each comes and goes several times */
    for (size_t turn = 0; turn < 4; turn++) {
        for (size_t i = turn; i < MANY; i += turn + 1) {
            pool_give(pieces[i]);
            pieces[i] = take_marked(&pool, i % 1200, i);
        }
    }

    for (size_t i = 0; i < MANY; i++) {
        for (size_t at = 0; at < i % 1200; at++)
            cr_assert(eq(uint, pieces[i][at], (unsigned)(i % 251)));
        pool_give(pieces[i]);
    }
    pool_release(&pool);
}

Test(pool, what_was_given_back_is_taken_first)
{
    struct pool pool = {0};
    void *first = pool_take(&pool, 100);
    void *second = pool_take(&pool, 100);

    pool_give(first);

    cr_assert(eq(ptr, pool_take(&pool, 100), first));
    pool_give(first);
    pool_give(second);
    pool_release(&pool);
}

Test(pool, few_pieces_take_little_and_many_are_not_kept)
{
    static void *pieces[MANY];
    struct pool pool = {0};
    pieces[0] = pool_take(&pool, 500);
    cr_assert(lt(sz, pool_bytes(&pool), 4097));
    for (size_t i = 1; i < MANY; i++)
        pieces[i] = pool_take(&pool, 500);
    cr_assert(lt(sz, (size_t)MANY * 500, pool_bytes(&pool)));

    for (size_t i = 0; i < MANY; i++)
        pool_give(pieces[i]);

    cr_assert(lt(sz, pool_bytes(&pool), 65537));
    pool_release(&pool);
    cr_assert(eq(sz, pool_bytes(&pool), 0));
}

Test(pool, a_task_that_comes_and_goes_does_not_make_a_block_each_time)
{
    struct pool pool = {0};
    pool_give(pool_take(&pool, 100));
    size_t const before = pool_bytes(&pool);

    pool_give(pool_take(&pool, 100));

    cr_assert(ne(sz, before, 0));
    cr_assert(eq(sz, pool_bytes(&pool), before));
    pool_release(&pool);
}

Test(pool, what_flows_through_does_not_make_it_grow)
{
    static void *pieces[100];
    struct pool pool = {0};
    for (size_t i = 0; i < 100; i++)
        pieces[i] = pool_take(&pool, 500);
    size_t const before = pool_bytes(&pool);

    for (size_t turn = 0; turn < MANY; turn++) {
        for (size_t i = 0; i < 10; i++)
            pool_give(pieces[(turn + i) % 100]);
        for (size_t i = 0; i < 10; i++)
            pieces[(turn + i) % 100] = pool_take(&pool, 500);
    }

    cr_assert(lt(sz, pool_bytes(&pool), before + 1));
    for (size_t i = 0; i < 100; i++)
        pool_give(pieces[i]);
    pool_release(&pool);
}
