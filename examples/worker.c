/*
 * worker.c - runs tasks until it is told to stop, by Ctrl-C or SIGTERM.
 *
 *     cc worker.c $(pkg-config --cflags --libs millrace) -o worker
 */
#include <millrace.h>
#include <signal.h>
#include <stdio.h>

static struct mr_worker *worker;

static void on_signal(int signal)
{
    (void)signal;
    mr_worker_stop(worker); /* the second time: at once */
}

static enum mr_outcome welcome(struct mr_task *task, void *context)
{
    (void)context;
    if (mr_task_attempt(task) == 1) /* as mail servers go */
        return mr_task_retry_after(task, 100, "451 try again later");
    printf("welcome %s\n", mr_task_payload(task, NULL));
    return mr_task_done(task, "{\"sent\":true}");
}

static enum mr_outcome chore(struct mr_task *task, void *context)
{
    (void)context;
    printf("%s\n", mr_task_type(task));
    return MR_DONE;
}

int main(void)
{
    struct mr_worker_config const config = {.queues = "mail=3,default=1"};
    struct mr_client *client = NULL;
    struct mr_error err;
    enum mr_code code = mr_client_open(NULL, &client, &err);

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (code == MR_OK)
        code = mr_worker_new(client, &config, &worker, &err);
    if (code == MR_OK)
        code = mr_worker_handle(worker, "email.welcome", welcome, NULL, &err);
    if (code == MR_OK)
        code = mr_worker_handle(worker, "*", chore, NULL, &err);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (code == MR_OK)
        code = mr_worker_run(worker, &err);
    if (code != MR_OK)
        fprintf(stderr, "worker: %s\n", err.message);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN); /* a free worker can't be stopped */
    mr_worker_free(worker);
    mr_client_free(client);
    return code == MR_OK ? 0 : 1;
}
