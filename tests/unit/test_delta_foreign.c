/* SPDX-License-Identifier: MIT */
/* What logs of other writers hold that ours never do. The rule: what is not understood is refused by name, never read as less. */
#include "base/mem.h"
#include "column/json_in.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "delta/widening.h"
#include "parquet/writer.h"
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROTOCOL "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define V2 "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"v2Checkpoint\"],\"writerFeatures\":[\"v2Checkpoint\"]}}\n"
#define FIELD(name, type, meta) "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\",\\\"nullable\\\":true,\\\"metadata\\\":{" meta "}}"
#define SCHEMA(fields) "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" fields "]}\","
#define METADATA(fields, config) "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}}," SCHEMA(fields) \
	"\"partitionColumns\":[],\"configuration\":{" config "}}}\n"
#define A FIELD("a", "long", "")
#define ADD(path) "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n"

static const char ckpt_columns[] =
	"struct<txn:struct<appId:string,version:long>,add:struct<path:string,partitionValues:map<string,string>,size:long,"
	"modificationTime:long,dataChange:boolean,deletionVector:struct<storageType:string,pathOrInlineDv:string,offset:integer,"
	"sizeInBytes:integer,cardinality:long>>,metaData:struct<id:string,format:struct<provider:string,options:map<string,string>>,"
	"schemaString:string,partitionColumns:array<string>,configuration:map<string,string>>,protocol:struct<minReaderVersion:integer,"
	"minWriterVersion:integer,readerFeatures:array<string>,writerFeatures:array<string>>,sidecar:struct<path:string,sizeInBytes:long>>";

static struct store *s;
static struct err e;
static char root[] = "/tmp/sm-foreign-XXXXXX";
static int tables;

static void new_table(void)
{
	char dir[64];
	store_free(s);
	snprintf(dir, sizeof dir, "%s/%d", root, tables++);
	T_INT(store_open(&s, dir, &e), 0);
}

static void put(int64_t version, const char *text)
{
	struct buf name = BUF_INIT;
	delta_commit_name(&name, version);
	T_INT(store_put(s, buf_cstr(&name), text, strlen(text), &e), 0);
	buf_release(&name);
}

/* A Parquet file of the records in TEXT. */
static void put_parquet(const char *name, const char *type, const char *text)
{
	struct arena a = ARENA_INIT;
	struct type t;
	struct batch b;
	struct json_in_line line;
	struct store_out *out = NULL;
	struct pq_writer *w = NULL;
	uint64_t size;
	size_t n = strlen(text);
	char *copy = mem_zalloc(n + 256);
	memcpy(copy, text, n);
	T_INT(type_parse(&t, &a, type, strlen(type), &e), 0);
	batch_init(&b, &t);
	struct json_in *in = json_in_new(&t, NULL);
	json_in_block(in, copy, n);
	enum json_in_event ev = json_in_next(in, &b, 1000, 1 << 20, &line, &e);
	if (ev != JSON_IN_END)
		T_FAIL("%s: %s", name, ev == JSON_IN_BAD ? e.msg : "not whole");
	const struct column *cols[16];
	for (size_t i = 0; i < b.ncols; i++)
		cols[i] = &b.col[i];
	T_INT(store_out_open(&out, s, name, &e), 0);
	const struct pq_sink sink = { store_out_write, out };
	const struct pq_writer_opts o = { .codec = PQ_SNAPPY };
	T_INT(pq_writer_new(&w, &t, &sink, &o, &e), 0);
	T_INT(pq_writer_append(w, cols, NULL, b.nrows, &e), 0);
	T_INT(pq_writer_finish(w, NULL, &size, &e), 0);
	T_INT(store_out_close(out, &e), 0);
	pq_writer_free(w);
	json_in_free(in);
	batch_release(&b);
	arena_release(&a);
	mem_free(copy);
}

/* Live files of the newest version; the error's code when it cannot be read. */
static int64_t files(void)
{
	struct delta_snapshot *sn = NULL;
	int r = delta_snapshot_open(&sn, s, DELTA_NEWEST, 0, &e);
	if (r)
		return r;
	int64_t n = (int64_t)sn->nfiles;
	delta_snapshot_free(sn);
	return n;
}

static void refused(int code, const char *what)
{
	T_INT(files(), code);
	if (!strstr(e.msg, what))
		T_FAIL("says '%s', not '%s'", e.msg, what);
}

