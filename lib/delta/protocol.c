/* SPDX-License-Identifier: MIT */
/* The table features that are known, and the checks that reading and writing make. */
#include "delta/protocol.h"

#include <string.h>
#include <strings.h>

#define PREVIEW "-preview"

/* Features that a reader must know. */
static const char *const reads[] = { "columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck",
	"typeWidening" };

/* Features under which a blind append or an overwrite by us keeps the table right. `invariants`, `checkConstraints`,
 * `generatedColumns`, `identityColumns` and the column defaults are looked for in the table itself. deletionVectors: we may
 * add files beside them, and removing a file names its vector. */
static const char *const writes[] = { "appendOnly", "invariants", "checkConstraints", "generatedColumns", "identityColumns",
	"changeDataFeed", "inCommitTimestamp", "timestampNtz", "deletionVectors", "vacuumProtocolCheck", "domainMetadata", "allowColumnDefaults" };

/* Compare without a "-preview" at the end of A. */
static bool same(const char *a, const char *b)
{
	size_t n = strlen(a), p = sizeof PREVIEW - 1;
	if (n > p && strcmp(a + n - p, PREVIEW) == 0)
		n -= p;
	return strlen(b) == n && memcmp(a, b, n) == 0;
}

static bool in_names(const struct delta_names *names, const char *feature)
{
	for (size_t i = 0; i < names->n; i++)
		if (same(names->v[i], feature))
			return true;
	return false;
}

static bool known(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same(name, list[i]))
			return true;
	return false;
}

bool delta_protocol_reads(const struct delta_protocol *p, const char *feature)
{
	if (p->min_reader == 2)
		return strcmp(feature, "columnMapping") == 0;
	return p->min_reader >= 3 && in_names(&p->reader_features, feature);
}

bool delta_protocol_writes(const struct delta_protocol *p, const char *feature)
{
	static const struct { const char *name; int since; } by_version[] = { { "appendOnly", 2 }, { "invariants", 2 },
		{ "checkConstraints", 3 }, { "changeDataFeed", 4 }, { "generatedColumns", 4 }, { "columnMapping", 5 },
		{ "identityColumns", 6 } };
	if (p->min_writer >= 7)
		return in_names(&p->writer_features, feature);
	for (size_t i = 0; i < sizeof by_version / sizeof *by_version; i++)
		if (strcmp(by_version[i].name, feature) == 0)
			return p->min_writer >= by_version[i].since;
	return false;
}

int delta_protocol_check_read(const struct delta_protocol *p, struct err *e)
{
	if (p->min_reader > 3)
		return err_set(e, ERR_UNSUPPORTED, "the table needs reader version %d; this program reads versions 1 to 3",
			       (int)p->min_reader);
	if (p->min_reader < 3)
		return 0;
	for (size_t i = 0; i < p->reader_features.n; i++)
		if (!known(p->reader_features.v[i], reads, sizeof reads / sizeof *reads))
			return err_set(e, ERR_UNSUPPORTED, "the table needs the reader feature '%s', which this program does not support",
				       p->reader_features.v[i]);
	return 0;
}

static bool is_true(const char *v)
{
	return v && strcasecmp(v, "true") == 0;
}

static const char *property(const struct delta_metadata *m, const char *key)
{
	const struct delta_kv *kv = delta_map_get(&m->configuration, key);
	return kv ? kv->value : NULL;
}

bool delta_append_only(const struct delta_metadata *m)
{
	return is_true(property(m, "delta.appendOnly"));
}

/* Field metadata that binds a writer, and what it is called. */
static const struct { const char *key, *feature, *what; } bound[] = {
	{ "\"delta.invariants\"", "invariants", "an invariant" },
	{ "\"delta.generationExpression\"", "generatedColumns", "a generation expression" },
	{ "\"delta.identity.start\"", "identityColumns", "an identity" },
	{ "\"CURRENT_DEFAULT\"", "allowColumnDefaults", NULL }, /* only binds who leaves the column out of an INSERT */
};

static int check_fields(const struct delta_protocol *p, const struct type *t, struct err *e)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		for (size_t k = 0; f->metadata && k < sizeof bound / sizeof *bound; k++)
			if (bound[k].what && strstr(f->metadata, bound[k].key) && delta_protocol_writes(p, bound[k].feature))
				return err_set(e, ERR_UNSUPPORTED,
					       "column '%s' has %s (%s), which this program does not support for writing",
					       f->name, bound[k].what, bound[k].feature);
		int rc = check_fields(p, &f->type, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int check_properties(const struct delta_protocol *p, const struct delta_metadata *m, struct err *e)
{
	static const char constraint[] = "delta.constraints.";
	for (size_t i = 0; i < m->configuration.n; i++) {
		const struct delta_kv *kv = &m->configuration.v[i];
		if (strncmp(kv->key, constraint, sizeof constraint - 1) == 0 && delta_protocol_writes(p, "checkConstraints"))
			return err_set(e, ERR_UNSUPPORTED,
				       "the table has the constraint '%s' (%s), which this program does not support for writing",
				       kv->key + sizeof constraint - 1, kv->value ? kv->value : "");
	}
	if (is_true(property(m, "delta.enableChangeDataFeed")) && delta_protocol_writes(p, "changeDataFeed"))
		return 0; /* appends and whole-file removals need no change files (Delta PROTOCOL.md, "Add CDC File") */
	const char *mode = property(m, "delta.columnMapping.mode");
	if (mode && strcasecmp(mode, "none") != 0 && delta_protocol_writes(p, "columnMapping"))
		return err_set(e, ERR_UNSUPPORTED, "the table uses column mapping (mode %s), which this program "
			       "does not support for writing", mode);
	return 0;
}

int delta_protocol_check_write(const struct delta_protocol *p, const struct delta_metadata *m, const struct schema *s,
			       struct err *e)
{
	int rc = delta_protocol_check_read(p, e);
	if (rc)
		return rc;
	if (p->min_writer > 7)
		return err_set(e, ERR_UNSUPPORTED, "the table needs writer version %d; this program writes versions 1 to 7",
			       (int)p->min_writer);
	for (size_t i = 0; p->min_writer == 7 && i < p->writer_features.n; i++) {
		const char *name = p->writer_features.v[i];
		if (!known(name, writes, sizeof writes / sizeof *writes) && !same(name, "columnMapping"))
			return err_set(e, ERR_UNSUPPORTED, "the table needs the writer feature '%s', which this program does not support", name);
	}
	rc = check_properties(p, m, e);
	return rc ? rc : check_fields(p, &s->root, e);
}

static bool has_kind(const struct type *t, enum type_kind k)
{
	if (t->kind == k)
		return true;
	for (size_t i = 0; i < t->nfields; i++)
		if (has_kind(&t->fields[i].type, k))
			return true;
	return false;
}

void delta_protocol_for(struct delta_protocol *p, const struct schema *s, struct arena *a)
{
	*p = (struct delta_protocol){ .min_reader = 1, .min_writer = 2 };
	if (!has_kind(&s->root, TYPE_TIMESTAMP_NTZ))
		return;
	p->min_reader = 3;
	p->min_writer = 7;
	p->reader_features = (struct delta_names){ arena_array(a, 1, sizeof(char *)), 1, true };
	p->reader_features.v[0] = "timestampNtz";
	p->writer_features = (struct delta_names){ arena_array(a, 3, sizeof(char *)), 3, true };
	p->writer_features.v[0] = "timestampNtz";
	p->writer_features.v[1] = "appendOnly"; /* in force at 1/2, so named when the version names features */
	p->writer_features.v[2] = "invariants";
}
