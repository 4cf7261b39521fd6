#include "tests/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct bytes fixture_read(const char *name)
{
    const char *folder = getenv("FIXTURES");
    char path[1024];
    cr_assert(folder != NULL, "FIXTURES does not say where fixtures are");
    snprintf(path, sizeof(path), "%s/%s", folder, name);

    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "no fixture %s", path);
    size_t const size = 2 << 20;
    char *text = malloc(size);
    cr_assert(text != NULL);
    size_t const len = fread(text, 1, size - 1, file);
    cr_assert(feof(file), "%s is too large", path);
    fclose(file);
    text[len] = '\0';
    return (struct bytes){text, len};
}

static void split(struct row *row, char *line, size_t columns, const char *name)
{
    size_t n = 0;

    for (char *cell = line; cell; n++) {
        char *tab = strchr(cell, '\t');
        if (tab)
            *tab++ = '\0';
        if (n < TABLE_COLUMNS)
            row->cells[n] = cell;
        cell = tab;
    }
    cr_assert(n == columns, "%s:%d has %zu columns, not %zu", name, row->line,
              n, columns);
}

struct table table_read(const char *name, size_t columns)
{
    struct bytes const text = fixture_read(name);
    struct table table = {.text = (char *)text.at};
    int number = 0;

    table.rows = calloc(text.len + 1, sizeof(*table.rows));
    cr_assert(table.rows != NULL);
    for (char *line = table.text; *line;) {
        char *end = strchr(line, '\n');
        cr_assert(end != NULL, "%s ends without a newline", name);
        *end = '\0';
        number++;
        if (*line != '\0' && *line != '#') {
            struct row *row = &table.rows[table.count++];
            row->line = number;
            split(row, line, columns, name);
        }
        line = end + 1;
    }
    cr_assert(table.count > 0, "%s has no row", name);
    return table;
}

void table_release(struct table *table)
{
    free(table->rows);
    free(table->text);
    *table = (struct table){NULL, NULL, 0};
}
