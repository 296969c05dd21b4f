/* SPDX-License-Identifier: MIT */
/* Do the metadata of the pipe and of the table go together, and which is committed? */
#include "base/mem.h"
#include "commit/committer.h"

#include <string.h>

void producer_release(struct producer *p)
{
	schema_release(&p->schema);
	arena_release(&p->arena);
	mem_free(p->agreed);
	p->agreed = NULL;
	p->known = false;
}

/* How two fields are named in messages: `user.name`. */
struct where_at {
	const struct where_at *up;
	const char *name;
};

static void put_at(struct buf *b, const struct where_at *at)
{
	if (at->up) {
		put_at(b, at->up);
		buf_putc(b, '.');
	}
	buf_puts(b, at->name);
}

static int disagree(const struct where_at *at, struct err *e, const char *what)
{
	struct buf b = BUF_INIT;
	put_at(&b, at);
	err_set(e, ERR_CONFLICT, "the files do not match the table: column '%s' %s", buf_cstr(&b), what);
	buf_release(&b);
	return ERR_CONFLICT;
}

static int type_disagrees(const struct where_at *at, const struct type *ours, const struct type *table, struct err *e)
{
	struct buf a = BUF_INIT, b = BUF_INIT, msg = BUF_INIT;
	type_print(ours, &a);
	type_print(table, &b);
	buf_printf(&msg, "is %.200s in the files and %.200s in the table", buf_cstr(&a), buf_cstr(&b));
	int rc = disagree(at, e, buf_cstr(&msg));
	buf_release(&a);
	buf_release(&b);
	buf_release(&msg);
	return rc;
}

static int fit_type(const struct where_at *at, const struct type *ours, const struct type *table, bool *wider, struct err *e);

static int fit_field(const struct where_at *at, const struct field *ours, const struct field *table, bool *wider, struct err *e)
{
	if (ours->nullable && !table->nullable)
		return disagree(at, e, "may be null in the files but not in the table");
	return fit_type(at, &ours->type, &table->type, wider, e);
}

static int fit_struct(const struct where_at *at, const struct type *ours, const struct type *table, bool *wider, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < ours->nfields && rc == 0; i++) {
		const struct field *f = &ours->fields[i];
		struct where_at here = { at, f->name };
		ptrdiff_t k = type_find(table, f->name, f->nname, false);
		if (k >= 0)
			rc = fit_field(&here, f, &table->fields[k], wider, e);
		else if (type_find(table, f->name, f->nname, true) >= 0)
			rc = disagree(&here, e, "differs from a column of the table only in case");
		else if (wider)
			*wider = true;
		else
			rc = disagree(&here, e, "is not in the table (--merge-schema adds it)");
	}
	for (size_t i = 0; i < table->nfields && rc == 0; i++) {
		const struct field *f = &table->fields[i];
		struct where_at here = { at, f->name };
		if (!f->nullable && type_find(ours, f->name, f->nname, false) < 0)
			rc = disagree(&here, e, "must not be null in the table and is not in the files");
	}
	return rc;
}

/* WIDER NULL: fields that the table lacks are an error; otherwise it tells that there are some. */
static int fit_type(const struct where_at *at, const struct type *ours, const struct type *table, bool *wider, struct err *e)
{
	int rc = 0;
	if (ours->kind != table->kind)
		return type_disagrees(at, ours, table, e);
	if (ours->kind == TYPE_DECIMAL && (ours->precision != table->precision || ours->scale != table->scale))
		return type_disagrees(at, ours, table, e);
	if (ours->kind == TYPE_STRUCT)
		return fit_struct(at, ours, table, wider, e);
	for (size_t i = 0; i < ours->nfields && rc == 0; i++) {
		struct where_at here = { at, ours->fields[i].name };
		rc = fit_field(&here, &ours->fields[i], &table->fields[i], wider, e);
	}
	return rc;
}

static int fit_partition(const struct delta_names *ours, const struct delta_names *table, struct err *e)
{
	for (size_t i = 0; i < ours->n; i++)
		if (!delta_names_have(table, ours->v[i]))
			return err_set(e, ERR_CONFLICT, "the files are partitioned by '%s', but the table is not", ours->v[i]);
	for (size_t i = 0; i < table->n; i++)
		if (!delta_names_have(ours, table->v[i]))
			return err_set(e, ERR_CONFLICT, "the table is partitioned by '%s', but the files are not", table->v[i]);
	return 0;
}

static int fit_table(const struct producer *p, const struct delta_snapshot *sn, bool *wider, struct err *e)
{
	int rc = fit_partition(&p->partition, &sn->metadata.partition_columns, e);
	return rc ? rc : fit_struct(NULL, &p->schema.root, &sn->schema.root, wider, e);
}

static char *agreed_text(const struct delta_snapshot *sn)
{
	struct buf b = BUF_INIT;
	buf_put(&b, sn->metadata.schema_string, sn->metadata.nschema_string);
	for (size_t i = 0; i < sn->npart; i++) {
		buf_putc(&b, '\n');
		buf_puts(&b, sn->metadata.partition_columns.v[i]);
	}
	return buf_detach(&b, NULL);
}

static void agree(struct producer *p, const struct delta_snapshot *sn)
{
	mem_free(p->agreed);
	p->agreed = agreed_text(sn);
}

static bool agreed(const struct producer *p, const struct delta_snapshot *sn)
{
	if (!p->agreed)
		return false;
	char *now = agreed_text(sn);
	bool same = strcmp(now, p->agreed) == 0;
	mem_free(now);
	return same;
}

