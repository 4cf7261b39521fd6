/*
 * fixture_outside.c - the one place of a suite that was linked outside.
 */
#include "tests/contract/fixture_place.h"
#include "tests/contract/millrace-contract.h"

static enum status open_outside(const struct fixture *f, const char *namespace,
                                struct backend_port *out, struct error *err)
{
    return contract_backend.open(f->folder, namespace, out, err);
}

static void age_outside(const struct fixture *f, const char *namespace,
                        int64_t ms)
{
    if (contract_backend.age)
        contract_backend.age(f->folder, namespace, ms);
}

const struct place *contract_places(void)
{
    static struct place places[2];

    places[0] = (struct place){contract_backend.name, place_make_folder,
                               open_outside, age_outside};
    return places;
}
