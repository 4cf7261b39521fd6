/*
 * memory_admin.h - the admin_port over a store in memory.
 */
#ifndef ADAPTERS_MEMORY_ADMIN_H
#define ADAPTERS_MEMORY_ADMIN_H

#include "adapters/memory/memory_store.h"
#include "usecase/admin_port.h"

/* Opens a port over store, which it borrows. Never fails. */
void memory_admin_open(struct store *store, struct admin_port *out);

/* One of its operations; it lives in memory_list.c. */
enum status memory_admin_list(void *self, const struct list_request *req,
                              struct arena *mem, struct task_page *page,
                              struct error *err);

/* Copies what there is to know about e into *out and mem; false: mem is
 * full, and as it was. */
bool memory_record(const struct entry *e, struct arena *mem,
                   struct task_record *out);

#endif
