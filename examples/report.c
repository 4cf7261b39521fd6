/*
 * report.c - a report every so often: report PERIOD_MS, in any number of
 * processes, and each is made once.
 *
 * Each adds the next; its key names the time it is for, and is held beyond.
 */
#include <inttypes.h>
#include <millrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct mr_client *client;
static struct mr_worker *worker;
static int64_t period_ms;

static void on_signal(int signal)
{
    (void)signal;
    mr_worker_stop(worker);
}

static enum mr_code add_next(int64_t last, struct mr_error *err)
{
    int64_t slot = (int64_t)time(NULL) * 1000 / period_ms;
    char key[64];

    slot = slot > last ? slot + 1 : last + 1;
    snprintf(key, sizeof(key), "report-%" PRId64, slot);
    struct mr_task_spec const spec = {.type = "report",
                                      .key = key,
                                      .key_ttl_ms = 2 * period_ms,
                                      .run_at_ms = slot * period_ms};
    return mr_enqueue(client, &spec, NULL, err);
}

static enum mr_outcome report(struct mr_task *task, void *context)
{
    int64_t const slot = atoll(mr_task_key(task) + sizeof("report-") - 1);
    (void)context;
    puts(mr_task_key(task));
    fflush(stdout);
    return add_next(slot, NULL) == MR_OK ? MR_DONE : MR_RETRY;
}

int main(int argc, char **argv)
{
    struct mr_error err = {.message = "PERIOD_MS must be 1000 or more"};
    period_ms = argc > 1 ? atoll(argv[1]) : 60000;
    if (period_ms >= 1000 && mr_client_open(NULL, &client, &err) == MR_OK &&
        mr_worker_new(client, NULL, &worker, &err) == MR_OK &&
        mr_worker_handle(worker, "report", report, NULL, &err) == MR_OK &&
        add_next(0, &err) == MR_OK && signal(SIGTERM, on_signal) != SIG_ERR &&
        mr_worker_run(worker, &err) == MR_OK)
        return 0;
    fprintf(stderr, "report: %s\n", err.message);
    return 1;
}
