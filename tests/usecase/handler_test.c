/*
 * handler_test.c - which handler runs, and what may come out of it.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "usecase/handler.h"
#include "usecase/lease.h"

static char room[HANDLER_ROOM];
static struct arena mem;
static bool is_cancelled;

static bool read_cancelled(const struct handler_call *call)
{
    (void)call;
    return is_cancelled;
}

/* The context is the outcome. */
static struct outcome answer(const struct handler_call *call, void *context)
{
    (void)call;
    return *(struct outcome *)context;
}

static struct outcome run(const char *type, struct handlers handlers)
{
    struct lease lease = {.task.type = bytes_of(type)};
    struct handler_call call = {.lease = &lease,
                                .mem = &mem,
                                .cancel = WAKE_NEVER,
                                .is_cancelled = read_cancelled};

    mem = (struct arena){.base = room, .size = sizeof(room)};
    return handlers_run(&handlers, &call);
}

static struct outcome run_one(struct outcome outcome)
{
    struct handler const table[] = {{"t", answer, &outcome}};

    return run("t", (struct handlers){table, 1});
}

static const char *text_of(struct bytes b)
{
    static char text[ERROR_TAIL_MAX + 1];

    cr_assert(lt(sz, b.len, sizeof(text)));
    if (b.len > 0)
        memcpy(text, b.at, b.len);
    text[b.len] = '\0';
    return text;
}

Test(handler, is_found_by_its_exact_type)
{
    struct handler const table[] = {{"a", answer, NULL}, {"ab", answer, NULL}};
    struct handlers const handlers = {table, 2};

    cr_assert(handlers_find(&handlers, BYTES("ab")) == &table[1]);
    cr_assert(handlers_find(&handlers, BYTES("abc")) == NULL);
}

Test(handler, star_catches_only_what_no_other_names)
{
    struct handler const table[] = {{"*", answer, NULL}, {"a", answer, NULL}};
    struct handlers const handlers = {table, 2};

    cr_assert(handlers_find(&handlers, BYTES("a")) == &table[1]);
    cr_assert(handlers_find(&handlers, BYTES("b")) == &table[0]);
}

Test(handler, missing_is_a_failed_attempt_that_names_the_type)
{
    struct outcome const got = run("email.send", (struct handlers){NULL, 0});

    cr_assert(eq(int, got.kind, OUTCOME_RETRY));
    cr_assert(lt(i64, got.after_ms, 0));
    cr_assert(
        eq(str, (char *)text_of(got.error), "no handler for type email.send"));
}

Test(handler, outcome_passes_unchanged)
{
    struct outcome const snooze = {.kind = OUTCOME_SNOOZE, .after_ms = 7};

    struct outcome const got = run_one(snooze);

    cr_assert(eq(int, got.kind, OUTCOME_SNOOZE));
    cr_assert(eq(i64, got.after_ms, 7));
}

Test(handler, failure_once_cancelled_is_a_release)
{
    is_cancelled = true;

    cr_assert(eq(int, run_one((struct outcome){.kind = OUTCOME_RETRY}).kind,
                 OUTCOME_RELEASE));
    cr_assert(eq(int, run_one((struct outcome){.kind = OUTCOME_REJECT}).kind,
                 OUTCOME_RELEASE));
}

Test(handler, success_although_cancelled_is_kept)
{
    is_cancelled = true;

    cr_assert(eq(int, run_one((struct outcome){.kind = OUTCOME_DONE}).kind,
                 OUTCOME_DONE));
}

Test(handler, result_up_to_the_limit_is_kept)
{
    char *json = malloc(RESULT_MAX);
    memset(json, ' ', RESULT_MAX);
    json[0] = '1';

    struct outcome const got = run_one(
        (struct outcome){.kind = OUTCOME_DONE, .result = {json, RESULT_MAX}});

    cr_assert(eq(int, got.kind, OUTCOME_DONE));
    cr_assert(eq(sz, got.result.len, RESULT_MAX));
    free(json);
}

