#include "domain/text.h"

struct text text_in(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct text){.at = buffer, .size = size};
}

static void add(struct text *t, const char *from, size_t len)
{
    size_t const room = t->size - 1 - t->len;

    if (len > room) {
        len = room;
        t->is_cut = true;
    }
    if (len > 0)
        memcpy(t->at + t->len, from, len);
    t->len += len;
    t->at[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
    add(t, s, strlen(s));
}

void text_add_bytes(struct text *t, struct bytes b)
{
    add(t, b.at, b.len);
}

void text_add_int(struct text *t, int64_t n)
{
    if (n < 0)
        add(t, "-", 1);
    text_add_padded(t, n, 1);
}

void text_add_padded(struct text *t, int64_t n, int width)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
        width--;
    } while ((rest > 0 || width > 0) && at > 0);
    add(t, digits + at, sizeof(digits) - at);
}

void text_add_printable(struct text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        bool const prints = b.at[i] >= ' ' && b.at[i] <= '~';
        add(t, prints ? &b.at[i] : "?", 1);
    }
}

size_t byte_to_json(char byte, char out[BYTE_JSON_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char const c = (unsigned char)byte;

    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
        out[0] = byte;
        return 1;
    }
    memcpy(out, "\\u00", 4);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    return BYTE_JSON_MAX;
}

bool text_read_int(struct bytes b, int64_t limit, int64_t *out)
{
    int64_t n = 0;

    if (b.len == 0)
        return false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < '0' || b.at[i] > '9')
            return false;
        int64_t const digit = b.at[i] - '0';
        if (n > (limit - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (n > limit)
        return false;
    *out = n;
    return true;
}
