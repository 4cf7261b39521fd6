#include "adapters/process/plain_command.h"

#include <stddef.h>
#include <string.h>

#define BLANKS " \t"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define PLAIN LETTERS "_./:@%+,-="

/* Whether a shell takes it for a program: a word with = is an assignment. */
static bool is_program(const char *word)
{
    return strchr(word, '/') && !strchr(word, '=');
}

bool plain_command_split(const char *command, struct plain_command *out)
{
    size_t const len = strlen(command);
    size_t count = 0;

    if (len >= sizeof(out->text) || command[strspn(command, PLAIN BLANKS)])
        return false;
    memcpy(out->text, command, len + 1);
    for (char *at = out->text; *(at += strspn(at, BLANKS));) {
        if (count == PLAIN_WORDS_MAX)
            return false;
        out->words[count++] = at;
        at += strcspn(at, BLANKS);
        if (*at)
            *at++ = '\0';
    }
    out->words[count] = NULL;
    return count > 0 && is_program(out->words[0]);
}
