#include "adapters/redis/redis_token.h"

#include "domain/text.h"

void redis_token_write(const struct redis_token *token, struct lease_token *out)
{
    struct text t = text_in(out->text, sizeof(out->text));
    char entry[REDIS_ENTRY_ID_SIZE];

    redis_entry_id_format(token->entry, entry);
    text_add_bytes(&t, token->queue);
    text_add(&t, ":");
    text_add(&t, redis_stream_name(token->stream));
    text_add(&t, ":");
    text_add(&t, entry);
    text_add(&t, ":");
    text_add(&t, token->id.text);
    if (token->has_pointer)
        text_add(&t, ":p");
}

/* Takes what comes before the next colon, or all of it. */
static struct bytes take_part(struct bytes *rest)
{
    const char *colon = rest->len ? memchr(rest->at, ':', rest->len) : NULL;
    size_t const len = colon ? (size_t)(colon - rest->at) : rest->len;
    struct bytes const part = {rest->at, len};

    rest->at += colon ? len + 1 : len;
    rest->len -= colon ? len + 1 : len;
    return part;
}

bool redis_token_read(const struct lease_token *text, const struct task_id *id,
                      struct redis_token *out)
{
    if (!memchr(text->text, '\0', sizeof(text->text)))
        return false;
    struct bytes rest = bytes_of(text->text);
    out->queue = take_part(&rest);
    if (!redis_stream_from(take_part(&rest), &out->stream) ||
        !redis_entry_id_parse(take_part(&rest), &out->entry) ||
        !bytes_is(take_part(&rest), id->text))
        return false;
    out->id = *id;
    out->has_pointer = bytes_is(rest, "p");
    return rest.len == 0 || out->has_pointer;
}

void redis_lease_name(const struct redis_task *stored, enum redis_stream stream,
                      struct redis_entry_id entry, struct lease *out)
{
    struct redis_token const token = {
        .queue = stored->task.queue,
        .stream = stream,
        .entry = entry,
        .id = stored->task.id,
        .has_pointer = stored->has_pointer ||
                       !redis_entry_is_near(entry, &stored->task.id),
    };

    *out = (struct lease){
        .task = stored->task,
        .fencing = redis_entry_id_fencing(entry),
    };
    out->task.attempt++;
    redis_token_write(&token, &out->token);
}

bool redis_lease_make(const struct redis_task *stored, enum redis_stream stream,
                      struct redis_entry_id entry, int64_t until_ms,
                      struct arena *mem, struct lease *out)
{
    struct redis_task copy;

    if (!redis_task_copy(stored, mem, &copy))
        return false;
    redis_lease_name(&copy, stream, entry, out);
    out->until_ms = until_ms;
    return true;
}
