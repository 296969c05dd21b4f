/* SPDX-License-Identifier: MIT */
/* A header, and records under it as objects. */
#include "source/csv.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/utf8.h"
#include "json/doc.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum kind { KIND_TEXT, KIND_INTEGER, KIND_NUMBER, KIND_BOOLEAN, KIND_JSON };
static const char *const kinds[] = { "text", "integer", "number", "boolean", "json" };
#define KINDS (sizeof kinds / sizeof *kinds)

struct typed {
	const char *name;
	size_t n;
	enum kind kind;
};

struct column {
	enum kind kind;
	const char *name, *key;  /* KEY: `,"name":` */
	size_t nname, nkey;
};

struct source_csv {
	enum csv_style style;
	struct typed *typed;     /* --csv-types */
	size_t ntyped, typed_cap;
	struct column *col;      /* NULL: no header yet */
	size_t ncols;
	struct arena types, names;
	struct csv_record rec;
	struct buf text;
};

enum source_format source_format_of(const char *name)
{
	static const struct { const char *end; enum source_format format; } known[] = { { "csv", SOURCE_CSV }, { "tsv", SOURCE_TSV }, { "tab", SOURCE_TSV },
		{ "json", SOURCE_JSON }, { "ndjson", SOURCE_JSON }, { "jsonl", SOURCE_JSON } };
	enum source_format format = SOURCE_JSON;
	const char *slash = strrchr(name, '/'), *p = strchr(slash ? slash + 1 : name, '.');
	for (const char *end; p; p = *end ? end : NULL) {
		end = strchrnul(++p, '.');
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			if (strlen(known[i].end) == (size_t)(end - p) && strncasecmp(p, known[i].end, (size_t)(end - p)) == 0)
				format = known[i].format;
	}
	return format;
}

/* --- types --- */

/* The next name of the list; *P is behind it. False: none. */
static bool read_name(struct source_csv *c, const char **p, struct typed *t)
{
	const char *s = *p;
	if (*s != '`') {
		*t = (struct typed){ s, strcspn(s, "=,"), KIND_TEXT };
		*p = s + t->n;
		return t->n != 0;
	}
	char *name = arena_alloc(&c->types, strlen(s) + 1);
	size_t n = 0;
	for (s++; *s && (*s != '`' || s[1] == '`'); s++) {
		name[n++] = *s;
		s += *s == '`';
	}
	*t = (struct typed){ name, n, KIND_TEXT };
	*p = s + (*s == '`');
	return *s == '`';
}

#define TYPES "text|integer|number|boolean|json"

static int read_types(struct source_csv *c, const char *p, struct err *e)
{
	for (;; p++) {
		struct typed t;
		struct near near;
		size_t k = 0;
		if (!read_name(c, &p, &t) || *p != '=')
			return err_set(e, ERR_USAGE, "--csv-types must be NAME=TYPE,…; the types are text, integer, number, boolean and json");
		size_t n = strcspn(++p, ",");
		while (k < KINDS && (strlen(kinds[k]) != n || memcmp(kinds[k], p, n) != 0))
			k++;
		if (k == KINDS)
			return err_set(e, ERR_USAGE, "--csv-types: '%.*s' is not one of " TYPES "%s", (int)(n > 100 ? 100 : n), p,
				       near_of(&near, p, n, TYPES));
		t.kind = (enum kind)k;
		t.name = arena_strndup(&c->types, t.name, t.n);
		MEM_GROW(c->typed, c->typed_cap, c->ntyped + 1);
		c->typed[c->ntyped++] = t;
		p += n;
		if (!*p)
			return 0;
	}
}

