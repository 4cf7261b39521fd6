/*
 * sim_report.h - tells people of a run that failed.
 */
#ifndef CMD_SIM_SIM_REPORT_H
#define CMD_SIM_SIM_REPORT_H

#include "cmd/sim/sim.h"

/* Shrinks the plan of a run that failed with *result, and prints to out: the
 * complaint, the command that repeats the run in a store at url (its password
 * left out), and how the shrunk plan goes. */
MUST_USE enum status sim_report(const struct sim_config *config,
                                const char *url, struct sim_plan *plan,
                                struct sim_result *result, FILE *out,
                                struct error *err);

#endif
