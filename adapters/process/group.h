/*
 * group.h - does anybody in a process group still live?
 *
 * kill(-group, 0) can't tell: a zombie counts as a member, and zombies whose
 * parent is gone stay until an init process finds the time.
 */
#ifndef ADAPTERS_PROCESS_GROUP_H
#define ADAPTERS_PROCESS_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether a member of group that is no zombie shows in /proc; true also where
 * /proc can't be read. */
bool group_is_alive(pid_t group);

#endif
