/*
 * contract.c - the contract suite on this backend.
 */
#include <millrace-contract.h>

#include "dir_backend.h"

const struct contract_backend contract_backend = {
    .name = "dir",
    .open = dir_backend_open,
};
