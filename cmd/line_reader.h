/*
 * line_reader.h - lines of any stream, as soon as they are there.
 *
 * Who reads wants many lines at once while the input flows and none held back
 * when it pauses; so taking a line never blocks, and waiting is a call of its
 * own. Lines are views into one buffer, which stays as it is between two
 * calls of line_reader_wait.
 */
#ifndef CMD_LINE_READER_H
#define CMD_LINE_READER_H

#include <stdint.h>

#include "domain/bytes.h"

struct line_reader {
    int fd;
    char *buffer;
    size_t size;
    size_t limit; /* of a line, without its end */
    size_t start; /* of what was not handed out yet */
    size_t end;
    size_t searched;  /* no line ends before here */
    uint64_t skipped; /* bytes of a line too long that are gone already */
    bool is_skipping;
    bool is_at_end;
    int error; /* of read(2) */
};

enum line {
    LINE_READY,
    LINE_TOO_LONG, /* its length in *length; it is skipped */
    LINE_NONE,     /* wait, if there may be more */
};

/* Sets up *r over buffer[size], size > 2 * limit. */
void line_reader_init(struct line_reader *r, int fd, char *buffer, size_t size,
                      size_t limit);

/* Takes the next line, without its end, if a whole one is there. */
enum line line_reader_take(struct line_reader *r, struct bytes *line,
                           uint64_t *length);

/* Whether more could be read now, without blocking and without moving the
 * lines handed out so far; if so, reads it. */
bool line_reader_read_ahead(struct line_reader *r);

/* Waits for more; lines handed out before are gone. False: there is no more,
 * by the end of the input or, with r->error, a fault. */
bool line_reader_wait(struct line_reader *r);

#endif
