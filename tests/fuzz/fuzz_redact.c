/* SPDX-License-Identifier: MIT */
/* Any text without any secret. The first byte is the length of the secret that follows; the rest is the text. The quick test
 * and the replacement agree, and what was there raw is there no more. */
#include "secret/redact.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secrets *s;
	struct buf b = BUF_INIT;
	size_t n = size ? *data % 32 : 0;
	if (size < n + 2 || n == 0)
		return 0;
	const char *secret = (const char *)data + 1;
	check(secrets_new(&s, NULL, 0, NULL, NULL) == 0);
	secrets_add(s, secret, n);
	/* Some of it as a secret of its own: they overlap. */
	secrets_add(s, secret + n / 2, n - n / 2);
	/* A copy, so that a read beyond the end is seen. */
	size_t len = size - 1 - n;
	char *text = malloc(len);
	memcpy(text, secret + n, len);
	bool has = redact_has(s, text, len), raw = n >= REDACT_MIN && memmem(text, len, secret, n) != NULL;
	check(has || !raw);
	buf_put(&b, text, len);
	check((redact(s, &b) > 0) == has);
	check(has || (b.n == len && memcmp(b.p, text, len) == 0));
	/* The stars may make a secret that has stars. */
	check(!raw || memchr(secret, '*', n) || !memmem(b.p, b.n, secret, n));
	struct err e = { 0 };
	err_set(&e, ERR_IO, "%.*s", (int)len, text);
	redact_err(s, &e);
	free(text);
	buf_release(&b);
	secrets_free(s);
	return 0;
}