/* May the metaData M with schema S follow P's before one mark? The files that were written under P's must be right under S. */
static int widens(const struct producer *p, const struct schema *s, const struct delta_metadata *m, struct err *e)
{
	int rc = fit_partition(&p->partition, &m->partition_columns, e);
	if (rc == 0)
		rc = fit_struct(NULL, &p->schema.root, &s->root, NULL, e);
	if (rc) {
		err_wrap(e, "a second metaData before the mark does not extend the first");
		if (e)
			e->code = ERR_DATA;
	}
	return rc ? ERR_DATA : 0;
}

int fit_take_metadata(struct committer *c, const struct delta_metadata *m, bool again, struct err *e)
{
	struct producer *p = &c->producer;
	struct schema s;
	if (!m->schema_string)
		return err_set(e, ERR_DATA, "metaData.schemaString is missing");
	int rc = schema_from_delta(&s, m->schema_string, m->nschema_string, e);
	if (rc) {
		err_wrap(e, "metaData.schemaString");
		return rc;
	}
	rc = again ? widens(p, &s, m, e) : 0;
	if (rc) {
		schema_release(&s);
		return rc;
	}
	producer_release(p);
	p->schema = s;
	struct delta_metadata copy;
	delta_metadata_copy(&copy, m, &p->arena);
	p->partition = copy.partition_columns;
	p->known = true;
	return 0;
}

/* TABLE with the fields of OURS that it lacks appended, at every level; the new ones may be null. */
static void widen(struct type *to, const struct type *table, const struct type *ours, struct arena *a)
{
	type_copy(to, table, a);
	if (table->kind != TYPE_STRUCT) {
		for (size_t i = 0; i < to->nfields; i++)
			widen(&to->fields[i].type, &table->fields[i].type, &ours->fields[i].type, a);
		return;
	}
	struct field *fields = arena_array(a, table->nfields + ours->nfields, sizeof *fields);
	size_t n = table->nfields;
	if (n)
		memcpy(fields, to->fields, n * sizeof *fields);
	for (size_t i = 0; i < ours->nfields; i++) {
		const struct field *f = &ours->fields[i];
		ptrdiff_t k = type_find(table, f->name, f->nname, false);
		if (k >= 0) {
			widen(&fields[k].type, &table->fields[k].type, &f->type, a);
			continue;
		}
		fields[n] = *f;
		fields[n].nullable = true;
		type_copy(&fields[n].type, &f->type, a);
		n++;
	}
	to->fields = fields;
	to->nfields = n;
}

static void widened_metadata(const struct committer *c, const struct delta_snapshot *sn, struct delta_metadata *m, struct arena *a)
{
	struct schema s;
	struct buf b = BUF_INIT;
	schema_init(&s);
	widen(&s.root, &sn->schema.root, &c->producer.schema.root, &s.arena);
	schema_to_delta(&s, &b);
	*m = sn->metadata;
	m->schema_string = arena_strndup(a, b.p, b.n);
	m->nschema_string = b.n;
	buf_release(&b);
	schema_release(&s);
}

int fit_metadata(struct committer *c, const struct delta_snapshot *sn, struct delta_metadata *widened, bool *changed,
		 struct arena *a, struct err *e)
{
	const struct delta_metadata *ours = &c->group.metadata;
	bool wider = false;
	*changed = false;
	if (c->opts.overwrite && c->opts.overwrite_schema && !c->opts.replace_where && !c->replaced) {
		*widened = sn->metadata;
		widened->schema_string = ours->schema_string;
		widened->nschema_string = ours->nschema_string;
		widened->partition_columns = ours->partition_columns;
		(void)a;
		bool same = strcmp(ours->schema_string, sn->metadata.schema_string) == 0 &&
			    fit_partition(&ours->partition_columns, &sn->metadata.partition_columns, NULL) == 0;
		*changed = !same;
		return 0;
	}
	int rc = fit_table(&c->producer, sn, c->opts.merge_schema ? &wider : NULL, e);
	if (rc)
		return rc;
	*changed = wider;
	if (wider)
		widened_metadata(c, sn, widened, a);
	else
		agree(&c->producer, sn);
	return 0;
}

/* What the producer read at VERSION becomes what it is known to write. */
static int learn(struct committer *c, const struct delta_snapshot *sn, int64_t version, struct err *e)
{
	struct delta_snapshot *old = NULL;
	const struct delta_snapshot *at = sn;
	int rc = 0;
	if (sn->metadata_version > version) {
		rc = delta_snapshot_open(&old, c->store, version, 0, e);
		if (rc == ERR_NOT_FOUND)
			rc = err_set(e, ERR_CONFLICT, "the table's schema may have changed since version %lld, against which the "
				    "files were written, and that version can no longer be read", (long long)version);
		at = old;
	}
	if (rc == 0)
		rc = fit_take_metadata(c, &at->metadata, false, e);
	delta_snapshot_free(old);
	return rc;
}

int fit_unchanged(struct committer *c, const struct delta_snapshot *sn, int64_t read_version, struct err *e)
{
	int rc = 0;
	if (agreed(&c->producer, sn))
		return 0;
	if (!c->producer.known) {
		if (read_version < 0)
			return 0; /* a producer that says nothing; the partition values are checked all the same */
		rc = learn(c, sn, read_version < sn->version ? read_version : sn->version, e);
	}
	if (rc == 0)
		rc = fit_table(&c->producer, sn, NULL, e);
	if (rc == 0)
		agree(&c->producer, sn);
	return rc;
}
