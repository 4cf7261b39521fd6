/*
 * demo_handlers.h - handlers to try things out with.
 *
 *   demo.echo   done; the result is the payload
 *   demo.fail   fails its first 2 attempts
 *   demo.dead   always fails
 *   demo.sleep  {"ms":N}: done after N ms, or released when it is cancelled
 *   demo.crash  aborts the process it runs in
 */
#ifndef CMD_DEMO_HANDLERS_H
#define CMD_DEMO_HANDLERS_H

#include "usecase/handler.h"

#define DEMO_HANDLERS 5

extern const struct handler demo_handlers[DEMO_HANDLERS];

#endif
