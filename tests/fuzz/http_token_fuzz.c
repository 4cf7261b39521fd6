/*
 * A lease token that can be read has its parts within their limits, and writes
 * as a text that reads as the same; with numbers as we write them, as the very
 * text.
 */
#include "adapters/http/http_token.h"

#include "domain/limits.h"
#include "domain/task.h"
#include "tests/fuzz/fuzz.h"
#include "usecase/consume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes const text = input_of(data, size);
    char written[HTTP_TOKEN_SIZE], rewritten[HTTP_TOKEN_SIZE];
    struct http_token token, again;

    if (!http_token_parse(text, &token))
        return 0;
    assert(queue_name_is_valid(bytes_of(token.queue)));
    assert(plain_name_is_valid(bytes_of(token.worker)));
    assert(token.leased_at_ms >= 0 && token.leased_at_ms <= INSTANT_MAX_MS);
    assert(token.lease_ms >= LEASE_MIN_MS && token.lease_ms <= DURATION_MAX_MS);

    http_token_format(&token, written);
    assert(strlen(written) <= size);
    assert(http_token_parse(bytes_of(written), &again));
    assert(strcmp(again.queue, token.queue) == 0);
    assert(strcmp(again.worker, token.worker) == 0);
    assert(strcmp(again.inner.text, token.inner.text) == 0);
    assert(again.leased_at_ms == token.leased_at_ms);
    assert(again.lease_ms == token.lease_ms);
    http_token_format(&again, rewritten);
    assert(strcmp(written, rewritten) == 0);
    return 0;
}
