/* SPDX-License-Identifier: MIT */
/* actions - the lines of a Delta log.
 *
 * Source: Delta PROTOCOL.md, "Actions". Unknown actions and unknown fields are ignored, as the protocol
 * wants; tags, deletionVector, baseRowId, defaultRowCommitVersion and clusteringProvider are kept.
 *
 * Ownership: everything a parsed action points at lives in the caller's arena (text is copied there).
 * Errors: ERR_DATA naming the field; the caller adds file and line.
 */
#ifndef SM_DELTA_ACTIONS_H
#define SM_DELTA_ACTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delta_kv {
	const char *key, *value;    /* value NULL: null */
	size_t nvalue;
};
struct delta_map {
	struct delta_kv *v;
	size_t n;
};
const struct delta_kv *delta_map_get(const struct delta_map *m, const char *key); /* NULL: not there */

/* A partition value as the log has it: any bytes, NUL among them, so its length travels with it. */
struct delta_text {
	const char *p;              /* NULL: null */
	size_t n;
};
/* That of the partition column KEY: under its name, else under the only one that differs from it in nothing but case. */
const struct delta_kv *delta_map_part(const struct delta_map *m, const char *key);
/* Its value; null if it is empty or missing. */
struct delta_text delta_map_text(const struct delta_map *m, const char *key);

struct delta_names {            /* a list of names */
	const char **v;
	size_t n;
	bool given;                 /* false: the field was missing or null */
};
bool delta_names_have(const struct delta_names *names, const char *name);

struct delta_protocol {
	int32_t min_reader, min_writer;
	struct delta_names reader_features, writer_features;
};

struct delta_metadata {
	const char *id, *name, *description;   /* name, description may be NULL */
	const char *schema_string;             /* NULL: it lacks one; an error only where the metaData is in force */
	size_t nschema_string;
	const char *provider;                  /* "parquet" */
	struct delta_names partition_columns;
	struct delta_map configuration;
	int64_t created_ms;                    /* -1: none */
};

struct delta_dv {
	char storage;                          /* 'u' 'i' 'p' */
	const char *path_or_inline;
	int64_t offset;                        /* -1: none */
	int64_t size, cardinality;
	int64_t max_row;                       /* -1: none */
	const char *id;                        /* uniqueId: storage + path_or_inline [+ "@" offset] */
};

struct delta_add {
	const char *path;                      /* decoded once: the key, and the name for lib/store */
	const char *raw_path;                  /* as in the log */
	struct delta_map partition_values;
	int64_t size, modified_ms;             /* remove: size -1 when unknown */
	int64_t deleted_ms;                    /* remove only: deletionTimestamp, 0 when it has none */
	bool data_change;
	bool extended;                         /* remove only: extendedFileMetadata */
	const char *stats;                     /* JSON text, NULL: none */
	size_t nstats;
	const char *tags;                      /* raw JSON object, NULL: none */
	const struct delta_dv *dv;             /* NULL: none */
	int64_t base_row_id, default_row_commit_version; /* -1: none */
	const char *clustering_provider;       /* NULL: none */
};

/* What an add is before its fields are filled in. */
#define DELTA_ADD_INIT { .size = -1, .data_change = true, .base_row_id = -1, .default_row_commit_version = -1 }

struct delta_txn {
	const char *app_id;
	int64_t version;
	int64_t updated_ms;                    /* lastUpdated, -1: none */
};

struct delta_domain {
	const char *domain, *configuration;
	bool removed;
};

enum delta_kind {
	DELTA_UNKNOWN, DELTA_PROTOCOL, DELTA_METADATA, DELTA_ADD, DELTA_REMOVE, DELTA_TXN, DELTA_COMMIT_INFO,
	DELTA_DOMAIN, DELTA_CDC, DELTA_SIDECAR, DELTA_CHECKPOINT_METADATA
};

struct delta_action {
	enum delta_kind kind;
	union {
		struct delta_protocol protocol;
		struct delta_metadata metadata;
		struct delta_add add;              /* ADD, REMOVE, CDC (path, partition_values, size) */
		struct delta_txn txn;
		struct delta_domain domain;
		const struct json *info;           /* COMMIT_INFO: the object */
		struct { const char *path; int64_t size; } sidecar;
	};
};

/* Parse one line. LINE is copied into A first. */
int delta_action_parse(struct delta_action *act, struct arena *a, const char *line, size_t n, struct err *e);
/* Append one line, '\n' included. A path is printed as raw_path has it, or encoded when raw_path is NULL. */
void delta_action_print(const struct delta_action *act, struct buf *b);
/* True when the line begins as an action does: `{"add":`, `{"remove":`, `{"metaData":` … (smcommit's input). */
bool delta_action_is(const char *line, size_t n);

void delta_protocol_copy(struct delta_protocol *to, const struct delta_protocol *from, struct arena *a);
void delta_metadata_copy(struct delta_metadata *to, const struct delta_metadata *from, struct arena *a);

#endif
