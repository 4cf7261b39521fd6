/*
 * task_json.h - a task as its producer writes it in JSON.
 *
 * One object: the line of a batch, the body of an HTTP request. The payload
 * and the headers stay the text they are; only the small members are decoded.
 */
#ifndef ADAPTERS_JSON_TASK_JSON_H
#define ADAPTERS_JSON_TASK_JSON_H

#include "domain/arena.h"
#include "usecase/enqueue.h"

/* Reads text over the defaults into *out, whose bytes live in text and in mem
 * (text.len of free room is enough). A task without a payload gets null.
 * Faults: STATUS_INVALID for what is no JSON object, an unknown or doubled
 * member, one of the wrong type, no type, both delay_ms and run_at; whether
 * the values make a task is task_spec_validate's to say. STATUS_NO_MEMORY. */
MUST_USE enum status task_json_decode(struct bytes text, struct arena *mem,
                                      struct task_spec *out, struct error *err);

#endif
