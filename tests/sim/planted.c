#include "tests/sim/planted.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    const char *sign;
} flaws[FLAWS] = {
    [FLAW_NONE] = {"none", ""},
    [FLAW_SETTLES_BY_ID] = {"settles by id", "by a token that is dead"},
    [FLAW_LEAVES_OLD_TOKENS_ALIVE] = {"leaves old tokens alive",
                                      "by a token that is dead"},
    [FLAW_TOKENS_DO_NOT_GROW] = {"tokens do not grow", "fencing number"},
    [FLAW_POPS_THEN_PUSHES] = {"pops, then pushes", "it is lost"},
    [FLAW_EXTENDS_WITHOUT_ITS_INDEX] = {"extends without its index",
                                        "leased until"},
    [FLAW_COUNTS_IN_ANOTHER_STEP] = {"counts in another step", " done, "},
    [FLAW_KEEPS_THE_KEYS_OF_THE_DEAD] = {"keeps the keys of the dead",
                                         "holds nothing of it"},
    [FLAW_RELEASE_COSTS_AN_ATTEMPT] = {"release costs an attempt",
                                       "with attempt"},
    [FLAW_TAKES_ALL_FOR_STARTED] = {"takes all for started",
                                    "taken as started"},
    [FLAW_TAKES_BACK_TOO_EARLY] = {"takes back too early",
                                   "before its lease ends"},
    [FLAW_STORES_BATCHES_IN_PART] = {"stores batches in part", "it is lost"},
    [FLAW_SENDS_AGAIN_BLINDLY] = {"sends again blindly",
                                  "sent again as if it were new"},
    [FLAW_LISTENS_TOO_LATE] = {"listens too late", "sleeps"},
};

const char *flaw_name(enum flaw flaw)
{
    return flaws[flaw].name;
}

const char *flaw_sign(enum flaw flaw)
{
    return flaws[flaw].sign;
}

struct planted_port {
    struct planted *p;
    struct queue_port inner;
};

/* It breaks every few times, as a process does that dies in between. */
static bool breaks(struct planted *p)
{
    return p->chances++ % 4 == 3;
}

static void remember(struct planted *p, const struct lease *lease,
                     bool is_taken)
{
    size_t i = 0;

    while (i < p->count && strcmp(p->known[i].id.text, lease->task.id.text))
        i++;
    if (i == p->count) {
        assert(p->count < PLANTED_TASKS);
        p->known[p->count++].id = lease->task.id;
    }
    if (is_taken)
        p->known[i].old = p->known[i].token;
    p->known[i].token = lease->token;
}

/* The token that the wrong store goes by, instead of that of lease. */
static struct lease_token token_for(const struct planted *p,
                                    const struct lease *lease)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->known[i].id.text, lease->task.id.text) != 0)
            continue;
        if (p->flaw == FLAW_SETTLES_BY_ID ||
            strcmp(p->known[i].old.text, lease->token.text) == 0)
            return p->known[i].token;
    }
    return lease->token;
}

static bool is_key_of_a_dead_one(const struct planted *p,
                                 const struct task *task, struct enqueued *out)
{
    for (size_t i = 0; i < p->dead_count; i++) {
        if (!task->key.at || !bytes_is(task->queue, p->dead[i].queue) ||
            !bytes_is(task->key, p->dead[i].key))
            continue;
        *out = (struct enqueued){p->dead[i].id, TASK_DEAD, true};
        return true;
    }
    return false;
}

static enum status enqueue_but_dead_keys(struct planted_port *port,
                                         int64_t now_ms,
                                         const struct new_task *tasks, size_t n,
                                         struct enqueued *results,
                                         struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        if (!is_key_of_a_dead_one(port->p, &tasks[i].task, &results[i]))
            st = queue_enqueue(port->inner, now_ms, &tasks[i], 1, &results[i],
                               err);
    return st;
}

