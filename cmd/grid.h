/*
 * grid.h - rows of text under headings, aligned for people.
 */
#ifndef CMD_GRID_H
#define CMD_GRID_H

#include <stdint.h>

#include "domain/bytes.h"

struct column {
    const char *title;
    bool is_number; /* aligned to the right */
};

/* Zeroed but for columns[count] is an empty grid. */
struct grid {
    const struct column *columns;
    size_t count;
    char **cells; /* row after row */
    size_t used;
    size_t room;
    bool is_broken; /* memory ran out: rows are missing */
};

/* Fill the next cell, row by row. */
void grid_add(struct grid *g, struct bytes text);
void grid_add_int(struct grid *g, int64_t number);

/* An instant as local people read it; 0: "-". */
void grid_add_time(struct grid *g, int64_t at_ms);

/* Prints what there is, under headings. */
void grid_print(const struct grid *g);

void grid_release(struct grid *g);

#endif
