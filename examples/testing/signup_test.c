/*
 * signup_test.c - tests code that uses a queue, without a queue: a reminder is
 * sent three days after a sign-up, and what does not go out is tried again.
 *
 *     cc signup_test.c $(pkg-config --cflags --libs millrace)
 */
#include <assert.h>
#include <millrace-testing.h>

/* ---- The code under test. ---- */

static enum mr_code sign_up(struct mr_client *client, const char *name)
{
    struct mr_task_spec const remind = {
        .type = "remind", .payload = name, .delay_ms = INT64_C(259200000)};

    return mr_enqueue(client, &remind, NULL, NULL);
}

static enum mr_outcome remind(struct mr_task *task, void *context)
{
    int *mails = context;

    if (mr_task_attempt(task) == 1)
        return mr_task_retry(task, "no route to host");
    ++*mails;
    return MR_DONE;
}

/* ---- Its test. ---- */

int main(void)
{
    struct mr_testing *kit;
    size_t ran;
    int mails = 0;
    assert(mr_testing_open(&kit, NULL) == MR_OK);
    assert(mr_testing_handle(kit, "remind", remind, &mails, NULL) == MR_OK);

    assert(sign_up(mr_testing_client(kit), "\"anna\"") == MR_OK);
    assert(mr_testing_advance(kit, 259199999, &ran, NULL) == MR_OK);
    assert(ran == 0 && mails == 0);
    assert(mr_testing_advance(kit, 60000, &ran, NULL) == MR_OK);
    assert(ran == 2 && mails == 1);

    /* What does sign_up do when the queue is down? */
    assert(mr_testing_fail(kit, MR_TESTING_ENQUEUE, MR_TESTING_BEFORE, 0, 1,
                           MR_UNAVAILABLE, NULL) == MR_OK);
    assert(sign_up(mr_testing_client(kit), "\"bert\"") == MR_UNAVAILABLE);

    mr_testing_free(kit);
    return 0;
}
