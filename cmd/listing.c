#include "cmd/listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapters/json/record_json.h"
#include "cmd/arguments.h"
#include "cmd/grid.h"
#include "cmd/output.h"
#include "cmd/wire.h"
#include "domain/text.h"

#define ERROR_WIDTH 48 /* of last_error, in bytes */

static const struct column columns[] = {
    {"ID", false},      {"QUEUE", false},  {"TYPE", false}, {"STATE", false},
    {"ATTEMPT", false}, {"RUN AT", false}, {"NOTE", false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void add_attempts(struct grid *grid, const struct task *task)
{
    char buffer[32];
    struct text text = text_in(buffer, sizeof(buffer));

    text_add_int(&text, task->attempt);
    text_add(&text, "/");
    text_add_int(&text, task->max_attempts);
    grid_add(grid, bytes_of(buffer));
}

/* What is worth knowing of a task in that state: who has it, why it died,
 * what went wrong. */
static void add_note(struct grid *grid, const struct task_record *record)
{
    char buffer[ERROR_WIDTH + REASON_WIDTH];
    struct text text = text_in(buffer, sizeof(buffer));
    struct bytes error = record->task.last_error;

    if (record->state == TASK_ACTIVE)
        text_add_bytes(&text, record->worker);
    if (record->state == TASK_DEAD)
        text_add(&text, reason_name(record->reason));
    if (record->state == TASK_RETRY || record->state == TASK_DEAD) {
        if (text.len > 0 && error.len > 0)
            text_add(&text, ": ");
        text_add_printable(&text, error);
    }
    if (text.is_cut)
        memcpy(buffer + sizeof(buffer) - 4, "...", 4);
    grid_add(grid, bytes_of(buffer));
}

static void add_row(struct grid *grid, const struct task_record *record)
{
    grid_add(grid, bytes_of(record->task.id.text));
    grid_add(grid, record->task.queue);
    grid_add(grid, record->task.type);
    grid_add(grid, bytes_of(task_state_name(record->state)));
    add_attempts(grid, &record->task);
    grid_add_time(grid, record->task.run_at_ms);
    add_note(grid, record);
}

struct printer {
    const struct invocation *inv;
    struct json_writer json;
    struct grid grid;
};

static void print_page(struct printer *p, const struct task_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        if (!p->inv->globals.is_json) {
            add_row(&p->grid, &page->records[i]);
            continue;
        }
        record_json_task(&p->json, NULL, &page->records[i]);
        output_json(&p->json);
    }
}

/* Prints pages until the limit or the end; *next is where it goes on. */
static enum status print_pages(struct printer *p, const struct wire *wire,
                               const struct listing *listing, struct arena *mem,
                               struct cursor *next, struct error *err)
{
    struct list_request req = {.filter = listing->filter, .cursor = *next};
    int64_t left = listing->limit;

    do {
        struct task_page page;
        req.max = left < ADMIN_EXAMINE_MAX ? (size_t)left : ADMIN_EXAMINE_MAX;
        req.now_ms = clock_now_ms(wire->clock);
        arena_reset(mem);
        enum status const st = admin_list(wire->admin, &req, mem, &page, err);
        if (st < 0)
            return st;
        print_page(p, &page);
        left -= (int64_t)page.count;
        req.cursor = page.next;
    } while (left > 0 && req.cursor.text[0] != '\0' && output_flush());
    *next = req.cursor;
    return STATUS_OK;
}

static void print_end(struct printer *p, const struct cursor *next)
{
    bool const goes_on = next->text[0] != '\0';

    if (!p->inv->globals.is_json) {
        grid_print(&p->grid);
        /* Behind the last row, also where both streams end in one file. */
        if (goes_on && output_flush())
            complain("more: the same again with --cursor %s", next->text);
    } else if (goes_on) {
        json_begin_object(&p->json, NULL);
        json_add_string(&p->json, "cursor", bytes_of(next->text));
        json_end_object(&p->json);
        output_json(&p->json);
    }
}

enum exit_code listing_print(const struct invocation *inv,
                             const struct listing *listing)
{
    struct printer printer = {.inv = inv,
                              .grid = {.columns = columns, .count = COLUMNS}};
    struct arena mem = {0};
    struct cursor cursor;
    struct error err;
    struct wire wire;

    if (strlen(listing->cursor) >= sizeof(cursor.text)) {
        complain("millrace: --cursor: is none: too long");
        return CODE_USAGE;
    }
    memcpy(cursor.text, listing->cursor, strlen(listing->cursor) + 1);

    enum exit_code code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;
    enum status st = record_room_open(&mem, &err);
    if (st == STATUS_OK)
        st = print_pages(&printer, &wire, listing, &mem, &cursor, &err);
    if (st == STATUS_OK)
        print_end(&printer, &cursor);
    else
        code = wire_fault(&wire, st, &err);
    record_room_close(&mem);
    json_writer_release(&printer.json);
    grid_release(&printer.grid);
    wire_close(&wire);
    return code;
}
