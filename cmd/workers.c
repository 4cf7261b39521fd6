#include <stdio.h>
#include <string.h>

#include "adapters/json/record_json.h"
#include "cmd/grid.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/wire.h"
#include "usecase/heartbeat.h"

#define ROWS 32

static const struct column columns[] = {
    {"NAME", false},      {"HOST", false},   {"PID", true},
    {"BUSY", true},       {"OF", true},      {"STARTED", false},
    {"LAST SEEN", false}, {"QUEUES", false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void add_row(struct grid *grid, const struct worker_info *worker)
{
    grid_add(grid, bytes_of(worker->name));
    grid_add(grid, bytes_of(worker->host));
    grid_add_int(grid, worker->pid);
    grid_add_int(grid, worker->busy);
    grid_add_int(grid, worker->concurrency);
    grid_add_time(grid, worker->started_at_ms);
    grid_add_time(grid, worker->seen_at_ms);
    grid_add(grid, bytes_of(worker->queues));
}

static void print_rows(const struct globals *globals, struct grid *grid,
                       const struct worker_info *rows, size_t n)
{
    struct json_writer json = {0};

    for (size_t i = 0; i < n; i++) {
        if (!globals->is_json) {
            add_row(grid, &rows[i]);
            continue;
        }
        record_json_worker(&json, NULL, &rows[i]);
        output_json(&json);
    }
    json_writer_release(&json);
}

static enum status print_workers(const struct globals *globals,
                                 const struct wire *wire, struct error *err)
{
    int64_t const since_ms = clock_now_ms(wire->clock) - HEARTBEAT_ALIVE_MS;
    struct grid grid = {.columns = columns, .count = COLUMNS};
    struct worker_info rows[ROWS];
    char last[WORKER_NAME_MAX + 1] = "";
    enum status st = STATUS_OK;
    size_t n = ROWS;

    while (n == ROWS && st == STATUS_OK) {
        st = fleet_workers(wire->fleet, since_ms, last, ROWS, rows, &n, err);
        if (st != STATUS_OK)
            break;
        print_rows(globals, &grid, rows, n);
        if (n > 0)
            memcpy(last, rows[n - 1].name, sizeof(last));
    }
    if (st == STATUS_OK && !globals->is_json)
        grid_print(&grid);
    grid_release(&grid);
    return st;
}

enum exit_code command_workers(struct invocation *inv)
{
    struct option_set const set = {
        NULL, NULL, "Shows the workers that were seen in the last 10 s."};
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, NULL, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_FLEET, &wire);
    if (code != CODE_FINE)
        return code;
    enum status const st = print_workers(&inv->globals, &wire, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    wire_close(&wire);
    return code;
}
