#include "cmd/grid.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/output.h"
#include "domain/instant.h"
#include "domain/text.h"

#define GAP 2
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static bool reserve(struct grid *g)
{
    if (g->used < g->room)
        return true;

    size_t const room = g->room > 0 ? 2 * g->room : 16 * g->count;
    char **grown = realloc(g->cells, room * sizeof(*grown));
    if (!grown)
        return false;
    g->cells = grown;
    g->room = room;
    return true;
}

void grid_add(struct grid *g, struct bytes text)
{
    char *copy = reserve(g) ? malloc(text.len + 1) : NULL;

    if (!copy) {
        g->is_broken = true;
        return;
    }
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
            copy[i] = '?';
    copy[text.len] = '\0';
    g->cells[g->used++] = copy;
}

void grid_add_int(struct grid *g, int64_t number)
{
    char buffer[24];
    struct text digits = text_in(buffer, sizeof(buffer));

    text_add_int(&digits, number);
    grid_add(g, (struct bytes){digits.at, digits.len});
}

void grid_add_time(struct grid *g, int64_t at_ms)
{
    char text[INSTANT_TEXT_SIZE];

    if (at_ms == 0) {
        grid_add(g, BYTES("-"));
        return;
    }
    instant_format(at_ms, text);
    grid_add(g, bytes_of(text));
}

/* How many characters of UTF-8 are in text. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        if (((unsigned char)*text & 0xC0) != 0x80)
            width++;
    return width;
}

static size_t column_width(const struct grid *g, size_t column)
{
    size_t widest = width_of(g->columns[column].title);

    for (size_t i = column; i < g->used; i += g->count) {
        size_t const width = width_of(g->cells[i]);
        if (width > widest)
            widest = width;
    }
    return widest;
}

/* Blanks wait for what they come before, so that no line ends with one. */
static void print_cell(const struct grid *g, size_t column, const char *text,
                       int *blanks)
{
    int const pad = (int)(column_width(g, column) - width_of(text));
    bool const is_number = g->columns[column].is_number;

    *blanks += is_number ? pad : 0;
    if (*text) {
        printf("%*s%s", *blanks, "", text);
        *blanks = 0;
    }
    *blanks += (is_number ? 0 : pad) + GAP;
}

void grid_print(const struct grid *g)
{
    bool const is_coloured = output_is_coloured();
    int blanks = 0;
    assert(g->count > 0);

    printf("%s", is_coloured ? BOLD : "");
    for (size_t column = 0; column < g->count; column++)
        print_cell(g, column, g->columns[column].title, &blanks);
    printf("%s\n", is_coloured ? PLAIN : "");

    for (size_t i = 0; i < g->used; i++) {
        blanks = i % g->count == 0 ? 0 : blanks;
        print_cell(g, i % g->count, g->cells[i], &blanks);
        if (i % g->count + 1 == g->count)
            putchar('\n');
    }
    if (g->is_broken)
        complain("millrace: no memory for the whole grid");
}

void grid_release(struct grid *g)
{
    for (size_t i = 0; i < g->used; i++)
        free(g->cells[i]);
    free(g->cells);
    *g = (struct grid){0};
}
