/*
 * A task that can be decoded was a JSON object, each of its members at most
 * once; its bytes are JSON where they should be; and as much free room as the
 * text is long is always enough. One that is valid, too, is a valid task when
 * it has got an id.
 */
#include "adapters/json/task_json.h"

#include <stdlib.h>

#include "domain/json_text.h"
#include "tests/fuzz/fuzz.h"

static void hold_for_task(struct task_spec spec)
{
    struct task_id_source ids = {0};
    struct error err;

    assert(spec.task.type.at && spec.task.payload.len > 0);
    assert(json_text_check(spec.task.payload, PAYLOAD_DEPTH_MAX, "payload",
                           &err) == STATUS_OK);
    if (task_spec_validate(&spec, &err) != STATUS_OK) {
        assert(err.field && err.text[0] != '\0');
        return;
    }
    if (spec.task.id.text[0] == '\0')
        spec.task.id = task_id_next(&ids, 1, 1, spec.task.queue);
    assert(task_is_valid(&spec.task));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes const text = input_of(data, size);
    char *room = malloc(size);
    struct arena mem = {.base = room, .size = size};
    struct task_spec spec;
    struct error err;

    enum status const st = task_json_decode(text, &mem, &spec, &err);
    if (st == STATUS_OK) {
        /* One level more: the payload's are counted from its own start. */
        assert(json_text_check(text, PAYLOAD_DEPTH_MAX + 1, "task", &err) ==
               STATUS_OK);
        hold_for_task(spec);
    } else {
        assert(st == STATUS_INVALID && err.text[0] != '\0');
    }
    free(room);
    return 0;
}
