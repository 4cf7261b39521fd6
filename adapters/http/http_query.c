#include "adapters/http/http_query.h"

#include "domain/utf8.h"

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c | 0x20) : NULL;

    /* 0x20 makes letters lower case, and other characters digits. */
    if (!found || (c < '0' || (c > '9' && c < 'A')))
        return -1;
    return (int)(found - digits);
}

bool http_percent_decode(char *text)
{
    char *out = text;

    for (const char *c = text; *c; c++) {
        if (*c != '%') {
            *out++ = *c;
            continue;
        }
        int const high = hex_digit(c[1]);
        int const low = high < 0 ? -1 : hex_digit(c[2]);
        if (low < 0)
            return false;
        *out++ = (char)(high * 16 + low);
        c += 2;
    }
    size_t const len = (size_t)(out - text);
    bool const is_whole = memchr(text, '\0', len) == NULL;
    *out = '\0';
    return is_whole && utf8_is_printable((struct bytes){text, len});
}
