/* SPDX-License-Identifier: MIT */
/* The short form of a type: primitive names, decimal(p,s), array<…>, map<…>, struct<name:type,…>. */
#include "column/type_text.h"

#include "base/ascii.h"
#include "base/num.h"

#include <string.h>

static const struct {
	const char *name;
	enum type_kind kind;
} names[] = {
	/* Delta's own names first: type_kind_name prints the first one that fits. */
	{ "void", TYPE_VOID }, { "boolean", TYPE_BOOLEAN }, { "byte", TYPE_BYTE }, { "short", TYPE_SHORT },
	{ "integer", TYPE_INTEGER }, { "long", TYPE_LONG }, { "float", TYPE_FLOAT }, { "double", TYPE_DOUBLE },
	{ "string", TYPE_STRING }, { "binary", TYPE_BINARY }, { "date", TYPE_DATE }, { "timestamp", TYPE_TIMESTAMP },
	{ "timestamp_ntz", TYPE_TIMESTAMP_NTZ }, { "tinyint", TYPE_BYTE }, { "smallint", TYPE_SHORT },
	{ "int", TYPE_INTEGER }, { "bigint", TYPE_LONG }, { "real", TYPE_FLOAT }, { "bool", TYPE_BOOLEAN },
	{ "timestamp_ltz", TYPE_TIMESTAMP }, { "decimal", TYPE_DECIMAL }, { "numeric", TYPE_DECIMAL }, { "dec", TYPE_DECIMAL },
};

const char *type_kind_name(enum type_kind k)
{
	const char *name = k == TYPE_STRUCT ? "struct" : k == TYPE_LIST ? "array" : k == TYPE_MAP ? "map" : NULL;
	for (size_t i = 0; !name; i++)
		name = names[i].kind == k ? names[i].name : NULL;
	return name;
}

bool type_kind_by_name(enum type_kind *k, const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (ascii_same(s, n, names[i].name)) {
			*k = names[i].kind;
			return true;
		}
	return false;
}

int type_primitive(struct type *t, const char *s, size_t n, struct err *e)
{
	*t = (struct type){ 0 };
	const char *open = memchr(s, '(', n);
	size_t head = open ? (size_t)(open - s) : n;
	while (open && head && s[head - 1] == ' ')
		head--;
	if (!type_kind_by_name(&t->kind, s, head) || (open && t->kind != TYPE_DECIMAL))
		return err_set(e, ERR_UNSUPPORTED, "type '%.*s' is not supported", (int)(n > 100 ? 100 : n), s);
	if (t->kind != TYPE_DECIMAL)
		return 0;
	t->precision = 10;
	if (!open)
		return 0;
	char tmp[24] = "";
	size_t k = 0;
	for (const char *p = open; p < s + n && k < sizeof tmp; p++)
		if (*p != ' ')
			tmp[k++] = *p;
	const char *comma = memchr(tmp, ',', k);
	size_t np = comma ? (size_t)(comma - tmp) - 1 : k >= 2 ? k - 2 : 0;
	uint64_t prec, scale = 0;
	if (k < 3 || tmp[k - 1] != ')' || !num_u64(tmp + 1, np, &prec) ||
	    (comma && !num_u64(comma + 1, (size_t)(tmp + k - 1 - comma - 1), &scale)) || prec < 1 || prec > 38 || scale > prec)
		return err_set(e, ERR_DATA, "'%.*s' is not decimal(p,s) with p from 1 to 38 and s from 0 to p",
			       (int)(n > 100 ? 100 : n), s);
	t->precision = (uint8_t)prec;
	t->scale = (uint8_t)scale;
	return 0;
}

struct parser {
	const char *p, *end, *start;
	struct arena *a;
	struct err *e;
	int depth;
};

static int fail(const struct parser *x, const char *want)
{
	size_t n = (size_t)(x->end - x->p);
	return err_set(x->e, ERR_DATA, "type '%.*s': expected %s at character %zu", (int)(x->end - x->start > 200 ? 200 : x->end - x->start),
		       x->start, want, (size_t)(x->end - x->start) - n + 1);
}

static void blanks(struct parser *x)
{
	x->p = ascii_skip_space(x->p, x->end);
}

static bool eat(struct parser *x, char c)
{
	blanks(x);
	if (x->p == x->end || *x->p != c)
		return false;
	x->p++;
	return true;
}

/* A field's name: bare up to the colon, or between backticks (doubled inside). */
static int parse_name(struct parser *x, struct field *f)
{
	struct buf b = BUF_INIT;
	blanks(x);
	if (eat(x, '`')) {
		for (; x->p < x->end; x->p++) {
			if (*x->p == '`' && (x->p + 1 == x->end || *++x->p != '`'))
				break;
			buf_putc(&b, *x->p);
		}
		if (x->p < x->end && *x->p == '`')
			x->p++;
	} else {
		while (x->p < x->end && !strchr(":<>,()` \t\r\n", *x->p))
			buf_putc(&b, *x->p++);
	}
	f->name = arena_strndup(x->a, b.p, b.n);
	f->nname = b.n;
	f->nullable = true;
	buf_release(&b);
	if (!f->nname)
		return fail(x, "a field's name");
	return eat(x, ':') ? 0 : fail(x, "':'");
}

