/*
 * judge.h - whether a verdict is what the rules of Millrace say.
 *
 * Written from the rules anew, without the domain's own code: two that agree
 * are seldom wrong in the same way.
 */
#ifndef CMD_SIM_JUDGE_H
#define CMD_SIM_JUDGE_H

#include "cmd/sim/model.h"

/* Judges those items whose token is current; to be called before the model
 * carries them out. */
void judge_settlements(struct model *m, int64_t now_ms,
                       const struct settlement *items, size_t n);

/* A handler begins for lease. */
void judge_start(struct model *m, const struct lease *lease);

/* It has ended like that. */
void judge_answer(struct model *m, const struct lease *lease,
                  enum outcome_kind answer);

#endif
