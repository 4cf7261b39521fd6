#include "cmd/library/observer.h"

#include "domain/text.h"

void observer_init(struct observer *o,
                   void (*observe)(const struct mr_event *, void *),
                   void *context)
{
    *o = (struct observer){.observe = observe, .context = context};
    pthread_mutex_init(&o->lock, NULL);
}

void observer_release(struct observer *o)
{
    pthread_mutex_destroy(&o->lock);
}

void observer_mute(struct observer *o)
{
    pthread_mutex_lock(&o->lock);
    o->observe = NULL;
    pthread_mutex_unlock(&o->lock);
}

static void tell(struct observer *o, const struct mr_event *event)
{
    pthread_mutex_lock(&o->lock);
    if (o->observe)
        o->observe(event, o->context);
    pthread_mutex_unlock(&o->lock);
}

static enum mr_event_kind kind_of(const struct attempt_report *report)
{
    if (report->status == STATUS_LEASE_LOST)
        return MR_EVENT_LEASE_LOST;
    switch (report->verdict->action) {
    case VERDICT_DONE:
        return MR_EVENT_DONE;
    case VERDICT_RETRY:
        return MR_EVENT_FAILED;
    case VERDICT_DEAD:
        return MR_EVENT_DEAD;
    case VERDICT_SNOOZE:
        return MR_EVENT_SNOOZED;
    case VERDICT_RELEASE:
        break;
    }
    return MR_EVENT_RELEASED;
}

/* The names of a task, NUL-ended for the time of a call. */
struct names {
    char queue[QUEUE_NAME_MAX + 1];
    char type[TYPE_NAME_MAX + 1];
};

static void name_task(const struct lease *lease, struct names *names,
                      struct mr_event *event)
{
    struct text queue = text_in(names->queue, sizeof(names->queue));
    struct text type = text_in(names->type, sizeof(names->type));

    text_add_bytes(&queue, lease->task.queue);
    text_add_bytes(&type, lease->task.type);
    event->id = lease->task.id.text;
    event->queue = names->queue;
    event->type = names->type;
    event->attempt = lease->task.attempt;
}

static void observer_attempt_settled(void *self,
                                     const struct attempt_report *report)
{
    struct observer *o = self;
    char room[ERROR_TAIL_MAX + 1];
    struct text text = text_in(room, sizeof(room));
    struct names names;
    struct mr_event event = {
        .kind = kind_of(report),
        .text = room,
        .started_at_ms = report->started_at_ms,
        .ended_at_ms = report->ended_at_ms,
        .is_of_other = report->is_reaped,
    };

    text_add_bytes(&text, report->error);
    name_task(report->lease, &names, &event);
    tell(o, &event);
}

static void observer_backend_failed(void *self, const char *op,
                                    enum status status, const struct error *err)
{
    struct mr_event const event = {.kind = MR_EVENT_BACKEND_FAILED,
                                   .text = err->text};
    (void)op;
    (void)status;

    tell(self, &event);
}

static void observer_backend_recovered(void *self)
{
    struct mr_event const event = {.kind = MR_EVENT_BACKEND_RECOVERED,
                                   .text = ""};

    tell(self, &event);
}

/* Nobody examines the store here. */
static void observer_store_examined(void *self,
                                    const struct store_report *report)
{
    (void)self;
    (void)report;
}

static void observer_close(void *self)
{
    (void)self;
}

static const struct metrics_ops observer_ops = {
    .name = "observer",
    .attempt_settled = observer_attempt_settled,
    .backend_failed = observer_backend_failed,
    .backend_recovered = observer_backend_recovered,
    .store_examined = observer_store_examined,
    .close = observer_close,
};

struct metrics_port observer_metrics(struct observer *o)
{
    return (struct metrics_port){&observer_ops, o};
}

void observer_progress(struct observer *o, const struct lease *lease,
                       int64_t started_at_ms, const char *text)
{
    struct names names;
    struct mr_event event = {.kind = MR_EVENT_PROGRESS,
                             .text = text,
                             .started_at_ms = started_at_ms};

    name_task(lease, &names, &event);
    tell(o, &event);
}
