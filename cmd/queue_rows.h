/*
 * queue_rows.h - the statistics of all queues, one row each.
 */
#ifndef CMD_QUEUE_ROWS_H
#define CMD_QUEUE_ROWS_H

#include "cmd/command.h"
#include "cmd/wire.h"

/* Prints them, as a grid or as JSON. */
MUST_USE enum status queue_rows_print(const struct globals *globals,
                                      const struct wire *wire,
                                      struct error *err);

#endif
