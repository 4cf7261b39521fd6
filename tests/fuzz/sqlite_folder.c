#include "tests/fuzz/sqlite_folder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/millrace-fuzz-XXXXXX";
static char path[64];

static void remove_folder(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char name[96];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
    rmdir(folder);
}

const char *sqlite_folder_make(void)
{
    assert(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/queue.db", folder);
    atexit(remove_folder);
    return path;
}
