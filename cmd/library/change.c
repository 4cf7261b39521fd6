/*
 * change.c - the calls that change what waits and what is dead.
 */
#include <stdlib.h>

#include "cmd/library/client.h"
#include "cmd/library/spec.h"
#include "domain/text.h"
#include "usecase/dead_letters.h"
#include "usecase/inspect.h"

#define ROOM_BYTES ((size_t)4 * 1024 * 1024)

/* What is done to one task, between enter and leave. */
typedef enum status change_one(const struct mr_client *client,
                               const struct task_ref *ref, struct error *err);

static enum status remove_one(const struct mr_client *client,
                              const struct task_ref *ref, unsigned states,
                              struct error *err)
{
    enum status result;
    enum status const st = admin_remove(client->admin, client_now_ms(client),
                                        states, ref, 1, &result, err);

    return st < 0 ? st : result;
}

static enum status cancel(const struct mr_client *client,
                          const struct task_ref *ref, struct error *err)
{
    return remove_one(client, ref, STATES_WAITING, err);
}

static enum status delete_dead(const struct mr_client *client,
                               const struct task_ref *ref, struct error *err)
{
    return remove_one(client, ref, STATE_SET(TASK_DEAD), err);
}

static enum status run_now(const struct mr_client *client,
                           const struct task_ref *ref, struct error *err)
{
    return admin_run_now(client->admin, client_now_ms(client), ref, err);
}

/* Where the key is held, *err names the holder. */
static enum status requeue(const struct mr_client *client,
                           const struct task_ref *ref, struct error *err)
{
    struct task_id holder;
    enum status result;
    enum status const st = admin_requeue(client->admin, client_now_ms(client),
                                         ref, 1, &result, &holder, err);
    if (st < 0 || result != STATUS_KEY_HELD)
        return st < 0 ? st : result;

    struct bytes const parts[] = {BYTES("stays dead: its key is held by "),
                                  bytes_of(holder.text)};
    return error_join(err, STATUS_KEY_HELD, "key", parts, 2);
}

static enum mr_code change(struct mr_client *client, const char *queue,
                           const char *id, change_one *one,
                           struct mr_error *err)
{
    struct task_ref ref;
    struct error why;
    enum mr_code const code = client_enter_admin(client, err);

    if (code != MR_OK)
        return code;
    enum status st = ref_read(queue, id, &ref, &why);
    if (st == STATUS_OK)
        st = one(client, &ref, &why);
    client_leave_admin(client);
    if (st == STATUS_KEY_HELD)
        return refuse(err, MR_KEY_HELD, why.field, why.text);
    return failure_about(err, st, &why, ref.id.text);
}

enum mr_code mr_cancel(struct mr_client *client, const char *queue,
                       const char *id, struct mr_error *err)
{
    return change(client, queue, id, cancel, err);
}

enum mr_code mr_run_now(struct mr_client *client, const char *queue,
                        const char *id, struct mr_error *err)
{
    return change(client, queue, id, run_now, err);
}

enum mr_code mr_requeue(struct mr_client *client, const char *queue,
                        const char *id, struct mr_error *err)
{
    return change(client, queue, id, requeue, err);
}

enum mr_code mr_delete(struct mr_client *client, const char *queue,
                       const char *id, struct mr_error *err)
{
    return change(client, queue, id, delete_dead, err);
}

static enum status run_dead_letters(const struct mr_client *client,
                                    const struct dead_letter_run *run,
                                    size_t *changed, struct error *err)
{
    struct arena mem = {.base = malloc(ROOM_BYTES), .size = ROOM_BYTES};
    enum status st;

    if (!mem.base)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a page");
    st = dead_letters_run(client->admin, client->home->place.clock, run, &mem,
                          changed, err);
    free(mem.base);
    return st;
}

/* All dead tasks that match. */
static enum mr_code change_all(struct mr_client *client,
                               const struct mr_filter *filter,
                               enum dead_letter_action action, size_t *changed,
                               struct mr_error *err)
{
    struct dead_letter_run run = {.action = action};
    struct error why;
    size_t count = 0;
    enum mr_code const code = client_enter_admin(client, err);

    if (code != MR_OK)
        return code;
    enum status st = filter_read(filter, &run.filter, &why);
    if (st == STATUS_OK && run.filter.has_state &&
        run.filter.state != TASK_DEAD)
        st = error_set(&why, STATUS_INVALID, "state",
                       "state: only dead tasks can be changed by a filter");
    if (st == STATUS_OK)
        st = run_dead_letters(client, &run, &count, &why);
    client_leave_admin(client);
    if (changed)
        *changed = count;
    return failure(err, st, &why);
}

enum mr_code mr_requeue_all(struct mr_client *client,
                            const struct mr_filter *filter, size_t *changed,
                            struct mr_error *err)
{
    return change_all(client, filter, DEAD_LETTER_REQUEUE, changed, err);
}

enum mr_code mr_delete_all(struct mr_client *client,
                           const struct mr_filter *filter, size_t *changed,
                           struct mr_error *err)
{
    return change_all(client, filter, DEAD_LETTER_DELETE, changed, err);
}

static enum status purge(const struct mr_client *client, const char *queue,
                         enum mr_state state, size_t *removed,
                         struct error *err)
{
    enum task_state which;
    struct bytes name;
    bool const has_state = state_read(state, &which);

    if (!has_state && state != MR_STATE_ANY)
        return error_out_of_range(err, "state", (int64_t)state, MR_STATE_ANY,
                                  MR_STATE_DEAD);
    if (has_state && which == TASK_ACTIVE)
        return error_set(err, STATUS_INVALID, "state",
                         "state: an active task can't be purged");
    enum status const st = queue_read(queue, &name, err);
    if (st < 0)
        return st;
    return inspect_purge(client->admin, client->home->place.clock, name,
                         has_state ? &which : NULL, removed, err);
}

enum mr_code mr_purge(struct mr_client *client, const char *queue,
                      enum mr_state state, size_t *removed,
                      struct mr_error *err)
{
    struct error why;
    size_t count = 0;
    enum mr_code const code = client_enter_admin(client, err);

    if (code != MR_OK)
        return code;
    enum status const st = purge(client, queue, state, &count, &why);
    client_leave_admin(client);
    if (removed)
        *removed = count;
    return failure_about(err, st, &why, queue);
}

static enum mr_code set_paused(struct mr_client *client, const char *queue,
                               bool is_paused, struct mr_error *err)
{
    struct bytes name;
    struct error why;
    enum mr_code const code = client_enter_admin(client, err);

    if (code != MR_OK)
        return code;
    enum status st = queue_read(queue, &name, &why);
    if (st == STATUS_OK)
        st = admin_set_paused(client->admin, name, is_paused, &why);
    client_leave_admin(client);
    return failure_about(err, st, &why, queue);
}

enum mr_code mr_pause(struct mr_client *client, const char *queue,
                      struct mr_error *err)
{
    return set_paused(client, queue, true, err);
}

enum mr_code mr_resume(struct mr_client *client, const char *queue,
                       struct mr_error *err)
{
    return set_paused(client, queue, false, err);
}
