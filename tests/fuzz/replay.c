/*
 * replay.c - a target of the fuzzer as a test: goes over what is kept for it.
 *
 * replay FOLDER: gives each file there to the target, in any order. Needs no
 * libFuzzer, so it runs with every compiler. An empty folder is a fault: it
 * would test nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

/* In memory of just its size, so that a sanitizer sees a read behind it. */
static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
        give_up(path);
    rewind(file);
    uint8_t *data = malloc((size_t)size);
    if ((!data && size > 0) ||
        fread(data, 1, (size_t)size, file) != (size_t)size)
        give_up(path);
    fclose(file);

    printf("%s\n", path); /* the last one named is the culprit */
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    char path[1024];
    int count = 0;

    if (!folder)
        give_up(argc == 2 ? argv[1] : "usage: replay FOLDER");
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        replay(path);
        count++;
    }
    closedir(folder);
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
