#include "cmd/library/sender.h"

#include <stdlib.h>
#include <time.h>

#define TRIES 6
#define FIRST_PAUSE_MS 100 /* doubles: 3.1 s in all */

/* Many large payloads in one call would take much memory at a time. */
#define SENDING_BYTES ((size_t)8 * 1024 * 1024)

enum status sender_init(struct sender *s, const struct enqueuer *enqueuer,
                        struct error *err)
{
    *s = (struct sender){.enqueuer = *enqueuer};
    s->end = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->is_idle, NULL);
    s->specs = calloc(BATCH_MAX, sizeof(*s->specs));
    s->room = calloc(BATCH_MAX, sizeof(*s->room));
    s->results = calloc(BATCH_MAX, sizeof(*s->results));
    if (s->specs && s->room && s->results)
        return STATUS_OK;
    sender_release(s);
    return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a batch");
}

void sender_release(struct sender *s)
{
    pthread_cond_destroy(&s->is_idle);
    pthread_mutex_destroy(&s->lock);
    free(s->specs);
    free(s->room);
    free(s->results);
    *s = (struct sender){0};
}

static bool may_pass(enum status st)
{
    return st == STATUS_UNAVAILABLE || st == STATUS_FULL;
}

static void pause_ms(int64_t ms)
{
    struct timespec const pause = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

enum status enqueue_patiently(struct enqueuer *e, const struct task_spec *specs,
                              size_t n, struct new_task *room,
                              struct enqueued *results, size_t *culprit,
                              struct error *err)
{
    int64_t wait_ms = FIRST_PAUSE_MS;
    enum status st = enqueue(e, specs, n, room, results, culprit, err);

    for (int tries = 1; may_pass(st) && tries < TRIES; tries++) {
        pause_ms(wait_ms);
        wait_ms *= 2;
        st = enqueue_again(e, n, room, results, err);
    }
    return st;
}

static size_t bytes_in(const struct sending *sending)
{
    size_t sum = 0;

    for (size_t i = 0; i < sending->n; i++)
        sum += sending->specs[i].task.payload.len +
               sending->specs[i].task.headers.len;
    return sum;
}

/* Takes as many of those handed in as go into one call, at least the first,
 * and leaves the others. Locked. */
static struct sending *take_some(struct sender *s, size_t *tasks)
{
    struct sending *const first = s->first;
    struct sending *last = first;
    size_t bytes = bytes_in(first);

    *tasks = first->n;
    for (struct sending *next = first->next; next; next = next->next) {
        bytes += bytes_in(next);
        if (*tasks + next->n > BATCH_MAX || bytes > SENDING_BYTES)
            break;
        *tasks += next->n;
        last = next;
    }
    s->first = last->next;
    if (!s->first)
        s->end = &s->first;
    last->next = NULL;
    return first;
}

/* Hands back what became of the tasks from at on. */
static void hand_back(const struct sender *s, struct sending *sending,
                      size_t at, enum status st, const struct error *err)
{
    sending->status = st;
    if (st < 0)
        *sending->err = *err;
    for (size_t i = 0; i < sending->n; i++)
        sending->results[i] =
            st == STATUS_OK ? s->results[at + i]
                            : (struct enqueued){.id = s->room[at + i].task.id};
}

static void send_all(struct sender *s, struct sending *first, size_t tasks)
{
    struct error err;
    size_t at = 0;

    for (const struct sending *one = first; one; one = one->next) {
        memcpy(s->specs + at, one->specs, one->n * sizeof(*s->specs));
        at += one->n;
    }
    memset(s->room, 0, tasks * sizeof(*s->room));
    enum status const st =
        s->is_hasty ? enqueue(&s->enqueuer, s->specs, tasks, s->room,
                              s->results, NULL, &err)
                    : enqueue_patiently(&s->enqueuer, s->specs, tasks, s->room,
                                        s->results, NULL, &err);
    at = 0;
    for (struct sending *one = first; one; one = one->next) {
        hand_back(s, one, at, st, &err);
        at += one->n;
    }
}

/* Sends for all; called, and returns, with the lock. */
static void lead(struct sender *s)
{
    size_t tasks;
    struct sending *const first = take_some(s, &tasks);

    s->is_sending = true;
    pthread_mutex_unlock(&s->lock);

    send_all(s, first, tasks);

    pthread_mutex_lock(&s->lock);
    s->is_sending = false;
    for (struct sending *one = first, *next; one; one = next) {
        next = one->next; /* one is its owner's again once it is done */
        one->is_done = true;
    }
    pthread_cond_broadcast(&s->is_idle);
}

enum status sender_send(struct sender *s, struct sending *sending)
{
    sending->is_done = false;
    sending->next = NULL;

    pthread_mutex_lock(&s->lock);
    *s->end = sending;
    s->end = &sending->next;
    while (!sending->is_done) {
        if (s->is_sending)
            pthread_cond_wait(&s->is_idle, &s->lock);
        else
            lead(s);
    }
    pthread_mutex_unlock(&s->lock);
    return sending->status;
}