static void test_checkpoints(void)
{
	T_CASE("a checkpoint with a classic name and sidecars") {
		new_table();
		put_parquet("_delta_log/00000000000000000005.checkpoint.parquet", ckpt_columns, V2 METADATA(A, "")
			    "{\"sidecar\":{\"path\":\"one.parquet\",\"sizeInBytes\":1}}\n{\"sidecar\":{\"path\":\"t%77o.parquet\",\"sizeInBytes\":1}}\n" ADD("main"));
		put_parquet("_delta_log/_sidecars/one.parquet", ckpt_columns, ADD("x") ADD("y"));
		refused(ERR_IO, "two.parquet");
		put_parquet("_delta_log/_sidecars/two.parquet", ckpt_columns, ADD("z"));
		T_INT(files(), 4);
		put(6, ADD("after"));
		T_INT(files(), 5);
	}
	T_CASE("a multi-part checkpoint that lacks a part does not count") {
		new_table();
		put(0, PROTOCOL METADATA(A, "") ADD("x"));
		put(1, ADD("y"));
		put_parquet("_delta_log/00000000000000000001.checkpoint.0000000001.0000000002.parquet", ckpt_columns, PROTOCOL METADATA(A, ""));
		T_INT(files(), 2);
		T_INT(store_delete(s, "_delta_log/00000000000000000000.json", &e), 0);
		T_OK(files() < 0);
	}
	T_CASE("a deletion vector that a checkpoint tells only in part") {
		new_table();
#define WITH_DV(dv) "{\"add\":{\"path\":\"x\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true,\"deletionVector\":{" dv "}}}\n"
		put_parquet("_delta_log/00000000000000000000.checkpoint.parquet", ckpt_columns,
			    PROTOCOL METADATA(A, "") WITH_DV("\"storageType\":\"u\",\"sizeInBytes\":1,\"cardinality\":1"));
		refused(ERR_DATA, "deletionVector.pathOrInlineDv");
		new_table();
		put_parquet("_delta_log/00000000000000000000.checkpoint.parquet", ckpt_columns,
			    PROTOCOL METADATA(A, "") WITH_DV("\"storageType\":\"q\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":1,\"cardinality\":1"));
		refused(ERR_UNSUPPORTED, "'q'");
	}
}

#define MAPPED(mode) METADATA(FIELD("a", "long", "\\\"delta.columnMapping.id\\\":1,\\\"delta.columnMapping.physicalName\\\":\\\"col-1\\\""), \
			      "\"delta.columnMapping.mode\":\"" mode "\"")

#define BY(column) "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}}," SCHEMA(FIELD("p", "string", "") "," FIELD("q", "string", "") "," A) \
	"\"partitionColumns\":[" column "],\"configuration\":{}}}\n"
#define OF(path, values) "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{" values "},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n"

static void test_partition_keys(void)
{
	/* WANT: the values of p and q of the only file, "-": null; or what the refusal names. */
	static const struct { const char *values, *want; bool bad; } table[] = {
		{ "\"p\":\"1\",\"q\":\"2\"", "1 2", false },
		{ "\"P\":\"1\",\"q\":\"2\"", "1 2", false },
		{ "\"Q\":\"2\",\"P\":\"1\"", "1 2", false },
		{ "\"P\":null,\"q\":\"\"", "- -", false },
		{ "\"P\":\"9\",\"p\":\"1\",\"q\":\"2\"", "1 2", false },
		{ "\"p\":\"1\"", "1 -", false },                  /* left out: null, as delta-rs reads it */
		{ "", "- -", false },
		{ "\"p\":\"1\",\"r\":\"2\"", "'q'", true },
		{ "\"r\":\"2\"", "'q'", true } };
	T_CASE("partition values under keys that differ from the columns in case, or that are nobody's") {
		for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
			struct delta_snapshot *sn = NULL;
			struct buf text = BUF_INIT, got = BUF_INIT;
			new_table();
			buf_printf(&text, PROTOCOL BY("\"p\",\"q\"") OF("x", "%s"), table[i].values);
			put(0, buf_cstr(&text));
			int rc = delta_snapshot_open(&sn, s, DELTA_NEWEST, 0, &e);
			T_INT(rc, table[i].bad ? ERR_DATA : 0);
			struct delta_iter it = DELTA_ITER_INIT;
			const struct delta_file *f = rc == 0 ? delta_snapshot_next(sn, &it) : NULL;
			if (f)
				buf_printf(&got, "%s %s", f->part[0].p ? f->part[0].p : "-", f->part[1].p ? f->part[1].p : "-");
			else
				buf_puts(&got, strstr(e.msg, table[i].want) ? table[i].want : e.msg);
			T_STR(buf_cstr(&got), table[i].want);
			delta_snapshot_free(sn);
			buf_release(&text);
			buf_release(&got);
		}
	}
	T_CASE("a file that is gone may have values of columns by which the table is no longer partitioned") {
		new_table();
		put(0, PROTOCOL BY("\"p\"") OF("x", "\"p\":\"1\""));
		put(1, BY("\"q\"") "{\"remove\":{\"path\":\"x\",\"deletionTimestamp\":1,\"dataChange\":true,\"extendedFileMetadata\":true,\"partitionValues\":"
		    "{\"p\":\"1\"},\"size\":1}}\n" OF("y", "\"q\":\"2\""));
		T_INT(files(), 1);
	}
}

