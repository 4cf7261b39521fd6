/*
 * Any text as a cursor of the SQLite backend is refused as one, or a list goes
 * on from there: it gives valid tasks, none twice, and ends. A token that can
 * be read is written as one that reads as the same.
 */
#include <stdio.h>

#include "adapters/sqlite/sqlite_backend.h"
#include "adapters/sqlite/sqlite_row.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/list_walk.h"
#include "tests/fuzz/sqlite_folder.h"

static void hold_for_token(struct bytes input)
{
    struct lease_token text = {""};
    struct token token, again;

    if (input.len > 0)
        memcpy(text.text, input.at,
               input.len < LEASE_TOKEN_SIZE ? input.len : LEASE_TOKEN_SIZE);
    if (!token_parse(&text, &token))
        return;
    struct lease_token const written = token_format(token);
    assert(token_parse(&written, &again));
    assert(again.queue_id == token.queue_id && again.number == token.number);
    assert(again.fencing == token.fencing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct list_walk walk;

    if (!walk.backend.ops) {
        struct backend_url url = {.scheme = "sqlite", .namespace = "fuzz"};
        struct backend_port backend;
        struct error err;
        snprintf(url.path, sizeof(url.path), "%s", sqlite_folder_make());
        assert(sqlite_backend_open(&url, &backend, &err) == STATUS_OK);
        list_walk_init(&walk, backend);
    }
    list_walk_hold(&walk, input_of(data, size));
    hold_for_token(input_of(data, size));
    return 0;
}
