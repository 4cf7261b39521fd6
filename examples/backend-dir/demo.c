/*
 * demo.c - a producer and a worker over a folder: demo FOLDER.
 */
#include <millrace-backend.h>
#include <stdio.h>

#include "dir_backend.h"

static enum mr_outcome print(struct mr_task *task, void *context)
{
    (void)context;
    printf("%s\n", mr_task_payload(task, NULL));
    return MR_DONE;
}

static enum mr_code work(struct mr_client *client, struct mr_error *err)
{
    struct mr_task_spec const spec = {.type = "print", .payload = "\"hello\""};
    struct mr_worker_config const config = {.is_draining = true};
    struct mr_worker *worker;
    enum mr_code code = mr_enqueue(client, &spec, NULL, err);

    if (code != MR_OK)
        return code;
    code = mr_worker_new(client, &config, &worker, err);
    if (code != MR_OK)
        return code;
    code = mr_worker_handle(worker, "print", print, NULL, err);
    if (code == MR_OK)
        code = mr_worker_run(worker, err);
    mr_worker_free(worker);
    return code;
}

int main(int argc, char **argv)
{
    struct backend_port backend;
    struct mr_client *client;
    struct error why;
    struct mr_error err = {.message = "no such folder"};

    if (argc != 2 || dir_backend_open(argv[1], "demo", &backend, &why) < 0 ||
        mr_client_open_backend(&backend, MR_BACKEND_ABI, argv[1], &client,
                               &err) != MR_OK) {
        fprintf(stderr, "demo: %s\n", err.message);
        return 1;
    }
    enum mr_code const code = work(client, &err);
    if (code != MR_OK)
        fprintf(stderr, "demo: %s\n", err.message);
    mr_client_free(client);
    return code == MR_OK ? 0 : 1;
}
