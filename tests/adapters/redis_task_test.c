/*
 * The written form of a task: what goes in comes out, and what is no task is
 * told apart from one, byte by byte.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_task.h"

#define NOW_MS INT64_C(1700000000000)
#define QUEUE BYTES("q")
#define THEN_BYTES(actual, expected)                                           \
    cr_expect(bytes_equal((actual), (expected)), "%.*s", (int)(actual).len,    \
              (actual).at ? (actual).at : "")

static struct error err;

static struct redis_task a_plain_task(void)
{
    struct task_id_source ids = {0};
    struct redis_task t = {.task = task_default()};

    t.task.queue = QUEUE;
    t.task.id = task_id_next(&ids, NOW_MS, 5, QUEUE);
    t.task.type = BYTES("mail");
    t.task.payload = BYTES("{\"a\":1}");
    t.task.created_at_ms = NOW_MS;
    t.task.run_at_ms = NOW_MS;
    return t;
}

/* Nothing at its default; texts that look like items. */
static struct redis_task a_full_task(void)
{
    struct redis_task t = a_plain_task();

    t.task.headers = BYTES("{\"pri\":\" pri=0\"}");
    t.task.key = BYTES("k=1 ptr=1 2:x");
    t.task.priority = PRIORITY_LOW;
    t.task.backoff = (struct backoff){BACKOFF_LINEAR, JITTER_NONE, 1500, 7, 9};
    t.task.max_attempts = 3;
    t.task.max_crashes = 4;
    t.task.timeout_ms = 0;
    t.task.key_ttl_ms = 60000;
    t.task.retain_ms = 5000;
    t.task.expires_ms = 6000;
    t.task.created_at_ms = NOW_MS - 1;
    t.task.run_at_ms = NOW_MS + 1;
    t.task.attempt = 2;
    t.task.crashes = 1;
    t.task.last_error = BYTES("exit 1: last=9-9");
    t.last = (struct redis_entry_id){NOW_MS, 12};
    t.has_pointer = true;
    t.reason = REASON_LOST;
    t.started_at_ms = NOW_MS + 2;
    t.finished_at_ms = NOW_MS + 3;
    t.result = BYTES("\" res=0:\"");
    return t;
}

static void then_same(const struct redis_task *a, const struct redis_task *b)
{
    const struct backoff *x = &a->task.backoff;
    const struct backoff *y = &b->task.backoff;

    THEN_BYTES(a->task.type, b->task.type);
    THEN_BYTES(a->task.payload, b->task.payload);
    THEN_BYTES(a->task.headers, b->task.headers);
    THEN_BYTES(a->task.key, b->task.key);
    THEN_BYTES(a->task.last_error, b->task.last_error);
    THEN_BYTES(a->result, b->result);
    cr_expect(eq(int, !a->result.at, !b->result.at));
    cr_expect(eq(int, a->task.priority, b->task.priority));
    cr_expect(eq(int, x->kind, y->kind));
    cr_expect(eq(int, x->jitter, y->jitter));
    cr_expect(eq(int, x->factor_milli, y->factor_milli));
    cr_expect(eq(i64, x->base_ms, y->base_ms));
    cr_expect(eq(i64, x->max_ms, y->max_ms));
    cr_expect(eq(int, a->task.max_attempts, b->task.max_attempts));
    cr_expect(eq(int, a->task.max_crashes, b->task.max_crashes));
    cr_expect(eq(i64, a->task.timeout_ms, b->task.timeout_ms));
    cr_expect(eq(i64, a->task.key_ttl_ms, b->task.key_ttl_ms));
    cr_expect(eq(i64, a->task.retain_ms, b->task.retain_ms));
    cr_expect(eq(i64, a->task.expires_ms, b->task.expires_ms));
    cr_expect(eq(i64, a->task.created_at_ms, b->task.created_at_ms));
    cr_expect(eq(i64, a->task.run_at_ms, b->task.run_at_ms));
    cr_expect(eq(int, a->task.attempt, b->task.attempt));
    cr_expect(eq(int, a->task.crashes, b->task.crashes));
    cr_expect(eq(u64, a->last.ms, b->last.ms));
    cr_expect(eq(u64, a->last.seq, b->last.seq));
    cr_expect(eq(int, a->has_pointer, b->has_pointer));
    cr_expect(eq(int, a->reason, b->reason));
    cr_expect(eq(i64, a->started_at_ms, b->started_at_ms));
    cr_expect(eq(i64, a->finished_at_ms, b->finished_at_ms));
}

