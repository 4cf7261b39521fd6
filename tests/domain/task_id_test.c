/*
 * task_id_test.c - ids sort by time, grow strictly, and know their queue.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "domain/limits.h"
#include "domain/task_id.h"
#include "tests/random.h"
#include "tests/table.h"

#define NOW INT64_C(1790000000000)

static const struct bytes queue = {"emails", 6};

/* The 64 random bits of an id: bytes 6 to 13. */
static uint64_t random_of(const struct task_id *id)
{
    uint8_t bytes[TASK_ID_BYTES];
    uint64_t random = 0;

    task_id_pack(id, bytes);
    for (int i = 6; i < 14; i++)
        random = random << 8 | bytes[i];
    return random;
}

Test(task_id, a_fresh_source_makes_the_ids_of_the_table)
{
    struct table t = table_read("ulids.tsv", 4);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        struct task_id_source source = {0};

        struct task_id const id =
            task_id_next(&source, atoll(cell[1]), strtoull(cell[2], NULL, 10),
                         bytes_of(cell[0]));

        cr_assert(eq(str, (char *)id.text, (char *)cell[3]));
        cr_assert(eq(i64, task_id_time_ms(&id), atoll(cell[1])));
        cr_assert(task_id_matches(&id, bytes_of(cell[0])));
    }
    table_release(&t);
}

Test(task_id, ids_grow_strictly_whatever_the_clock_does)
{
    struct random_source random = random_seeded(5);
    struct task_id_source source = {0};
    struct task_id last = {""};
    int64_t now = 0;

    for (int i = 0; i < 50000; i++) {
        now += (int64_t)(random_next(&random) % 5) - 2;
        now = now < 0 ? 0 : now;
        uint64_t const bits = random_next(&random) % 3 == 0
                                  ? UINT64_MAX - random_next(&random) % 3
                                  : random_next(&random);
        struct task_id const id = task_id_next(&source, now, bits, queue);

        cr_assert(lt(int, strcmp(last.text, id.text), 0), "%s, then %s",
                  last.text, id.text);
        last = id;
    }
}

Test(task_id, in_one_millisecond_the_random_part_counts_up)
{
    struct task_id_source source = {0};
    struct task_id const first = task_id_next(&source, NOW, 100, queue);
    struct task_id const same = task_id_next(&source, NOW, 7, queue);
    struct task_id const earlier = task_id_next(&source, NOW - 9, 7, queue);
    struct task_id const later = task_id_next(&source, NOW + 1, 7, queue);

    cr_assert(eq(u64, random_of(&first), 100));
    cr_assert(eq(u64, random_of(&same), 101));
    cr_assert(eq(u64, random_of(&earlier), 102));
    cr_assert(eq(i64, task_id_time_ms(&earlier), NOW));
    cr_assert(eq(u64, random_of(&later), 7));
    cr_assert(eq(i64, task_id_time_ms(&later), NOW + 1));
}

Test(task_id, a_random_part_that_is_full_moves_on_to_the_next_millisecond)
{
    struct task_id_source source = {0};
    (void)task_id_next(&source, NOW, UINT64_MAX, queue);

    struct task_id const id = task_id_next(&source, NOW, 7, queue);

    cr_assert(eq(i64, task_id_time_ms(&id), NOW + 1));
    cr_assert(eq(u64, random_of(&id), 7));
}

Test(task_id, fresh_sources_differ_also_when_the_clock_begins_at_zero)
{
    struct task_id_source one = {0};
    struct task_id_source other = {0};
    struct task_id const a = task_id_next(&one, 0, 1000, queue);
    struct task_id const b = task_id_next(&other, 0, 2000, queue);

    cr_assert(ne(str, (char *)a.text, (char *)b.text));
}

Test(task_id, the_queue_is_known_and_few_others_match)
{
    struct random_source random = random_seeded(6);
    struct task_id_source source = {0};
    int matches = 0;

    for (int i = 0; i < 65536; i++) {
        struct task_id const id =
            task_id_next(&source, NOW + i, random_next(&random), queue);
        cr_assert(task_id_matches(&id, queue));
        matches += task_id_matches(&id, BYTES("email"));
    }
    cr_assert(lt(int, matches, 8), "%d of 65536", matches);
}

Test(task_id, lower_case_reads_as_upper_case)
{
    struct task_id id;

    cr_assert(task_id_parse(BYTES("01arz3ndektsv4rrffq69g5fav"), &id));

    cr_assert(eq(str, id.text, "01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    cr_assert(eq(i64, task_id_time_ms(&id), 1469922850259));
}

Test(task_id, the_first_and_the_last_ulid_read)
{
    struct task_id id;

    cr_assert(task_id_parse(BYTES("00000000000000000000000000"), &id));
    cr_assert(eq(i64, task_id_time_ms(&id), 0));
    cr_assert(task_id_parse(BYTES("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), &id));
    cr_assert(eq(i64, task_id_time_ms(&id), (INT64_C(1) << 48) - 1));
}

Test(task_id, what_is_no_ulid_is_refused)
{
    struct bytes const bad[] = {
        BYTES(""),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FA"),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAVV"),
        BYTES("81ARZ3NDEKTSV4RRFFQ69G5FAV"),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAI"),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAL"),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAO"),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAU"),
        BYTES("01ARZ3NDEKTSV4RRFFQ69G5FA\0"),
        BYTES("\0001ARZ3NDEKTSV4RRFFQ69G5FAV"),
        BYTES("01ARZ3NDEK-SV4RRFFQ69G5FAV"),
        BYTES("01ARZ3NDEK\xC3\xA9V4RRFFQ69G5FAV"),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct task_id id = {"before"};
        cr_assert(not(task_id_parse(bad[i], &id)), "%s", bad[i].at);
        cr_assert(eq(str, id.text, "before"));
    }
}

Test(task_id, packed_ids_sort_alike_and_unpack)
{
    struct random_source random = random_seeded(7);
    struct task_id last = {"00000000000000000000000000"};

    for (int i = 0; i < 10000; i++) {
        uint8_t bytes[TASK_ID_BYTES];
        uint8_t back[TASK_ID_BYTES];
        uint8_t last_bytes[TASK_ID_BYTES];
        for (size_t k = 0; k < sizeof(bytes); k++)
            bytes[k] = (uint8_t)random_next(&random);

        struct task_id const id = task_id_unpack(bytes);
        struct task_id read;
        task_id_pack(&id, back);
        task_id_pack(&last, last_bytes);

        cr_assert(eq(int, memcmp(bytes, back, sizeof(bytes)), 0));
        cr_assert(task_id_parse(bytes_of(id.text), &read), "%s", id.text);
        cr_assert(eq(int, strcmp(last.text, id.text) < 0,
                     memcmp(last_bytes, bytes, sizeof(bytes)) < 0));
        last = id;
    }
}
