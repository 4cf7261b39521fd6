/*
 * table.h - fixtures as tables: one case a line.
 *
 * Columns are parted by single tabs; lines that are empty or begin with '#'
 * don't count. An empty first cell followed by a tab is a cell.
 */
#ifndef TESTS_TABLE_H
#define TESTS_TABLE_H

#include "domain/bytes.h"

#define TABLE_COLUMNS 12

struct row {
    int line;
    const char *cells[TABLE_COLUMNS];
};

struct table {
    char *text;
    struct row *rows;
    size_t count;
};

/* Reads the file name under the folder named by FIXTURES. Ends the test if
 * there is none, if it has no row, or if a row has not that many columns. */
struct table table_read(const char *name, size_t columns);

void table_release(struct table *table);

/* The bytes of any file there, for the caller to free. */
struct bytes fixture_read(const char *name);

#endif
