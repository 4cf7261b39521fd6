#include "cmd/queue_rows.h"

#include <stdio.h>

#include "adapters/json/record_json.h"
#include "cmd/grid.h"
#include "cmd/output.h"
#include "domain/duration.h"

#define ROWS 64

static const struct column columns[] = {
    {"QUEUE", false}, {"READY", true}, {"ACTIVE", true}, {"SCHEDULED", true},
    {"RETRY", true},  {"DEAD", true},  {"DONE", true},   {"FAILED", true},
    {"OLDEST", true}, {"", false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* How long the oldest ready task waits, to the second. */
static void add_age(struct grid *grid, int64_t at_ms, int64_t now_ms)
{
    char buffer[64];
    struct text text = text_in(buffer, sizeof(buffer));
    int64_t const age_ms = now_ms > at_ms ? now_ms - at_ms : 0;

    if (at_ms == 0)
        text_add(&text, "-");
    else
        duration_add(&text, age_ms < 1000 ? age_ms : age_ms / 1000 * 1000);
    grid_add(grid, bytes_of(buffer));
}

static void add_row(struct grid *grid, const struct queue_stats *row,
                    int64_t now_ms)
{
    static const enum task_state shown[] = {
        TASK_READY, TASK_ACTIVE, TASK_SCHEDULED, TASK_RETRY, TASK_DEAD};

    grid_add(grid, bytes_of(row->queue));
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        grid_add_int(grid, row->waiting[shown[i]]);
    grid_add_int(grid, row->done);
    grid_add_int(grid, row->failed);
    add_age(grid, row->oldest_ready_at_ms, now_ms);
    grid_add(grid, bytes_of(row->is_paused ? "paused" : ""));
}

static void print_rows(const struct globals *globals, struct grid *grid,
                       const struct queue_stats *rows, size_t n, int64_t now_ms)
{
    struct json_writer json = {0};

    for (size_t i = 0; i < n; i++) {
        if (!globals->is_json) {
            add_row(grid, &rows[i], now_ms);
            continue;
        }
        record_json_queue(&json, NULL, &rows[i], now_ms);
        output_json(&json);
    }
    json_writer_release(&json);
}

enum status queue_rows_print(const struct globals *globals,
                             const struct wire *wire, struct error *err)
{
    struct grid grid = {.columns = columns, .count = COLUMNS};
    struct queue_stats rows[ROWS];
    char last[QUEUE_NAME_MAX + 1] = "";
    enum status st = STATUS_OK;
    size_t n = ROWS;

    while (n == ROWS && st == STATUS_OK) {
        int64_t const now_ms = clock_now_ms(wire->clock);
        struct bytes const after = {last[0] ? last : NULL, strlen(last)};
        st = admin_stats(wire->admin, now_ms, after, ROWS, rows, &n, err);
        if (st != STATUS_OK)
            break;
        print_rows(globals, &grid, rows, n, now_ms);
        if (n > 0)
            memcpy(last, rows[n - 1].queue, sizeof(last));
    }
    if (st == STATUS_OK && !globals->is_json)
        grid_print(&grid);
    grid_release(&grid);
    return st;
}
