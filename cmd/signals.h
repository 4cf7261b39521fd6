/*
 * signals.h - what the process has been told by signals.
 *
 * The handlers count and signal a wake; whoever waits looks. Only a worker that
 * is told twice to stop, and can't look since a backend keeps it waiting, is
 * ended by them.
 */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <stdbool.h>

#include "usecase/wake.h"

/* From now on SIGTERM and SIGINT, and in a worker SIGTSTP and SIGCONT, are
 * noted and signal wake (an eventfd that stays open). Once a process. A worker
 * exits with CODE_BACKEND if it still runs some seconds after the second
 * SIGTERM or SIGINT. */
void signals_begin(struct wake wake, bool is_worker);

/* How often SIGTERM and SIGINT have come. */
int signals_stops(void);

/* Whether SIGTSTP has come, and no SIGCONT since. */
bool signals_is_quiet(void);

#endif
