#include "domain/task_id.h"

#include <assert.h>

#include "domain/limits.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The 128 bits of an id: time (48) and random (64) before the hash (16). */
struct bits {
    uint64_t high;
    uint64_t low;
};

static struct bits bits_make(int64_t ms, uint64_t random, uint16_t hash)
{
    return (struct bits){
        .high = (uint64_t)ms << 16 | random >> 48,
        .low = random << 16 | hash,
    };
}

static uint8_t bits_byte(struct bits b, unsigned i)
{
    uint64_t const half = i < 8 ? b.high : b.low;

    return (uint8_t)(half >> (56 - i % 8 * 8));
}

/* Of each character its value in the alphabet, in either case, plus 1; 0: it is
 * none. */
static const uint8_t values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12,
    ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16, ['G'] = 17, ['H'] = 18,
    ['J'] = 19, ['K'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['V'] = 28, ['W'] = 29, ['X'] = 30,
    ['Y'] = 31, ['Z'] = 32, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14,
    ['e'] = 15, ['f'] = 16, ['g'] = 17, ['h'] = 18, ['j'] = 19, ['k'] = 20,
    ['m'] = 21, ['n'] = 22, ['p'] = 23, ['q'] = 24, ['r'] = 25, ['s'] = 26,
    ['t'] = 27, ['v'] = 28, ['w'] = 29, ['x'] = 30, ['y'] = 31, ['z'] = 32,
};

/* -1: not of the alphabet. */
static int digit_value(char c)
{
    return values[(unsigned char)c] - 1;
}

static struct bits bits_of(const struct task_id *id)
{
    struct bits b = {0, 0};

    for (size_t i = 0; i < TASK_ID_LEN; i++) {
        int const value = digit_value(id->text[i]);
        assert(value >= 0);
        b.high = b.high << 5 | b.low >> 59;
        b.low = b.low << 5 | (uint64_t)value;
    }
    return b;
}

/* Writes the n lowest digits of value, the last of them just before end. */
static void write_digits(char *end, size_t n, uint64_t value)
{
    for (; n > 0; n--) {
        *--end = alphabet[value & 31];
        value >>= 5;
    }
}

/* The 26 digits are 2, 12 and 12; each group comes from one word. */
static struct task_id id_of(struct bits b)
{
    struct task_id id = {{0}};

    write_digits(id.text + 26, 12, b.low);
    write_digits(id.text + 14, 12, b.high << 4 | b.low >> 60);
    write_digits(id.text + 2, 2, b.high >> 56);
    return id;
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo), over the queue's name and the first 14
 * bytes of the id, folded to 16 bits. */
static uint16_t hash_of(struct bits b, struct bytes queue)
{
    uint64_t const prime = UINT64_C(1099511628211);
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < queue.len; i++)
        h = (h ^ (unsigned char)queue.at[i]) * prime;
    for (int shift = 56; shift >= 0; shift -= 8)
        h = (h ^ (b.high >> shift & 0xff)) * prime;
    for (int shift = 56; shift > 8; shift -= 8)
        h = (h ^ (b.low >> shift & 0xff)) * prime;
    return (uint16_t)(h ^ h >> 16 ^ h >> 32 ^ h >> 48);
}

struct task_id task_id_next(struct task_id_source *source, int64_t now_ms,
                            uint64_t random, struct bytes queue)
{
    bool const is_fresh = source->last_ms == 0 && source->last_random == 0;
    assert(now_ms >= 0 && now_ms <= INSTANT_MAX_MS);

    if (now_ms > source->last_ms) {
        source->last_ms = now_ms;
        source->last_random = random;
    } else if (is_fresh) {
        source->last_random = random > 0 ? random : 1; /* 0 means fresh */
    } else if (source->last_random < UINT64_MAX) {
        source->last_random++;
    } else {
        source->last_ms++;
        source->last_random = random;
    }

    struct bits b = bits_make(source->last_ms, source->last_random, 0);
    b.low |= hash_of(b, queue);
    return id_of(b);
}

bool task_id_parse(struct bytes text, struct task_id *out)
{
    struct task_id id = {{0}};

    if (text.len != TASK_ID_LEN || digit_value(text.at[0]) > 7)
        return false;
    for (size_t i = 0; i < TASK_ID_LEN; i++) {
        int const value = digit_value(text.at[i]);
        if (value < 0)
            return false;
        id.text[i] = alphabet[value];
    }
    *out = id;
    return true;
}

/* The first ten digits, of which the first has three bits. */
int64_t task_id_time_ms(const struct task_id *id)
{
    int64_t ms = 0;

    for (size_t i = 0; i < 10; i++) {
        int const value = digit_value(id->text[i]);
        assert(value >= 0);
        ms = ms << 5 | value;
    }
    return ms;
}

bool task_id_matches(const struct task_id *id, struct bytes queue)
{
    struct bits const b = bits_of(id);

    return (uint16_t)b.low == hash_of(b, queue);
}

void task_id_pack(const struct task_id *id, uint8_t out[TASK_ID_BYTES])
{
    struct bits const b = bits_of(id);

    for (unsigned i = 0; i < TASK_ID_BYTES; i++)
        out[i] = bits_byte(b, i);
}

struct task_id task_id_unpack(const uint8_t bytes[TASK_ID_BYTES])
{
    struct bits b = {0, 0};

    for (size_t i = 0; i < 8; i++) {
        b.high = b.high << 8 | bytes[i];
        b.low = b.low << 8 | bytes[i + 8];
    }
    return id_of(b);
}
