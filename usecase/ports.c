/*
 * ports.c - is every operation of a port there?
 *
 * No compiler warns about a member that an initialiser leaves out, so each
 * port is checked once when it is plugged in; after that nobody looks again.
 */
#include <assert.h>

#include "usecase/admin_port.h"
#include "usecase/backend_port.h"
#include "usecase/clock_port.h"
#include "usecase/executor_port.h"
#include "usecase/fleet_port.h"
#include "usecase/health_port.h"
#include "usecase/metrics_port.h"
#include "usecase/queue_port.h"
#include "usecase/random_port.h"

void queue_port_check(struct queue_port q)
{
    assert(q.ops && q.self && q.ops->name);
    assert(q.ops->enqueue);
    assert(q.ops->lease);
    assert(q.ops->settle);
    assert(q.ops->extend);
    assert(q.ops->promote);
    assert(q.ops->take_expired);
    assert(q.ops->close);
}

void admin_port_check(struct admin_port admin)
{
    assert(admin.ops && admin.self && admin.ops->name);
    assert(admin.ops->find);
    assert(admin.ops->list);
    assert(admin.ops->remove);
    assert(admin.ops->run_now);
    assert(admin.ops->requeue);
    assert(admin.ops->purge);
    assert(admin.ops->set_paused);
    assert(admin.ops->stats);
    assert(admin.ops->close);
}

void fleet_port_check(struct fleet_port fleet)
{
    assert(fleet.ops && fleet.self && fleet.ops->name);
    assert(fleet.ops->beat);
    assert(fleet.ops->leave);
    assert(fleet.ops->workers);
    assert(fleet.ops->close);
}

void health_port_check(struct health_port health)
{
    assert(health.ops && health.self && health.ops->name);
    assert(health.ops->check);
    assert(health.ops->close);
}

void clock_port_check(struct clock_port clock)
{
    assert(clock.ops && clock.self && clock.ops->name);
    assert(clock.ops->now_ms);
    assert(clock.ops->close);
}

void random_port_check(struct random_port random)
{
    assert(random.ops && random.self && random.ops->name);
    assert(random.ops->bits);
    assert(random.ops->close);
}

void executor_port_check(struct executor_port executor)
{
    assert(executor.ops && executor.self && executor.ops->name);
    assert(executor.ops->submit);
    assert(executor.ops->collect);
    assert(executor.ops->forget);
    assert(executor.ops->wait);
    assert(executor.ops->withdraw);
    assert(executor.ops->cancel);
    assert(executor.ops->close);
}

void metrics_port_check(struct metrics_port metrics)
{
    assert(metrics.ops && metrics.self && metrics.ops->name);
    assert(metrics.ops->attempt_settled);
    assert(metrics.ops->backend_failed);
    assert(metrics.ops->backend_recovered);
    assert(metrics.ops->store_examined);
    assert(metrics.ops->close);
}

void scrub_port_check(struct scrub_port scrub)
{
    size_t n = 0;

    assert(scrub.ops && scrub.self && scrub.ops->name);
    assert(scrub.ops->checks);
    while (scrub.ops->checks[n].name)
        n++;
    assert(n > 0 && n <= SCRUB_CHECKS_MAX);
    assert(scrub.ops->examine);
    assert(scrub.ops->repair);
    assert(scrub.ops->close);
}

void backend_port_check(struct backend_port backend)
{
    assert(backend.ops && backend.self && backend.ops->name);
    assert(backend.ops->open_queue);
    assert(backend.ops->open_admin);
    assert(backend.ops->open_fleet);
    assert(backend.ops->open_health);
    assert(backend.ops->open_scrub);
    assert(backend.ops->open_clock);
    assert(backend.ops->close);
}
