/*
 * Percent-encoded text decodes to what can be printed, never to more bytes,
 * and text without an escape to itself. Encoded again, escape by escape, it
 * decodes to the same.
 */
#include "adapters/http/http_query.h"

#include <stdio.h>
#include <stdlib.h>

#include "domain/utf8.h"
#include "tests/fuzz/fuzz.h"

static void hold_for_escapes(const char *decoded)
{
    size_t const len = strlen(decoded);
    char *escaped = malloc(3 * len + 1);

    assert(escaped);
    escaped[0] = '\0';
    for (size_t i = 0; i < len; i++)
        snprintf(escaped + 3 * i, 4, i % 2 ? "%%%02x" : "%%%02X",
                 (unsigned char)decoded[i]);
    assert(http_percent_decode(escaped));
    assert(strcmp(escaped, decoded) == 0);
    free(escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    char *given = text ? strdup(text) : NULL;

    assert(given);
    bool const is_decoded = http_percent_decode(text);
    assert(strlen(text) <= strlen(given));
    if (!strchr(given, '%')) {
        assert(is_decoded == utf8_is_printable(bytes_of(given)));
        assert(strcmp(text, given) == 0);
    }
    if (is_decoded) {
        assert(utf8_is_printable(bytes_of(text)));
        hold_for_escapes(text);
    }
    free(given);
    free(text);
    return 0;
}
