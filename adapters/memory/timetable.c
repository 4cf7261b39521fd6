#include "adapters/memory/timetable.h"

#include <assert.h>
#include <string.h>

/* The ranks are the numbers 1, 2, 3 ... well stirred: the same each run. */
static uint64_t next_rank(struct timetable *t)
{
    uint64_t z = ++t->ranks * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return z ^ (z >> 32);
}

static bool is_after(const struct due *due, int64_t at_ms,
                     const struct task_id *id)
{
    if (due->at_ms != at_ms)
        return due->at_ms > at_ms;
    return strcmp(due->id->text, id->text) > 0;
}

bool due_is_before(const struct due *a, const struct due *b)
{
    return is_after(b, a->at_ms, a->id);
}

/* Whether a comes after b; of two alike, whichever lies higher, so that no two
 * are in the same place. */
static bool comes_after(const struct due *a, const struct due *b)
{
    if (is_after(a, b->at_ms, b->id))
        return true;
    return !is_after(b, a->at_ms, a->id) && (uintptr_t)a > (uintptr_t)b;
}

/* Cuts a tree in two: what comes before due, and what comes after. */
static void split(struct due *tree, const struct due *due, struct due **before,
                  struct due **after)
{
    while (tree) {
        if (comes_after(tree, due)) {
            *after = tree;
            after = &tree->left;
            tree = tree->left;
        } else {
            *before = tree;
            before = &tree->right;
            tree = tree->right;
        }
    }
    *before = *after = NULL;
}

/* Makes one tree of two, where all of before comes before all of after. */
static struct due *join(struct due *before, struct due *after)
{
    struct due *root = NULL;
    struct due **at = &root;

    while (before && after) {
        if (before->rank > after->rank) {
            *at = before;
            at = &before->right;
            before = before->right;
        } else {
            *at = after;
            at = &after->left;
            after = after->left;
        }
    }
    *at = before ? before : after;
    return root;
}

void timetable_enter(struct timetable *t, struct due *due, int64_t at_ms,
                     const struct task_id *id)
{
    struct due **at = &t->root;

    due->at_ms = at_ms;
    due->id = id;
    due->rank = next_rank(t);
    while (*at && (*at)->rank > due->rank)
        at = comes_after(*at, due) ? &(*at)->left : &(*at)->right;
    split(*at, due, &due->left, &due->right);
    *at = due;
    t->count++;
}

void timetable_strike(struct timetable *t, const struct due *due)
{
    struct due **at = &t->root;

    while (*at != due) {
        assert(*at);
        at = comes_after(*at, due) ? &(*at)->left : &(*at)->right;
    }
    *at = join(due->left, due->right);
    t->count--;
}

struct due *timetable_first(const struct timetable *t)
{
    struct due *first = t->root;

    while (first && first->left)
        first = first->left;
    return first;
}

static bool is_at(const struct due *due, int64_t at_ms,
                  const struct task_id *id)
{
    return due->at_ms == at_ms && strcmp(due->id->text, id->text) == 0;
}

struct due *timetable_after(const struct timetable *t, int64_t at_ms,
                            const struct task_id *id, bool is_inclusive)
{
    struct due *found = NULL;

    for (struct due *tree = t->root; tree;) {
        if (is_after(tree, at_ms, id) ||
            (is_inclusive && is_at(tree, at_ms, id))) {
            found = tree;
            tree = tree->left;
        } else {
            tree = tree->right;
        }
    }
    return found;
}
