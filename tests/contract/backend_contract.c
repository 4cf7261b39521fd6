/*
 * backend_contract.c - what backend_port.h promises, and health_port.h.
 */
#include <string.h>

#include "tests/contract/fixture.h"

CONTRACT(backend, namespaces_are_apart)
{
    struct backend_port apart;
    struct queue_port queue;
    struct admin_port admin;
    struct queue_stats rows[4];
    struct worker_info workers[4];
    struct fleet_port fleet;
    size_t count;
    struct worker_info const worker = {.name = "w1"};
    struct new_task task = a_task(f, "a");
    task.task.key = BYTES("k");
    given(f, &task);
    THEN(eq(int, fleet_beat(f->fleet, f->now_ms, 60000, &worker, &f->err),
            STATUS_OK));
    fixture_open_apart(f, &apart);
    THEN(
        eq(int, apart.ops->open_queue(apart.self, &queue, &f->err), STATUS_OK));
    THEN(
        eq(int, apart.ops->open_admin(apart.self, &admin, &f->err), STATUS_OK));
    THEN(
        eq(int, apart.ops->open_fleet(apart.self, &fleet, &f->err), STATUS_OK));

    struct lease_request const req = a_request(f, "*");
    THEN(eq(int, queue_lease(queue, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_EMPTY));
    THEN(eq(int,
            admin_stats(admin, f->now_ms, (struct bytes){0}, 4, rows, &count,
                        &f->err),
            STATUS_OK));
    THEN(eq(sz, count, 0));
    THEN(eq(int, fleet_workers(fleet, 0, "", 4, workers, &count, &f->err),
            STATUS_OK));
    THEN(eq(sz, count, 0));
    struct enqueued result;
    task.is_id_new = false;
    THEN(eq(int, queue_enqueue(queue, f->now_ms, &task, 1, &result, &f->err),
            STATUS_OK));
    THEN(not(result.is_duplicate));

    fleet_close(fleet);
    admin_close(admin);
    queue_close(queue);
    apart.ops->close(apart.self);
}

CONTRACT(backend, what_one_port_adds_another_sees)
{
    struct queue_port other = another_queue(f);
    struct lease_request const req = a_request(f, "a");
    struct task_id const id = given_a_task(f, "a");
    size_t count;

    THEN(eq(int, queue_lease(other, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));

    THEN(IS_ID(f->leases[0].task.id, id));
    queue_close(other);
}

CONTRACT(backend, a_port_that_is_closed_leaves_tasks_and_leases)
{
    struct queue_port other = another_queue(f);
    struct lease_request const req = a_request(f, "a");
    size_t count;
    given_tasks(f, "a", 2, NULL);
    THEN(eq(int, queue_lease(other, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));
    struct lease const lease = f->leases[0];

    queue_close(other);

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
}

CONTRACT(backend, many_ports_may_be_open)
{
    struct queue_port ports[20];

    for (size_t i = 0; i < 20; i++)
        ports[i] = another_queue(f);
    for (size_t i = 0; i < 20; i++) {
        struct new_task const task = a_task(f, "a");
        struct enqueued result;
        THEN(eq(int,
                queue_enqueue(ports[i], f->now_ms, &task, 1, &result, &f->err),
                STATUS_OK));
    }
    for (size_t i = 0; i < 20; i++)
        queue_close(ports[i]);

    THEN(eq(sz, lease_up_to(f, "a", 100), 20));
}

CONTRACT(backend, its_clock_runs_forwards_in_milliseconds)
{
    struct clock_port clock;
    THEN(eq(int, f->backend.ops->open_clock(f->backend.self, &clock, &f->err),
            STATUS_OK));

    int64_t const first_ms = clock_now_ms(clock);
    int64_t const second_ms = clock_now_ms(clock);

    THEN(first_ms > INT64_C(1600000000000));
    THEN(first_ms < INSTANT_MAX_MS);
    THEN(second_ms >= first_ms - 1000);
    clock.ops->close(clock.self);
}

static size_t check(struct fixture *f, struct health_port health, size_t max,
                    struct finding *findings)
{
    size_t count;

    THEN(eq(int,
            health_check(health, f->now_ms, max, findings, &count, &f->err),
            STATUS_OK));
    THEN(count <= max);
    return count;
}

CONTRACT(health, the_same_checks_come_in_the_same_order)
{
    struct health_port health;
    struct finding first[32];
    struct finding second[32];
    THEN(eq(int, f->backend.ops->open_health(f->backend.self, &health, &f->err),
            STATUS_OK));
    health_port_check(health);

    size_t const count = check(f, health, 32, first);
    THEN(eq(sz, check(f, health, 32, second), count));

    THEN(count > 0);
    for (size_t i = 0; i < count; i++) {
        THEN(eq(str, (char *)first[i].check, (char *)second[i].check));
        THEN(first[i].check[0] != '\0');
        THEN(first[i].text[0] != '\0');
        THEN(strchr(first[i].text, '\n') == NULL);
        THEN(first[i].level <= FINDING_BAD);
    }
    health_close(health);
}

CONTRACT(health, no_more_than_asked_for_are_written)
{
    struct health_port health;
    struct finding findings[1];
    THEN(eq(int, f->backend.ops->open_health(f->backend.self, &health, &f->err),
            STATUS_OK));

    THEN(eq(sz, check(f, health, 1, findings), 1));
    THEN(eq(sz, check(f, health, 0, findings), 0));

    health_close(health);
}
