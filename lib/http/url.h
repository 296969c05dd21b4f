/* SPDX-License-Identifier: MIT */
/* url - addresses: parts, joining, and parameters taken out without touching the rest.
 *
 * A next-address that an API hands out is followed byte for byte: what is changed here leaves every other byte as it
 * is.
 * Parsing is libcurl's (curl_url), so that what is checked is what is asked for. Threads: any. Source: RFC 3986.
 */
#ifndef SM_HTTP_URL_H
#define SM_HTTP_URL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct url_parts {
	char scheme[8];       /* http https ws wss, lower case */
	char host[256];       /* lower case, IPv6 with its brackets */
	unsigned port;        /* never 0: the scheme's own when none is given */
	bool has_user;        /* there is a user or a password in it: refused by all that send */
};
/* ERR_USAGE: no address with one of the schemes; a host that is not ASCII (it has an xn-- form). */
int url_parse(struct url_parts *p, const char *url, struct err *e);
/* Percent-encode all but the unreserved characters (RFC 3986, 2.3). */
void url_escape(struct buf *b, const char *s, size_t n);
/* REF resolved against BASE. */
int url_join(struct buf *to, const char *base, const char *ref, struct err *e);
/* Does `host`, `host:port` or `.suffix` (any host below it) in ALLOWED match? Without a port the scheme's own is meant. */
bool url_host_is(const struct url_parts *p, const char *allowed);
/* Append NAME=VALUE (both are encoded) to the query of the address in B. */
void url_add_param(struct buf *b, const char *name, const char *value, size_t n);
/* The address without the parameters called NAME; all else byte for byte. */
void url_drop_param(struct buf *to, const char *url, const char *name);
/* The address with another scheme, host and port, those of ORIGIN (whose path, if any, goes in front). */
int url_move(struct buf *to, const char *url, const char *origin, struct err *e);
/* For people: scheme, host, path and the names of the parameters, no values: `https://api.x.com/2/search?query=…&max=…`. */
void url_show(struct buf *b, const char *url);

#endif
