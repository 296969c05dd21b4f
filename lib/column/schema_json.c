/* SPDX-License-Identifier: MIT */
/* Schemas as JSON: Delta's schemaString and our short schema files. */
#include "column/schema.h"

#include "column/type_text.h"
#include "json/doc.h"

#include <string.h>

struct reader {
	struct arena *a;
	struct err *e;
	struct buf path;      /* a.b.element: where we are, for messages */
	int depth;
};

static int fail(struct reader *x, int code, const char *what)
{
	if (!x->path.n)
		return err_set(x->e, code, "schema: %s", what);
	return err_set(x->e, code, "schema: field '%.*s': %s", (int)(x->path.n > 300 ? 300 : x->path.n), x->path.p, what);
}

/* Put where we are in front of an error that the type's own parser made. */
static int at_path(struct reader *x, int r)
{
	if (r && x->path.n)
		err_wrap(x->e, "schema: field '%.*s'", (int)(x->path.n > 300 ? 300 : x->path.n), x->path.p);
	return r;
}

static size_t enter(struct reader *x, const char *name, size_t n)
{
	size_t was = x->path.n;
	if (was)
		buf_putc(&x->path, '.');
	buf_put(&x->path, name, n);
	return was;
}

static int read_bool(struct reader *x, const struct json *obj, const char *key, bool *v)
{
	const struct json *b = json_get(obj, key);
	*v = true;
	if (!b || json_bool(b, v))
		return 0;
	return fail(x, ERR_DATA, "'nullable' and 'containsNull' must be true or false");
}

static int read_type(struct reader *x, const struct json *v, struct type *t);

static int read_field(struct reader *x, const struct json *v, struct field *f)
{
	const struct json *name = json_get(v, "name"), *type = json_get(v, "type"), *meta = json_get(v, "metadata");
	if (!name || name->type != JSON_STRING)
		return fail(x, ERR_DATA, "a field needs a 'name'");
	f->name = arena_strndup(x->a, name->str, name->nstr);
	f->nname = name->nstr;
	size_t was = enter(x, f->name, f->nname);
	int rc = type ? 0 : fail(x, ERR_DATA, "a field needs a 'type'");
	if (!rc)
		rc = read_bool(x, v, "nullable", &f->nullable);
	if (!rc && meta && meta->type != JSON_NULL && meta->type != JSON_OBJECT)
		rc = fail(x, ERR_DATA, "'metadata' must be an object");
	if (!rc && meta && meta->nchild)
		f->metadata = arena_strndup(x->a, meta->raw, meta->nraw);
	if (!rc)
		rc = read_type(x, type, &f->type);
	x->path.n = was;
	return rc;
}

static int read_struct(struct reader *x, const struct json *v, struct type *t)
{
	const struct json *fields = json_get(v, "fields");
	if (!fields || fields->type != JSON_ARRAY)
		return fail(x, ERR_DATA, "a struct needs an array 'fields'");
	t->kind = TYPE_STRUCT;
	t->fields = arena_array(x->a, fields->nchild, sizeof *t->fields);
	for (const struct json *f = fields->child; f; f = f->next) {
		int rc = read_field(x, f, &t->fields[t->nfields]);
		if (rc)
			return rc;
		t->nfields++;
	}
	return 0;
}

static int read_child(struct reader *x, const struct json *v, const char *key, struct field *f)
{
	const struct json *type = json_get(v, key);
	if (!type)
		return fail(x, ERR_DATA, "an array needs 'elementType', a map 'keyType' and 'valueType'");
	size_t was = enter(x, f->name, f->nname);
	int rc = read_type(x, type, &f->type);
	x->path.n = was;
	return rc;
}

static int read_nested(struct reader *x, const struct json *v, struct type *t)
{
	const char *kind = json_str(json_get(v, "type"));
	if (!kind)
		return fail(x, ERR_DATA, "a nested type needs 'type': struct, array or map");
	if (strcmp(kind, "struct") == 0)
		return read_struct(x, v, t);
	if (strcmp(kind, "array") == 0) {
		t->kind = TYPE_LIST;
		type_set_children(t, x->a, "element", NULL);
		int rc = read_bool(x, v, "containsNull", &t->fields[0].nullable);
		return rc ? rc : read_child(x, v, "elementType", &t->fields[0]);
	}
	if (strcmp(kind, "map") == 0) {
		t->kind = TYPE_MAP;
		type_set_children(t, x->a, "key", "value");
		int rc = read_bool(x, v, "valueContainsNull", &t->fields[1].nullable);
		if (!rc)
			rc = read_child(x, v, "keyType", &t->fields[0]);
		return rc ? rc : read_child(x, v, "valueType", &t->fields[1]);
	}
	err_set(x->e, ERR_UNSUPPORTED, "type '%.100s' is not supported", kind);
	return at_path(x, ERR_UNSUPPORTED);
}

static int read_type(struct reader *x, const struct json *v, struct type *t)
{
	*t = (struct type){ 0 };
	if (v->type == JSON_STRING)
		return at_path(x, type_primitive(t, v->str, v->nstr, x->e));
	if (v->type != JSON_OBJECT)
		return fail(x, ERR_DATA, "a type must be a name or an object");
	if (x->depth >= TYPE_MAX_DEPTH)
		return fail(x, ERR_DATA, "types are nested too deeply");
	x->depth++;
	int rc = read_nested(x, v, t);
	x->depth--;
	return rc;
}

