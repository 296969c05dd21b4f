/* SPDX-License-Identifier: MIT */
/* A schema, in Delta's JSON, in our short file or as a type's text, comes back equal from what it is printed as. */
#include "column/schema.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void delta_round_trip(const struct schema *s)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct schema back;
	schema_to_delta(s, &once);
	check(schema_from_delta(&back, once.p, once.n, NULL) == 0);
	check(type_equal(&s->root, &back.root, true));
	schema_to_delta(&back, &twice);
	check(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
	schema_check_names(&back, NULL);
	schema_release(&back);
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema s;
	struct err e = { 0 };
	struct arena a = ARENA_INIT;
	struct type t, u;
	if (schema_from_delta(&s, (const char *)data, size, &e) == 0) {
		delta_round_trip(&s);
		schema_release(&s);
	} else {
		check(e.code < 0 && e.msg[0]);
	}
	if (schema_from_file_text(&s, (const char *)data, size, &e) == 0) {
		delta_round_trip(&s);
		schema_release(&s);
	}
	if (type_parse(&t, &a, (const char *)data, size, &e) == 0) {
		struct buf b = BUF_INIT;
		type_print(&t, &b);
		check(type_parse(&u, &a, b.p, b.n, NULL) == 0 && type_equal(&t, &u, false));
		buf_release(&b);
	}
	arena_release(&a);
	return 0;
}