static enum status enqueue_but_the_last(struct planted_port *port,
                                        int64_t now_ms,
                                        const struct new_task *tasks, size_t n,
                                        struct enqueued *results,
                                        struct error *err)
{
    const struct task *last = &tasks[n - 1].task;
    bool const is_ready = last->run_at_ms <= now_ms;

    results[n - 1] = (struct enqueued){
        last->id, is_ready ? TASK_READY : TASK_SCHEDULED, false};
    return queue_enqueue(port->inner, now_ms, tasks, n - 1, results, err);
}

static enum status planted_enqueue(void *self, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *err)
{
    struct planted_port *port = self;

    if (port->p->flaw == FLAW_KEEPS_THE_KEYS_OF_THE_DEAD)
        return enqueue_but_dead_keys(port, now_ms, tasks, n, results, err);
    if (port->p->flaw == FLAW_STORES_BATCHES_IN_PART && n > 1 &&
        !tasks[n - 1].task.key.at && tasks[n - 1].is_id_new && breaks(port->p))
        return enqueue_but_the_last(port, now_ms, tasks, n, results, err);
    return queue_enqueue(port->inner, now_ms, tasks, n, results, err);
}

static void tamper(struct planted *p, struct lease *leases, size_t n,
                   bool is_taken)
{
    for (size_t i = 0; i < n; i++) {
        remember(p, &leases[i], is_taken);
        if (p->flaw == FLAW_TOKENS_DO_NOT_GROW)
            leases[i].fencing = 1;
        if (p->flaw == FLAW_TAKES_ALL_FOR_STARTED)
            leases[i].is_started = true;
    }
}

static enum status planted_lease(void *self, const struct lease_request *req,
                                 struct arena *mem, struct lease *leases,
                                 size_t *count, struct error *err)
{
    struct planted_port *port = self;
    enum status const st =
        queue_lease(port->inner, req, mem, leases, count, err);

    if (st == STATUS_OK)
        tamper(port->p, leases, *count, false);
    return st;
}

static void bury(struct planted *p, const struct task *task)
{
    assert(p->dead_count < PLANTED_TASKS);
    p->dead[p->dead_count].id = task->id;
    snprintf(p->dead[p->dead_count].queue, QUEUE_NAME_MAX + 1, "%.*s",
             (int)task->queue.len, task->queue.at);
    snprintf(p->dead[p->dead_count].key, KEY_MAX + 1, "%.*s",
             (int)task->key.len, task->key.at);
    p->dead_count++;
}

static void after_settle(struct planted *p, const struct settlement *item)
{
    const struct task *task = &item->lease->task;

    if (p->flaw == FLAW_KEEPS_THE_KEYS_OF_THE_DEAD && task->key.at &&
        task->key_ttl_ms == 0 && item->verdict.action == VERDICT_DEAD)
        bury(p, task);
    if (p->flaw == FLAW_COUNTS_IN_ANOTHER_STEP &&
        item->verdict.action == VERDICT_DONE && breaks(p))
        p->not_counted++;
}

static enum status planted_settle(void *self, int64_t now_ms,
                                  const struct settlement *items, size_t n,
                                  enum status *results, struct error *err)
{
    struct planted_port *port = self;
    struct planted *p = port->p;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < n && st == STATUS_OK; i++) {
        struct lease lease = *items[i].lease;
        struct settlement item = items[i];
        item.lease = &lease;
        if (p->flaw == FLAW_SETTLES_BY_ID ||
            p->flaw == FLAW_LEAVES_OLD_TOKENS_ALIVE)
            lease.token = token_for(p, &lease);
        if (p->flaw == FLAW_RELEASE_COSTS_AN_ATTEMPT &&
            item.verdict.action == VERDICT_RELEASE)
            item.verdict.attempt++;
        st = queue_settle(port->inner, now_ms, &item, 1, &results[i], err);
        if (st == STATUS_OK && results[i] == STATUS_OK)
            after_settle(p, &item);
    }
    return st;
}