Test(handler, result_beyond_the_limit_is_rejected)
{
    char *json = malloc(RESULT_MAX + 1);
    memset(json, ' ', RESULT_MAX + 1);
    json[0] = '1';

    struct outcome const got = run_one((struct outcome){
        .kind = OUTCOME_DONE, .result = {json, RESULT_MAX + 1}});

    cr_assert(eq(int, got.kind, OUTCOME_REJECT));
    cr_assert(eq(str, (char *)text_of(got.error),
                 "result too large: 65537 bytes, limit 65536"));
    free(json);
}

Test(handler, a_string_may_be_longer_by_its_escapes)
{
    char *json = malloc(RESULT_JSON_MAX + 1);
    memset(json, ' ', RESULT_JSON_MAX + 1);
    json[0] = '"';
    json[RESULT_JSON_MAX - 1] = '"';

    struct outcome got = run_one((struct outcome){
        .kind = OUTCOME_DONE, .result = {json, RESULT_JSON_MAX}});
    cr_assert(eq(int, got.kind, OUTCOME_DONE));

    got = run_one((struct outcome){.kind = OUTCOME_DONE,
                                   .result = {json, RESULT_JSON_MAX + 1}});
    cr_assert(eq(int, got.kind, OUTCOME_REJECT));
    free(json);
}

Test(handler, result_that_is_no_json_is_rejected)
{
    struct outcome const got = run_one(
        (struct outcome){.kind = OUTCOME_DONE, .result = BYTES("hello")});

    cr_assert(eq(int, got.kind, OUTCOME_REJECT));
    cr_assert(text_of(got.error) == strstr(text_of(got.error), "result: "));
}

Test(handler, error_keeps_its_last_bytes)
{
    static char long_text[ERROR_TAIL_MAX + 10];
    memset(long_text, 'a', 10);
    memset(long_text + 10, 'b', ERROR_TAIL_MAX);

    struct outcome const got = run_one((struct outcome){
        .kind = OUTCOME_RETRY, .error = {long_text, sizeof(long_text)}});

    cr_assert(eq(sz, got.error.len, ERROR_TAIL_MAX));
    cr_assert(eq(chr, got.error.at[0], 'b'));
}

Test(handler, error_is_not_cut_inside_a_character)
{
    static char long_text[ERROR_TAIL_MAX + 1];
    memset(long_text, 'b', sizeof(long_text));
    memcpy(long_text, "\xC3\xA4", 2); /* the cut falls between the two */

    struct outcome const got = run_one((struct outcome){
        .kind = OUTCOME_RETRY, .error = {long_text, sizeof(long_text)}});

    cr_assert(eq(sz, got.error.len, ERROR_TAIL_MAX - 1));
}

Test(handler, release_after_a_timeout_is_a_failure_that_names_it)
{
    struct task const task = {.timeout_ms = 90000};
    struct outcome const release = {.kind = OUTCOME_RELEASE};
    struct outcome const done = {.kind = OUTCOME_DONE};
    mem = (struct arena){.base = room, .size = sizeof(room)};

    struct outcome const got = handler_timed_out(release, &task, &mem);

    cr_assert(eq(int, got.kind, OUTCOME_RETRY));
    cr_assert(lt(i64, got.after_ms, 0));
    cr_assert(eq(str, (char *)text_of(got.error), "timed out after 1m30s"));
    cr_assert(eq(int, handler_timed_out(done, &task, &mem).kind, OUTCOME_DONE));
}

Test(lease, copy_outlives_its_source)
{
    char payload[] = "{\"a\":1}";
    struct lease const lease = {
        .task = {.queue = BYTES("q"),
                 .type = BYTES("t"),
                 .payload = {payload, sizeof(payload) - 1},
                 .key = BYTES("k")},
        .fencing = 7,
    };
    char copied[64];
    struct arena to = {.base = copied, .size = lease_room(&lease)};
    struct lease got;

    lease_copy(&lease, &to, &got);
    memset(payload, 'x', sizeof(payload));

    cr_assert(bytes_is(got.task.payload, "{\"a\":1}"));
    cr_assert(bytes_is(got.task.queue, "q"));
    cr_assert(bytes_is(got.task.key, "k"));
    cr_assert(got.task.headers.at == NULL);
    cr_assert(eq(u64, got.fencing, 7));
}
