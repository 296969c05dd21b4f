/* SPDX-License-Identifier: MIT */
/* The types of SQL, and the errors that name a place in the text. */
#include "expr/node.h"

#include "column/type_text.h"

int expr_error_at(struct err *e, size_t at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, ERR_USAGE, fmt, ap);
	va_end(ap);
	err_wrap(e, "expression, column %zu", at + 1);
	return ERR_USAGE;
}

int expr_error(struct err *e, const struct node *x, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, ERR_USAGE, fmt, ap);
	va_end(ap);
	err_wrap(e, "expression, column %zu", (size_t)x->at + 1);
	return ERR_USAGE;
}

enum vkind sql_type_vkind(const struct type *t)
{
	switch (t->kind) {
	case TYPE_VOID:
	case TYPE_BOOLEAN:
		return V_BOOL;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return V_DBL;
	case TYPE_DECIMAL:
		return V_DEC;
	case TYPE_STRING:
	case TYPE_BINARY:
		return V_STR;
	case TYPE_STRUCT:
	case TYPE_LIST:
	case TYPE_MAP:
		return V_REF;
	default:
		return V_INT;
	}
}

bool sql_type_is_integral(const struct type *t) { return t->kind >= TYPE_BYTE && t->kind <= TYPE_LONG; }

bool sql_type_is_numeric(const struct type *t) { return t->kind >= TYPE_BYTE && t->kind <= TYPE_DECIMAL; }

bool sql_type_is_time(const struct type *t) { return t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ; }

struct type sql_type_of(enum type_kind k) { return (struct type){ .kind = k }; }

/* Spark's DecimalType.adjustPrecisionScale: whole digits are kept at the cost of the scale, down to 6 */
struct type sql_type_decimal(int precision, int scale)
{
	if (precision > 38) {
		int whole = precision - scale, least = scale < 6 ? scale : 6;
		scale = 38 - whole > least ? 38 - whole : least;
		precision = 38;
	}
	return (struct type){ .kind = TYPE_DECIMAL, .precision = (uint8_t)precision, .scale = (uint8_t)scale };
}

struct type sql_type_as_decimal(const struct type *t)
{
	switch (t->kind) {
	case TYPE_BYTE:
		return sql_type_decimal(3, 0);
	case TYPE_SHORT:
		return sql_type_decimal(5, 0);
	case TYPE_INTEGER:
		return sql_type_decimal(10, 0);
	case TYPE_LONG:
		return sql_type_decimal(20, 0);
	default:
		return *t;
	}
}

bool sql_type_by_name(struct type *t, const char *name, size_t n)
{
	enum type_kind kind;
	if (!type_kind_by_name(&kind, name, n))
		return false;
	*t = kind == TYPE_DECIMAL ? sql_type_decimal(10, 0) : sql_type_of(kind);
	return true;
}

void sql_type_print_sql(const struct type *t, struct buf *b)
{
	/* Delta's schemas name these kinds otherwise. */
	static const char *const sql[] = {
		[TYPE_BYTE] = "tinyint", [TYPE_SHORT] = "smallint", [TYPE_INTEGER] = "int", [TYPE_LONG] = "bigint",
	};
	const char *name = t->kind < sizeof sql / sizeof *sql ? sql[t->kind] : NULL;
	buf_puts(b, name ? name : type_kind_name(t->kind));
	if (t->kind == TYPE_DECIMAL)
		buf_printf(b, "(%d,%d)", t->precision, t->scale);
}

const char *sql_type_text(const struct type *t, struct arena *a)
{
	struct buf b = BUF_INIT;
	sql_type_print_sql(t, &b);
	const char *s = arena_strndup(a, b.p ? b.p : "", b.n);
	buf_release(&b);
	return s;
}