static int parse_type(struct parser *x, struct type *t);

static int parse_struct(struct parser *x, struct type *t)
{
	struct field *f = NULL;
	size_t cap = 0;
	if (eat(x, '>'))
		return 0;
	do {
		if (t->nfields == cap) {
			struct field *more = arena_array(x->a, cap ? cap * 2 : 8, sizeof *more);
			if (cap)
				memcpy(more, f, cap * sizeof *f);
			f = t->fields = more;
			cap = cap ? cap * 2 : 8;
		}
		int rc = parse_name(x, &f[t->nfields]);
		if (!rc)
			rc = parse_type(x, &f[t->nfields].type);
		if (rc)
			return rc;
		t->nfields++;
	} while (eat(x, ','));
	return eat(x, '>') ? 0 : fail(x, "',' or '>'");
}

static int parse_children(struct parser *x, struct type *t, const char *first, const char *second)
{
	type_set_children(t, x->a, first, second);
	for (size_t i = 0; i < t->nfields; i++) {
		if (i && !eat(x, ','))
			return fail(x, "','");
		int rc = parse_type(x, &t->fields[i].type);
		if (rc)
			return rc;
	}
	return eat(x, '>') ? 0 : fail(x, "'>'");
}

static int parse_nested(struct parser *x, struct type *t, const char *word, size_t n)
{
	if (ascii_same(word, n, "struct")) {
		t->kind = TYPE_STRUCT;
		return parse_struct(x, t);
	}
	if (ascii_same(word, n, "array")) {
		t->kind = TYPE_LIST;
		return parse_children(x, t, "element", NULL);
	}
	if (ascii_same(word, n, "map")) {
		t->kind = TYPE_MAP;
		return parse_children(x, t, "key", "value");
	}
	return err_set(x->e, ERR_UNSUPPORTED, "type '%.*s<…>' is not supported", (int)(n > 100 ? 100 : n), word);
}

static int parse_type(struct parser *x, struct type *t)
{
	*t = (struct type){ 0 };
	if (x->depth >= TYPE_MAX_DEPTH)
		return err_set(x->e, ERR_DATA, "type is nested deeper than %d levels", TYPE_MAX_DEPTH);
	blanks(x);
	const char *word = x->p;
	while (x->p < x->end && !strchr("<>,(): \t\r\n`", *x->p))
		x->p++;
	size_t n = (size_t)(x->p - word);
	if (!n)
		return fail(x, "a type");
	if (eat(x, '<')) {
		x->depth++;
		int rc = parse_nested(x, t, word, n);
		x->depth--;
		return rc;
	}
	if (eat(x, '(')) {
		const char *close = memchr(x->p, ')', (size_t)(x->end - x->p));
		if (!close)
			return fail(x, "')'");
		x->p = close + 1;
		n = (size_t)(x->p - word);
	}
	return type_primitive(t, word, n, x->e);
}

int type_parse(struct type *t, struct arena *a, const char *s, size_t n, struct err *e)
{
	struct parser x = { .p = s, .end = s + n, .start = s, .a = a, .e = e };
	if (memchr(s, '\0', n))
		return err_set(e, ERR_DATA, "a type's text must not contain NUL");
	int rc = parse_type(&x, t);
	if (rc)
		return rc;
	blanks(&x);
	return x.p == x.end ? 0 : fail(&x, "the end");
}

void type_set_children(struct type *t, struct arena *a, const char *first, const char *second)
{
	const char *name[2] = { first, second };
	t->nfields = second ? 2 : 1;
	t->fields = arena_array(a, t->nfields, sizeof *t->fields);
	for (size_t i = 0; i < t->nfields; i++) {
		t->fields[i].name = arena_strdup(a, name[i]);
		t->fields[i].nname = strlen(name[i]);
		t->fields[i].nullable = !(second && i == 0); /* a map's keys are never null */
	}
}

void type_put_quoted(struct buf *b, const char *name, size_t n)
{
	buf_putc(b, '`');
	for (size_t i = 0; i < n; i++) {
		if (name[i] == '`')
			buf_putc(b, '`');
		buf_putc(b, name[i]);
	}
	buf_putc(b, '`');
}

static void print_name(const struct field *f, struct buf *b)
{
	bool plain = f->nname > 0;
	for (size_t i = 0; i < f->nname; i++)
		if (strchr(":<>,()` \t\r\n", f->name[i]))
			plain = false;
	if (plain) {
		buf_put(b, f->name, f->nname);
		return;
	}
	type_put_quoted(b, f->name, f->nname);
}

void type_print(const struct type *t, struct buf *b)
{
	buf_puts(b, type_kind_name(t->kind));
	if (t->kind == TYPE_DECIMAL)
		buf_printf(b, "(%u,%u)", t->precision, t->scale);
	if (t->kind < TYPE_STRUCT)
		return;
	buf_putc(b, '<');
	for (size_t i = 0; i < t->nfields; i++) {
		if (i)
			buf_putc(b, ',');
		if (t->kind == TYPE_STRUCT) {
			print_name(&t->fields[i], b);
			buf_putc(b, ':');
		}
		type_print(&t->fields[i].type, b);
	}
	buf_putc(b, '>');
}