static void test_metadata(void)
{
	struct delta_snapshot *sn = NULL;
	T_CASE("a metaData without a schema counts only where it is in force") {
		new_table();
		put(0, PROTOCOL "{\"metaData\":{\"id\":\"i\",\"partitionColumns\":[]}}\n");
		refused(ERR_DATA, "schemaString");
		put(1, METADATA(A, "") ADD("x"));
		T_INT(files(), 1);
		put(2, "{\"metaData\":{\"id\":\"i\",\"partitionColumns\":[]}}\n");
		refused(ERR_DATA, "schemaString");
		new_table();
		put_parquet("_delta_log/00000000000000000000.checkpoint.parquet", ckpt_columns,
			    PROTOCOL "{\"metaData\":{\"id\":\"i\",\"partitionColumns\":[]}}\n" ADD("x"));
		refused(ERR_DATA, "schemaString");
		put(1, METADATA(A, ""));
		T_INT(files(), 1);
	}
	T_CASE("column mapping that only the writer's features name") {
		new_table();
		put(0, "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[],\"writerFeatures\":[\"columnMapping\"]}}\n"
		    MAPPED("name") ADD("x"));
		T_INT(delta_snapshot_open(&sn, s, DELTA_NEWEST, 0, &e), 0);
		if (sn)
			T_STR(sn->physical.root.fields[0].name, "col-1");
		delta_snapshot_free(sn);
	}
	T_CASE("column mapping without the feature is refused when names differ") {
		new_table();
		put(0, PROTOCOL MAPPED("name") ADD("x"));
		refused(ERR_UNSUPPORTED, "columnMapping");
		put(0, PROTOCOL METADATA(A, "\"delta.columnMapping.mode\":\"name\"") ADD("x"));
		T_INT(files(), 1);
	}
	T_CASE("names that hold a NUL are refused, not cut") {
		new_table();
		put(0, PROTOCOL METADATA(A, "") "{\"add\":{\"path\":\"x\\u0000y\",\"partitionValues\":{},\"size\":1,\"dataChange\":true}}\n");
		refused(ERR_DATA, "NUL");
		put(0, PROTOCOL METADATA(A, "") "{\"add\":{\"path\":\"x\",\"partitionValues\":{\"a\\u0000b\":\"1\"},\"size\":1,\"dataChange\":true}}\n");
		refused(ERR_DATA, "NUL");
	}
}

static void test_widening(void)
{
	static const struct { const char *from, *to; bool known; } table[] = {
		{ "byte", "short", true }, { "short", "integer", true }, { "integer", "long", true }, { "byte", "long", true },
		{ "float", "double", true }, { "integer", "double", true }, { "date", "timestamp_ntz", true },
		{ "integer", "decimal(10,0)", true }, { "long", "decimal(20,0)", true }, { "decimal(5,2)", "decimal(8,4)", true },
		{ "decimal(5,2)", "decimal(5,2)", true },
		{ "long", "integer", false }, { "long", "double", false }, { "integer", "decimal(9,0)", false }, { "long", "decimal(19,0)", false },
		{ "decimal(5,2)", "decimal(6,4)", false }, { "decimal(5,2)", "decimal(9,1)", false }, { "integer", "string", false },
		{ "date", "timestamp", false }, { "string", "variant", false }, { "timestamp", "timestamp_ntz", false } };
	T_CASE("changes of type that the protocol lists, and others") {
		for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
			char meta[200];
			snprintf(meta, sizeof meta, "{\"delta.typeChanges\":[{\"fromType\":\"%s\",\"toType\":\"%s\"}]}", table[i].from, table[i].to);
			struct field f = { .name = "a", .nname = 1, .metadata = meta };
			struct type t = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
			int r = widening_check(&t, &e);
			if ((r == 0) != table[i].known || (r && (r != ERR_UNSUPPORTED || !strstr(e.msg, "'a'"))))
				T_FAIL("%s to %s: %d", table[i].from, table[i].to, r);
		}
		struct field f = { .name = "a", .nname = 1, .metadata = "{\"delta.typeChanges\":[{\"fieldPath\":\"element\"}]}" };
		struct type t = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
		T_INT(widening_check(&t, &e), ERR_UNSUPPORTED);
	}
}

static void test_other_files(void)
{
	T_CASE("a FIFO, a folder or a device in the place of a file is refused at once") {
		static const char *const name[] = { "fifo", "dir", "null" };
		char path[200];
		new_table();
		T_INT(store_mkdir(s, "dir", &e), 0);
		snprintf(path, sizeof path, "%s/fifo", store_root(s));
		T_INT(mkfifo(path, 0600), 0);
		snprintf(path, sizeof path, "%s/null", store_root(s));
		T_INT(symlink("/dev/null", path), 0);
		for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
			struct store_file *f = NULL;
			T_INT(store_file_open(&f, s, name[i], &e), ERR_IO);
			T_OK(strstr(e.msg, "regular") != NULL);
			store_file_close(f);
		}
	}
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_checkpoints();
	test_partition_keys();
	test_metadata();
	test_widening();
	test_other_files();
	store_free(s);
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	if (system(cmd))
		return 1;
	return t_done();
}
