#include "cmd/bench/bench_board.h"

#include <sys/mman.h>

#include "adapters/system/system_wake.h"

static enum status open_wakes(struct bench_board *board, struct error *err)
{
    enum status const st = system_wake_open(&board->gate, err);

    return st < 0 ? st : system_wake_open(&board->news, err);
}

enum status bench_board_new(const struct bench_config *config, bool has_notes,
                            struct bench_board **out, struct error *err)
{
    size_t const workers = (size_t)config->workers;
    size_t const head =
        sizeof(struct bench_board) + workers * sizeof(struct bench_tally);
    size_t const notes =
        has_notes ? (size_t)config->tasks * sizeof(atomic_llong) : 0;
    void *at = mmap(NULL, head + notes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "bench: no memory for the notes of that many tasks");
    struct bench_board *board = at;
    board->size = head + notes;
    board->workers = workers;
    board->gate = board->news = WAKE_NEVER;
    atomic_store(&board->left, config->tasks);
    atomic_flag_clear(&board->has_culprit);
    if (has_notes)
        board->started_ns = (atomic_llong *)(void *)&board->tallies[workers];

    enum status const st = open_wakes(board, err);
    if (st < 0) {
        bench_board_free(board);
        return st;
    }
    *out = board;
    return STATUS_OK;
}

void bench_board_free(struct bench_board *board)
{
    if (!board)
        return;
    system_wake_close(&board->gate);
    system_wake_close(&board->news);
    munmap(board, board->size);
}

void bench_board_fail(struct bench_board *board, const struct error *err)
{
    if (atomic_flag_test_and_set(&board->has_culprit))
        return;
    board->fault = *err;
    board->fault.field = NULL; /* may point where others have nothing */
    atomic_store(&board->has_fault, true);
    system_wake_signal(board->news);
}