int source_csv_new(struct source_csv **out, const char *types, struct err *e)
{
	struct source_csv *c = mem_zalloc(sizeof *c);
	c->types = c->names = (struct arena)ARENA_INIT;
	c->style = CSV_COMMA;
	int rc = types ? read_types(c, types, e) : 0;
	if (rc < 0) {
		source_csv_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void source_csv_free(struct source_csv *c)
{
	if (!c)
		return;
	mem_free(c->typed);
	csv_record_release(&c->rec);
	buf_release(&c->text);
	arena_release(&c->types);
	arena_release(&c->names);
	mem_free(c);
}

void source_csv_start(struct source_csv *c, enum csv_style style)
{
	c->style = style;
	c->col = NULL;
	c->ncols = 0;
	arena_clear(&c->names);
}

bool source_csv_headed(const struct source_csv *c)
{
	return c->col != NULL;
}

/* --- records --- */

/* WHY is about the byte AT of the record at P. */
static int place(struct err *why, const char *p, size_t at)
{
	uint64_t line = 1;
	size_t from = 0;
	for (size_t i = 0; i < at; i++)
		if (p[i] == '\n') {
			line++;
			from = i + 1;
		}
	return err_at(why, NULL, line, at - from + 1);
}

/* The value of field I in c->text. ERR_DATA: it is no UTF-8. */
static int read_value(struct source_csv *c, const char *p, size_t i, struct err *why)
{
	const struct csv_field *f = &c->rec.field[i];
	buf_clear(&c->text);
	csv_value(&c->text, c->style, f);
	if (utf8_valid(buf_cstr(&c->text), c->text.n))
		return 0;
	err_set(why, ERR_DATA, "field %zu is not UTF-8", i + 1);
	return place(why, p, (size_t)(f->p - p));
}

static const char *make_key(struct source_csv *c, const char *name, size_t n, size_t *nkey)
{
	struct buf b = BUF_INIT;
	buf_putc(&b, ',');
	json_put_string(&b, name, n);
	buf_putc(&b, ':');
	const char *key = arena_strndup(&c->names, b.p, b.n);
	*nkey = b.n;
	buf_release(&b);
	return key;
}

static struct column *find(struct column *col, size_t n, const char *name, size_t nname)
{
	for (size_t i = 0; i < n; i++)
		if (col[i].nname == nname && memcmp(col[i].name, name, nname) == 0)
			return &col[i];
	return NULL;
}

#define MAX_COLUMNS 10000

static int read_head(struct source_csv *c, const char *p, struct err *why)
{
	size_t n = c->rec.n;
	if (n > MAX_COLUMNS)
		return err_set(why, ERR_DATA, "the header has %zu columns; %d are the limit", n, MAX_COLUMNS);
	struct column *col = arena_array(&c->names, n, sizeof *col);
	for (size_t i = 0; i < n; i++) {
		if (read_value(c, p, i, why) < 0)
			return why->code;
		if (!c->text.n)
			buf_printf(&c->text, "column%zu", i + 1);
		const char *name = arena_strndup(&c->names, c->text.p, c->text.n);
		col[i] = (struct column){ .name = name, .nname = c->text.n };
		col[i].key = make_key(c, name, c->text.n, &col[i].nkey);
		if (find(col, i, name, c->text.n)) {
			err_set(why, ERR_DATA, "the header has two columns '%.100s'", name);
			return place(why, p, (size_t)(c->rec.field[i].p - p));
		}
	}
	for (size_t i = 0; i < c->ntyped; i++) {
		struct column *to = find(col, n, c->typed[i].name, c->typed[i].n);
		if (!to) {
			struct near near = near_to(c->typed[i].name, c->typed[i].n);
			for (size_t k = 0; k < n; k++)
				near_name(&near, col[k].name, col[k].nname);
			err_set(why, ERR_DATA, "--csv-types: the header has no column '%.100s'%s", c->typed[i].name, near_hint(&near, "", ""));
			return place(why, p, 0);
		}
		to->kind = c->typed[i].kind;
	}
	c->col = col;
	c->ncols = n;
	return 0;
}

static bool is_number(const char *s, size_t n)
{
	return n && (*s == '-' || (*s >= '0' && *s <= '9')) && s[n - 1] > ' ' && json_check(s, n, NULL) == 0;
}

/* TEXT is of KIND: as JSON to OUT. */
static bool put_typed(struct buf *out, enum kind kind, const char *s, size_t n)
{
	bool yes = n == 4 && strncasecmp(s, "true", 4) == 0, no = n == 5 && strncasecmp(s, "false", 5) == 0;
	bool good = kind == KIND_BOOLEAN ? yes || no :
		    kind == KIND_JSON ? json_check(s, n, NULL) == 0 :
		    is_number(s, n) && (kind == KIND_NUMBER || strspn(s, "-0123456789") >= n);
	size_t from = out->n;
	if (!good)
		return false;
	buf_put(out, s, n);
	for (size_t i = from; i < out->n; i++) /* line ends between tokens, TRUE */
		if (kind == KIND_BOOLEAN)
			out->p[i] |= 0x20;
		else if (out->p[i] == '\n' || out->p[i] == '\r')
			out->p[i] = ' ';
	return true;
}

static int put_field(struct source_csv *c, const char *p, size_t i, struct buf *out, struct err *why)
{
	const struct csv_field *f = &c->rec.field[i];
	const struct column *col = &c->col[i];
	buf_put(out, col->key, col->nkey);
	if (!f->n && !f->quoted) {
		buf_puts(out, "null");
		return 0;
	}
	if (read_value(c, p, i, why) < 0)
		return why->code;
	if (col->kind == KIND_TEXT) {
		json_put_string(out, c->text.p ? c->text.p : "", c->text.n);
		return 0;
	}
	if (put_typed(out, col->kind, c->text.p ? c->text.p : "", c->text.n))
		return 0;
	err_set(why, ERR_DATA, "column %.100s is not of type %s: '%.100s'", col->name, kinds[col->kind], buf_cstr(&c->text));
	return place(why, p, (size_t)(f->p - p));
}

static int put_object(struct source_csv *c, const char *p, struct buf *out, struct err *why)
{
	size_t from = out->n;
	int rc = 0;
	if (c->rec.n != c->ncols) {
		size_t at = c->rec.n > c->ncols ? (size_t)(c->rec.field[c->ncols].p - p) : 0;
		err_set(why, ERR_DATA, "the record has %zu field%s, the header %zu", c->rec.n, c->rec.n == 1 ? "" : "s", c->ncols);
		return place(why, p, at);
	}
	for (size_t i = 0; i < c->ncols && rc == 0; i++)
		rc = put_field(c, p, i, out, why);
	if (rc < 0) {
		out->n = from;
		return rc;
	}
	out->p[from] = '{';
	buf_putc(out, '}');
	return 0;
}

int source_csv_take(struct source_csv *c, const char *p, size_t n, bool whole, struct source_csv_record *r, struct buf *out, struct err *why)
{
	const char *what = NULL;
	int rc = csv_read(&c->rec, c->style, p, n, whole, &what);
	if (rc == CSV_MORE)
		return 0;
	*r = (struct source_csv_record){ .used = c->rec.used, .length = c->rec.length, .lines = c->rec.lines, .blank = !c->rec.length };
	r->head = !r->blank && !c->col;
	if (rc == CSV_BAD) {
		err_set(why, ERR_DATA, "%s", what);
		return place(why, p, c->rec.at);
	}
	if (r->blank)
		return 1;
	rc = r->head ? read_head(c, p, why) : put_object(c, p, out, why);
	return rc < 0 ? rc : 1;
}
