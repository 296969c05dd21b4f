/* SPDX-License-Identifier: MIT */
/* Which changes of a column's type are known. */
#include "delta/widening.h"

#include "column/type_text.h"
#include "json/doc.h"

#include <string.h>

/* Digits before the point that a type's whole numbers need as a decimal. */
static int whole_digits(const struct type *t)
{
	switch (t->kind) {
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INTEGER: return 10;
	case TYPE_LONG: return 20;
	case TYPE_DECIMAL: return t->precision - t->scale;
	default: return 0;
	}
}

static bool listed(const struct type *from, const struct type *to)
{
	bool whole = from->kind >= TYPE_BYTE && from->kind <= TYPE_LONG;
	if (type_equal(from, to, false))
		return true;
	switch (to->kind) {
	case TYPE_SHORT:
	case TYPE_INTEGER:
	case TYPE_LONG: return whole && from->kind < to->kind;
	case TYPE_DOUBLE: return from->kind == TYPE_FLOAT || (whole && from->kind != TYPE_LONG);
	case TYPE_TIMESTAMP_NTZ: return from->kind == TYPE_DATE;
	case TYPE_DECIMAL:
		return whole_digits(from) && to->precision - to->scale >= whole_digits(from) &&
		       (from->kind != TYPE_DECIMAL || to->scale >= from->scale);
	default: return false;
	}
}

static int check_change(const struct field *f, const struct json *v, struct arena *a, struct err *e)
{
	const char *from = json_str(json_get(v, "fromType")), *to = json_str(json_get(v, "toType"));
	struct type x, y;
	bool known = from && to && type_parse(&x, a, from, strlen(from), NULL) == 0 && type_parse(&y, a, to, strlen(to), NULL) == 0;
	if (known && listed(&x, &y))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "column '%s' was changed from type %s to %s, a type change that this program does not support",
		       f->name, from ? from : "?", to ? to : "?");
}

static int check_field(const struct field *f, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct json *root = NULL;
	int rc = 0;
	if (f->metadata && strstr(f->metadata, "delta.typeChanges") && json_parse(&root, &a, f->metadata, strlen(f->metadata), NULL) == 0) {
		const struct json *changes = json_get(root, "delta.typeChanges");
		for (const struct json *v = changes ? changes->child : NULL; v && rc == 0; v = v->next)
			rc = check_change(f, v, &a, e);
	}
	arena_release(&a);
	return rc;
}

int widening_check(const struct type *t, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < t->nfields && rc == 0; i++) {
		rc = check_field(&t->fields[i], e);
		if (rc == 0)
			rc = widening_check(&t->fields[i].type, e);
	}
	return rc;
}
