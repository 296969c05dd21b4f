/* SPDX-License-Identifier: MIT */
/* Knows the definitions that it was built with by their hashes. Tests compile every expression of those, so that a run need not
 * do it before it needs one: libjq takes longer for that than many a run for all the rest. */
#include "source/def_int.h"

#include <nettle/sha2.h>
#include <string.h>

static const char *const shipped[] = {
#include "source/shipped.inc"
};

bool def_shipped(const char *text, size_t n)
{
	struct sha256_ctx c;
	uint8_t digest[SHA256_DIGEST_SIZE];
	char hex[2 * sizeof digest + 1];
	sha256_init(&c);
	sha256_update(&c, n, (const uint8_t *)text);
	sha256_digest(&c, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		for (int half = 0; half < 2; half++)
			hex[2 * i + (size_t)half] = "0123456789abcdef"[half ? digest[i] & 15 : digest[i] >> 4];
	hex[2 * sizeof digest] = '\0';
	for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++)
		if (strcmp(shipped[i], hex) == 0)
			return true;
	return false;
}