static struct bytes body_of(const struct redis_task *t)
{
    static char room[16384];
    cr_assert(le(sz, redis_task_body_room(t), sizeof(room)));

    return (struct bytes){room, redis_task_write_body(t, room)};
}

Test(redis_task, a_task_at_its_defaults_is_type_and_payload_alone)
{
    struct redis_task const t = a_plain_task();
    struct redis_task back;

    struct bytes const body = body_of(&t);

    THEN_BYTES(body, BYTES("4:mail,7:{\"a\":1},"));
    cr_assert(eq(int,
                 redis_task_read_body(body, QUEUE, &t.task.id, &back, &err),
                 STATUS_OK));
    then_same(&back, &t);
}

Test(redis_task, a_task_with_everything_comes_back_as_it_was)
{
    struct redis_task const t = a_full_task();
    struct redis_task back;

    struct bytes const body = body_of(&t);

    cr_assert(eq(int,
                 redis_task_read_body(body, QUEUE, &t.task.id, &back, &err),
                 STATUS_OK));
    then_same(&back, &t);
}

Test(redis_task, what_scripts_need_stands_first)
{
    struct redis_task const t = a_full_task();
    char x[16384];

    size_t const len = redis_task_write_x(&t, PRIORITY_NORMAL, x);

    static const char head[] = "1 last=1700000000000-12 pri=2 ptr=1 ";
    cr_assert(gt(sz, len, sizeof(head)));
    cr_assert(memcmp(x, head, sizeof(head) - 1) == 0);
}

Test(redis_task, the_priority_is_left_out_where_the_stream_tells_it)
{
    struct redis_task t = a_plain_task();
    char x[4096];
    t.task.priority = PRIORITY_HIGH;

    cr_expect(eq(sz, redis_task_write_x(&t, PRIORITY_HIGH, x), 0));
    cr_expect(ne(sz, redis_task_write_x(&t, PRIORITY_NORMAL, x), 0));
}

Test(redis_task, of_two_items_of_a_name_the_later_wins)
{
    struct redis_task const t = a_plain_task();
    struct redis_task back;

    cr_assert(eq(int,
                 redis_task_read_body(BYTES("1:t,2:{},1 att=1 run=5 att=2"),
                                      QUEUE, &t.task.id, &back, &err),
                 STATUS_OK));

    cr_assert(eq(int, back.task.attempt, 2));
}

Test(redis_task, what_is_no_body_is_corrupt)
{
    static const char *const bodies[] = {
        "",
        "4:mail",
        "4:mail,",
        "4:mail,99:{},",
        "-1:,2:{},",
        "4:mail,2:{}",
        "4:mail,2:{},2 att=1",
        "4:mail,2:{},1att=1",
        "4:mail,2:{},1 att",
        "4:mail,2:{},1 att=",
        "4:mail,2:{},1 att=x",
        "4:mail,2:{},1 att=99999999999",
        "4:mail,2:{},1 nothing=1",
        "4:mail,2:{},1 key=9:short",
        "4:mail,2:{},1 pri=3",
        "4:mail,2:{},1 why=9",
        "4:mail,2:{},1 last=5",
        "4:mail,2:{},1 run=5-5",
        "4:mail,2:{},1 att=99999999999999999999999999",
    };
    struct redis_task const t = a_plain_task();
    struct redis_task back;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        cr_expect(eq(int,
                     redis_task_read_body(bytes_of(bodies[i]), QUEUE,
                                          &t.task.id, &back, &err),
                     STATUS_CORRUPT),
                  "%s", bodies[i]);
}

/* Under a sanitizer: no byte beyond the text is read. */
Test(redis_task, a_body_cut_or_bent_anywhere_does_no_harm)
{
    struct redis_task const t = a_full_task();
    struct bytes const body = body_of(&t);
    struct redis_task back;

    for (size_t len = 0; len < body.len; len++) {
        char *copy = malloc(len ? len : 1);
        memcpy(copy, body.at, len);
        (void)!redis_task_read_body((struct bytes){copy, len}, QUEUE,
                                    &t.task.id, &back, &err);
        if (len > 0)
            copy[len - 1] = '9';
        (void)!redis_task_read_body((struct bytes){copy, len}, QUEUE,
                                    &t.task.id, &back, &err);
        free(copy);
    }
}
