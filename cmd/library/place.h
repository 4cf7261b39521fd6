/*
 * place.h - where tasks live: a backend opened by its URL, and its clock.
 *
 * The program and the library find it in the same way.
 */
#ifndef CMD_LIBRARY_PLACE_H
#define CMD_LIBRARY_PLACE_H

#include "usecase/backend_port.h"
#include "usecase/backend_url.h"

struct place {
    struct backend_port backend;
    struct clock_port clock;
};

/* Reads url into *out; NULL: that of MILLRACE_URL in the environment, else of
 * the user's own SQLite file, whose folders are made. Faults STATUS_INVALID,
 * STATUS_REFUSED: no such folder. */
MUST_USE enum status place_url(const char *url, struct backend_url *out,
                               struct error *err);

/* Opens the backend of url and its clock. */
MUST_USE enum status place_open(const struct backend_url *url,
                                struct place *out, struct error *err);

/* Exchanges its clock, and closes the one it had. */
void place_set_clock(struct place *place, struct clock_port clock);

/* Closes it; accepts what is half open or zeroed. */
void place_close(struct place *place);

/* Writes the URL of the SQLite file at path into out[size]; false: too long. */
bool place_file_url(const char *path, char *out, size_t size);

#endif
