/*
 * http_query.h - percent-encoded text, decoded.
 */
#ifndef ADAPTERS_HTTP_HTTP_QUERY_H
#define ADAPTERS_HTTP_HTTP_QUERY_H

#include "domain/bytes.h"

/* Decodes text in place. False if a '%' has no two hexadecimal digits behind
 * it, or what comes out has a control character or is no UTF-8. */
bool http_percent_decode(char *text);

#endif