static enum status planted_extend(void *self, int64_t now_ms, int64_t lease_ms,
                                  const char *worker,
                                  const struct renewal *items, size_t n,
                                  enum status *results, struct error *err)
{
    struct planted_port *port = self;

    /* Whether it has begun is recorded, until when it lasts is not. */
    if (port->p->flaw == FLAW_EXTENDS_WITHOUT_ITS_INDEX)
        lease_ms = 1;
    return queue_extend(port->inner, now_ms, lease_ms, worker, items, n,
                        results, err);
}

/* Takes the first task that is due out of where it waits. It breaks before
 * the task is put where it should go. */
static void pop_one(struct planted *p, int64_t now_ms)
{
    char bytes[4096];
    struct arena mem = {.base = bytes, .size = sizeof(bytes)};
    struct list_request const req = {
        .filter = {.has_state = true, .state = TASK_SCHEDULED},
        .max = 1,
        .now_ms = now_ms};
    struct task_page page;
    enum status result;
    struct error err;

    if (admin_list(p->admin, &req, &mem, &page, &err) != STATUS_OK ||
        page.count == 0 || page.records[0].task.run_at_ms > now_ms ||
        !breaks(p))
        return;
    struct task_ref const ref = {page.records[0].task.queue,
                                 page.records[0].task.id};
    enum status const st =
        admin_remove(p->admin, now_ms, STATES_WAITING, &ref, 1, &result, &err);
    assert(st == STATUS_OK);
    p->popped++;
}

static enum status planted_promote(void *self, int64_t now_ms, size_t limit,
                                   size_t *moved, int64_t *next_due_ms,
                                   struct error *err)
{
    struct planted_port *port = self;
    struct planted *p = port->p;

    if (p->flaw == FLAW_POPS_THEN_PUSHES)
        pop_one(p, now_ms);
    enum status const st =
        queue_promote(port->inner, now_ms, limit, moved, next_due_ms, err);
    *moved += p->popped;
    p->popped = 0;
    return st;
}

static enum status planted_take_expired(void *self,
                                        const struct reap_request *req,
                                        struct arena *mem, struct lease *leases,
                                        size_t *count, struct error *err)
{
    struct planted_port *port = self;
    struct reap_request early = *req;
    bool const is_early = port->p->flaw == FLAW_TAKES_BACK_TOO_EARLY;

    if (is_early) {
        early.now_ms += req->lease_ms / 2;
        early.lease_ms -= req->lease_ms / 2;
    }
    enum status const st =
        queue_take_expired(port->inner, &early, mem, leases, count, err);
    if (st == STATUS_OK)
        tamper(port->p, leases, *count, true);
    return st;
}

static void planted_close(void *self)
{
    struct planted_port *port = self;

    queue_close(port->inner);
    free(port);
}

static const struct queue_ops planted_queue_ops = {
    .name = "planted",
    .enqueue = planted_enqueue,
    .lease = planted_lease,
    .settle = planted_settle,
    .extend = planted_extend,
    .promote = planted_promote,
    .take_expired = planted_take_expired,
    .close = planted_close,
};

static struct queue_port wrap_queue(void *context, struct queue_port inner)
{
    struct planted_port *port = malloc(sizeof(*port));

    assert(port);
    *port = (struct planted_port){context, inner};
    return (struct queue_port){&planted_queue_ops, port};
}

static void begin(void *context)
{
    struct planted *p = context;

    *p = (struct planted){.flaw = p->flaw};
}

void plant(enum flaw flaw, struct planted *planted, struct sim_config *config)
{
    *planted = (struct planted){.flaw = flaw};
    config->flaws = (struct sim_flaws){
        .wrap_queue = wrap_queue,
        .wrap_admin = planted_admin,
        .begin = begin,
        .context = planted,
        .forgets_what_it_sent = flaw == FLAW_SENDS_AGAIN_BLINDLY,
        .starts_to_listen_late = flaw == FLAW_LISTENS_TOO_LATE,
    };
}
