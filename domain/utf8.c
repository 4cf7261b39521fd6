#include "domain/utf8.h"

/* The length a first byte promises and its own bits; 0: it starts nothing. */
static size_t promised_length(unsigned char first, uint32_t *bits)
{
    if (first < 0x80) {
        *bits = first;
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        *bits = first & 0x1FU;
        return 2;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        *bits = first & 0x0FU;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        *bits = first & 0x07U;
        return 4;
    }
    return 0;
}

size_t utf8_read(struct bytes b, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t bits = 0;

    if (b.len == 0)
        return 0;
    size_t const len = promised_length((unsigned char)b.at[0], &bits);
    if (len == 0 || len > b.len)
        return 0;

    for (size_t i = 1; i < len; i++) {
        unsigned char const next = (unsigned char)b.at[i];
        if ((next & 0xC0) != 0x80)
            return 0;
        bits = bits << 6 | (next & 0x3FU);
    }
    bool const is_surrogate = bits >= 0xD800 && bits <= 0xDFFF;
    if (bits < smallest[len] || bits > 0x10FFFF || is_surrogate)
        return 0;
    *code = bits;
    return len;
}

bool utf8_is_printable(struct bytes b)
{
    while (b.len > 0) {
        uint32_t code = 0;
        size_t const len = utf8_read(b, &code);
        if (len == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0))
            return false;
        b.at += len;
        b.len -= len;
    }
    return true;
}
