/*
 * wake.h - how one thread ends another one's wait.
 *
 * A port that sleeps watches this descriptor beside its own: it returns early
 * once the descriptor is readable, and leaves it so; whoever owns it makes it
 * unreadable again. The use cases only pass it on.
 */
#ifndef USECASE_WAKE_H
#define USECASE_WAKE_H

struct wake {
    int fd; /* -1: nobody will signal */
};

#define WAKE_NEVER ((struct wake){-1})

#endif