static int root_from_delta(struct schema *s, const struct json *v, struct err *e)
{
	struct reader x = { .a = &s->arena, .e = e };
	int rc = read_type(&x, v, &s->root);
	if (!rc && s->root.kind != TYPE_STRUCT)
		rc = err_set(e, ERR_DATA, "schema: the outermost type must be a struct");
	buf_release(&x.path);
	return rc;
}

int schema_from_delta(struct schema *s, const char *json, size_t n, struct err *e)
{
	struct arena tmp = ARENA_INIT;
	struct json *v;
	schema_init(s);
	int rc = json_parse(&v, &tmp, json, n, e);
	if (rc)
		err_wrap(e, "schema");
	else
		rc = root_from_delta(s, v, e);
	arena_release(&tmp);
	if (rc)
		schema_release(s);
	return rc;
}

static void put_type(const struct type *t, struct buf *b);

static void put_bool(struct buf *b, bool v)
{
	buf_puts(b, v ? "true" : "false");
}

static void put_struct(const struct type *t, struct buf *b)
{
	buf_puts(b, "{\"type\":\"struct\",\"fields\":[");
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		json_put_string(b, f->name, f->nname);
		buf_puts(b, ",\"type\":");
		put_type(&f->type, b);
		buf_puts(b, ",\"nullable\":");
		put_bool(b, f->nullable);
		buf_puts(b, ",\"metadata\":");
		buf_puts(b, f->metadata ? f->metadata : "{}");
		buf_putc(b, '}');
	}
	buf_puts(b, "]}");
}

static void put_type(const struct type *t, struct buf *b)
{
	switch (t->kind) {
	case TYPE_STRUCT:
		put_struct(t, b);
		break;
	case TYPE_LIST:
		buf_puts(b, "{\"type\":\"array\",\"elementType\":");
		put_type(&t->fields[0].type, b);
		buf_puts(b, ",\"containsNull\":");
		put_bool(b, t->fields[0].nullable);
		buf_putc(b, '}');
		break;
	case TYPE_MAP:
		buf_puts(b, "{\"type\":\"map\",\"keyType\":");
		put_type(&t->fields[0].type, b);
		buf_puts(b, ",\"valueType\":");
		put_type(&t->fields[1].type, b);
		buf_puts(b, ",\"valueContainsNull\":");
		put_bool(b, t->fields[1].nullable);
		buf_putc(b, '}');
		break;
	default:
		buf_putc(b, '"');
		type_print(t, b);
		buf_putc(b, '"');
		break;
	}
}

void schema_to_delta(const struct schema *s, struct buf *b)
{
	put_struct(&s->root, b);
}

/* ["name","type"], then true or false (nullable) and a comment, in this order, each optional. */
static int short_field(struct reader *x, const struct json *v, struct field *f)
{
	const struct json *name = v->type == JSON_ARRAY ? v->child : NULL, *type = name ? name->next : NULL;
	if (!type || name->type != JSON_STRING || type->type != JSON_STRING)
		return fail(x, ERR_DATA, "a field must be [\"name\",\"type\",nullable,\"comment\"], the last two optional");
	f->name = arena_strndup(x->a, name->str, name->nstr);
	f->nname = name->nstr;
	f->nullable = true;
	size_t was = enter(x, f->name, f->nname);
	int rc = at_path(x, type_parse(&f->type, x->a, type->str, type->nstr, x->e));
	const struct json *more = type->next;
	if (!rc && more && json_bool(more, &f->nullable))
		more = more->next;
	if (!rc && more && more->type == JSON_STRING) {
		struct buf b = BUF_INIT;
		buf_puts(&b, "{\"comment\":");
		json_put_string(&b, more->str, more->nstr);
		buf_putc(&b, '}');
		f->metadata = arena_strndup(x->a, b.p, b.n);
		buf_release(&b);
		more = more->next;
	}
	if (!rc && more)
		rc = fail(x, ERR_DATA, "name and type must be followed by true or false, then a comment, and nothing else");
	x->path.n = was;
	return rc;
}

static int root_from_short(struct schema *s, const struct json *fields, struct err *e)
{
	struct reader x = { .a = &s->arena, .e = e };
	int rc = 0;
	s->root.fields = arena_array(&s->arena, fields->nchild, sizeof *s->root.fields);
	for (const struct json *f = fields->child; f && !rc; f = f->next) {
		rc = short_field(&x, f, &s->root.fields[s->root.nfields]);
		s->root.nfields += rc == 0;
	}
	buf_release(&x.path);
	return rc;
}

int schema_from_file_text(struct schema *s, const char *text, size_t n, struct err *e)
{
	struct arena tmp = ARENA_INIT;
	struct json *v;
	schema_init(s);
	int rc = json_parse(&v, &tmp, text, n, e);
	if (!rc) {
		const struct json *fields = json_get(v, "fields");
		if (json_get(v, "type"))
			rc = root_from_delta(s, v, e);
		else if (!fields || fields->type != JSON_ARRAY)
			rc = err_set(e, ERR_DATA, "schema: neither Delta's {\"type\":\"struct\",…} nor {\"fields\":[…]}");
		else
			rc = root_from_short(s, fields, e);
	}
	arena_release(&tmp);
	if (rc)
		schema_release(s);
	return rc;
}
