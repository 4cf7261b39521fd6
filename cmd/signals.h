/*
 * signals.h - what the process has been told by signals.
 *
 * The handlers count and signal a wake, nothing else; whoever waits looks.
 */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <stdbool.h>

#include "usecase/wake.h"

/* From now on SIGTERM and SIGINT, and with is_quietable SIGTSTP and SIGCONT,
 * are noted and signal wake (an eventfd that stays open). Once a process. */
void signals_begin(struct wake wake, bool is_quietable);

/* How often SIGTERM and SIGINT have come. */
int signals_stops(void);

/* Whether SIGTSTP has come, and no SIGCONT since. */
bool signals_is_quiet(void);

#endif
