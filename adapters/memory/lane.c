#include "adapters/memory/lane.h"

#include <assert.h>
#include <stdlib.h>

enum { SIZE_MIN = 16 };

/* Squeezes the gaps out, into the slots at to. */
static void squeeze(struct lane *lane, struct lane_slot *to)
{
    size_t n = 0;

    for (size_t i = lane->first; i < lane->end; i++)
        if (lane->slots[i].item)
            to[n++] = lane->slots[i];
    lane->first = 0;
    lane->end = n;
}

bool lane_reserve(struct lane *lane, size_t n)
{
    size_t size = lane->size > 0 ? lane->size : SIZE_MIN;

    if (n <= lane->size - lane->end)
        return true;

    /* With half of it free afterwards, the next time is as far away as this
     * one was expensive. */
    while (size / 2 < lane->count + n)
        size *= 2;
    if (size == lane->size) {
        squeeze(lane, lane->slots);
        return true;
    }
    struct lane_slot *slots = malloc(size * sizeof(*slots));
    if (!slots)
        return false;
    squeeze(lane, slots);
    free(lane->slots);
    lane->slots = slots;
    lane->size = size;
    return true;
}

void lane_join(struct lane *lane, uint64_t number, void *item)
{
    assert(lane->end < lane->size);

    lane->slots[lane->end++] = (struct lane_slot){number, item};
    lane->count++;
}

/* The index of the first slot whose number is at least number. */
static size_t seek(const struct lane *lane, uint64_t number)
{
    size_t low = lane->first;
    size_t high = lane->end;

    while (low < high) {
        size_t const middle = low + (high - low) / 2;
        if (lane->slots[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void lane_leave(struct lane *lane, uint64_t number)
{
    size_t const at = lane->slots[lane->first].number == number
                          ? lane->first
                          : seek(lane, number);
    assert(at < lane->end && lane->slots[at].number == number &&
           lane->slots[at].item);

    lane->slots[at].item = NULL;
    lane->count--;
    while (lane->first < lane->end && !lane->slots[lane->first].item)
        lane->first++;
    if (lane->first == lane->end)
        lane->first = lane->end = 0;
    else if (lane->count < (lane->end - lane->first) / 4)
        squeeze(lane, lane->slots);
}

static void *item_from(const struct lane *lane, size_t at)
{
    while (at < lane->end && !lane->slots[at].item)
        at++;
    return at < lane->end ? lane->slots[at].item : NULL;
}

void *lane_first(const struct lane *lane)
{
    return item_from(lane, lane->first);
}

void *lane_after(const struct lane *lane, uint64_t number)
{
    return item_from(lane, seek(lane, number + 1));
}

void lane_release(struct lane *lane)
{
    free(lane->slots);
    *lane = (struct lane){0};
}
