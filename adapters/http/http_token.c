#include "adapters/http/http_token.h"

#include "domain/text.h"
#include "usecase/consume.h"

/* QUEUE:WORKER:LEASED_AT:LENGTH:TOKEN; no colon is in the first four. */
void http_token_format(const struct http_token *token,
                       char out[HTTP_TOKEN_SIZE])
{
    struct text t = text_in(out, HTTP_TOKEN_SIZE);

    text_add(&t, token->queue);
    text_add(&t, ":");
    text_add(&t, token->worker);
    text_add(&t, ":");
    text_add_int(&t, token->leased_at_ms);
    text_add(&t, ":");
    text_add_int(&t, token->lease_ms);
    text_add(&t, ":");
    text_add(&t, token->inner.text);
}

/* Takes what is before the next colon. */
static bool take_part(struct bytes *rest, struct bytes *out)
{
    const char *colon = rest->len > 0 ? memchr(rest->at, ':', rest->len) : NULL;

    if (!colon)
        return false;
    *out = (struct bytes){rest->at, (size_t)(colon - rest->at)};
    rest->len -= out->len + 1;
    rest->at = colon + 1;
    return true;
}

static void keep(struct bytes text, char *out)
{
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

bool http_token_parse(struct bytes text, struct http_token *out)
{
    struct bytes queue;
    struct bytes worker;
    struct bytes leased_at;
    struct bytes lease;

    if (!take_part(&text, &queue) || !queue_name_is_valid(queue) ||
        !take_part(&text, &worker) || !plain_name_is_valid(worker) ||
        !take_part(&text, &leased_at) ||
        !text_read_int(leased_at, INSTANT_MAX_MS, &out->leased_at_ms) ||
        !take_part(&text, &lease) ||
        !text_read_int(lease, DURATION_MAX_MS, &out->lease_ms) ||
        out->lease_ms < LEASE_MIN_MS)
        return false;
    if (text.len == 0 || text.len >= LEASE_TOKEN_SIZE ||
        memchr(text.at, '\0', text.len))
        return false;
    keep(queue, out->queue);
    keep(worker, out->worker);
    keep(text, out->inner.text);
    return true;
}
