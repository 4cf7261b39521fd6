/*
 * record_text.h - one task, for people or as JSON.
 */
#ifndef CMD_RECORD_TEXT_H
#define CMD_RECORD_TEXT_H

#include "cmd/command.h"
#include "usecase/admin_port.h"

void record_print(const struct globals *globals,
                  const struct task_record *record);

/* Complains that there is no such task, and gives back CODE_UNKNOWN. */
enum exit_code no_such_task(const struct task_id *id);

#endif
