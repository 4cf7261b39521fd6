#include "cmd/library/client.h"

#include <stdlib.h>
#include <unistd.h>

#include "domain/text.h"

enum mr_code client_new(struct home *home, const char *url,
                        struct mr_client **out, struct mr_error *err)
{
    struct mr_client *client = calloc(1, sizeof(*client));

    if (!client)
        return refuse(err, MR_NO_MEMORY, NULL, "no memory for a client");
    struct text masked = text_in(client->url, sizeof(client->url));
    text_add(&masked, url);
    client->home = home_hold(home);
    client->owner = getpid();
    pthread_mutex_init(&client->lock, NULL);
    pthread_cond_init(&client->is_left, NULL);
    pthread_mutex_init(&client->sender_lock, NULL);
    pthread_mutex_init(&client->admin_lock, NULL);
    *out = client;
    return MR_OK;
}

/* The message names the backend, whether or not the fault does. */
static enum mr_code cannot_open(const char *masked, enum status st,
                                const struct error *err, struct mr_error *out)
{
    struct bytes const parts[] = {bytes_of(masked), BYTES(": "),
                                  bytes_of(err->text)};
    struct error full;

    if (strstr(err->text, masked))
        return failure(out, st, err);
    error_write(&full, err->field, parts, 3);
    return failure(out, st, &full);
}

enum mr_code mr_client_open(const char *url, struct mr_client **out,
                            struct mr_error *err)
{
    struct backend_url where;
    struct place place;
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_client_open: out is NULL");
    enum status st = place_url(url, &where, &why);
    if (st < 0)
        return failure(err, st, &why);
    st = place_open(&where, &place, &why);
    if (st < 0)
        return cannot_open(where.masked, st, &why, err);

    struct home *home = home_new(&place);
    if (!home) {
        place_close(&place);
        return refuse(err, MR_NO_MEMORY, NULL, "no memory for a client");
    }
    enum mr_code const code = client_new(home, where.masked, out, err);
    home_let_go(home);
    return code;
}

const char *mr_client_url(const struct mr_client *client)
{
    return client ? client->url : NULL;
}

static enum mr_code check_owner(const struct mr_client *client,
                                struct mr_error *err)
{
    if (client->owner == getpid())
        return MR_OK;
    return refuse(err, MR_WRONG_THREAD, NULL,
                  "the client belongs to the process that forked this one: "
                  "open another one here");
}

enum mr_code client_enter(struct mr_client *client, struct mr_error *err)
{
    if (!client)
        return refuse(err, MR_MISUSE, "client", "the client is NULL");
    enum mr_code const code = check_owner(client, err);
    if (code != MR_OK)
        return code;

    pthread_mutex_lock(&client->lock);
    bool const is_closed = client->is_closed;
    if (!is_closed)
        client->calls++;
    pthread_mutex_unlock(&client->lock);
    return is_closed ? refuse(err, MR_CLOSED, "client", "the client is closed")
                     : MR_OK;
}

void client_leave(struct mr_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->calls--;
    if (client->calls == 0)
        pthread_cond_broadcast(&client->is_left);
    pthread_mutex_unlock(&client->lock);
}

/* Locked for admin. */
static enum status open_admin(struct mr_client *client, struct error *err)
{
    enum status st = STATUS_OK;

    if (!client->admin.ops)
        st = home_open_admin(client->home, &client->admin, err);
    if (st == STATUS_OK && !client->fleet.ops)
        st = home_open_fleet(client->home, &client->fleet, err);
    return st;
}

enum mr_code client_enter_admin(struct mr_client *client, struct mr_error *err)
{
    struct error why;
    enum mr_code const code = client_enter(client, err);

    if (code != MR_OK)
        return code;
    pthread_mutex_lock(&client->admin_lock);
    enum status const st = open_admin(client, &why);
    if (st < 0)
        client_leave_admin(client);
    return failure(err, st, &why);
}

void client_leave_admin(struct mr_client *client)
{
    pthread_mutex_unlock(&client->admin_lock);
    client_leave(client);
}

int64_t client_now_ms(const struct mr_client *client)
{
    return clock_now_ms(client->home->place.clock);
}

/* Nobody else is in it any more, and nobody comes. */
static void let_go(struct mr_client *client)
{
    if (client->has_sender)
        sender_release(&client->sender);
    if (client->fleet.ops)
        fleet_close(client->fleet);
    if (client->admin.ops)
        admin_close(client->admin);
    if (client->queue.ops)
        queue_close(client->queue);
    if (client->random.ops)
        client->random.ops->close(client->random.self);
    home_let_go(client->home);
    client->home = NULL;
}

void mr_client_close(struct mr_client *client)
{
    if (!client || client->owner != getpid())
        return;
    pthread_mutex_lock(&client->lock);
    bool const is_first = !client->is_closed;
    client->is_closed = true;
    while (client->calls > 0)
        pthread_cond_wait(&client->is_left, &client->lock);
    if (is_first)
        let_go(client);
    pthread_mutex_unlock(&client->lock);
}

void mr_client_free(struct mr_client *client)
{
    if (!client || client->owner != getpid())
        return;
    mr_client_close(client);
    pthread_mutex_destroy(&client->admin_lock);
    pthread_mutex_destroy(&client->sender_lock);
    pthread_cond_destroy(&client->is_left);
    pthread_mutex_destroy(&client->lock);
    free(client);
}
