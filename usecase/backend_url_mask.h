/*
 * backend_url_mask.h - a URL that may be shown.
 *
 * Part of backend_url.h, apart because it must hold for any text at all: a URL
 * that can't be parsed is shown just as one that can.
 */
#ifndef USECASE_BACKEND_URL_MASK_H
#define USECASE_BACKEND_URL_MASK_H

#include "domain/text.h"

/* Adds url with *** in place of what may be a secret:
 *   - what stands before the last '@' of the whole text, but for SCHEME:// and
 *     the user with a ':' behind it (sqlite: and memory: have none such);
 *   - the value of any option that is not known to be harmless. */
void backend_url_mask(struct bytes url, struct text *out);

#endif
