/* SPDX-License-Identifier: MIT */
/* committer - what the files of lib/commit share; only they include it. */
#ifndef SM_COMMIT_COMMITTER_H
#define SM_COMMIT_COMMITTER_H

#include "commit/commit.h"
#include "delta/commit.h"
#include "delta/held.h"
#include "expr/expr.h"
#include "stream/mark.h"
#include "stream/trust.h"

/* A file that the group adds or removes. */
struct group_file {
	struct delta_add add;
	const char *line;          /* the action's own bytes, without the line's end */
	size_t nline;
	int64_t rows;              /* numRecords, -1: unknown */
	bool checked;              /* the file was there with its size */
};

struct group_files {
	struct group_file *v;
	size_t n, cap;
};

/* The actions since the last mark. */
struct group {
	struct arena arena;
	struct group_files adds, removes;
	struct delta_txn *txns;    /* of other applications, as given */
	size_t ntxns, txns_cap;
	bool has_protocol;
	size_t nmetadata;
	struct delta_metadata metadata; /* the newest of them */
	struct delta_protocol protocol;
	size_t nactions;
};

/* The schema that the files of the input are written with. */
struct producer {
	bool known;
	struct schema schema;
	struct arena arena;
	struct delta_names partition;
	char *agreed;              /* schemaString and partition columns of the table it was last found to fit */
};

/* What is known of the stream's last commit, from its checkpoint at first. */
struct whole {
	struct held_last last;     /* texts are id and path below */
	char *id, *path, *ck;
	bool recorded;             /* the checkpoint has a record of this stream */
	size_t nbase;              /* bytes of the stream's name before its generation */
	int64_t generation;        /* 0: not known */
};

struct committer {
	struct commit_opts opts;
	struct store *store;
	struct delta_snapshot *sn; /* NULL: no table yet */
	struct group group;
	struct producer producer;
	struct expr *where;
	bool opened, ended, replaced;
	bool synced;               /* the log's names were made durable by us */
	char *stream;
	int64_t from, last_seq;    /* last_seq: what we committed last, -1: nothing yet */
	char *cursor;              /* of the opening mark, later of the last mark committed */
	char *end;                 /* of the mark that ended the input */
	int64_t last_commit_ns;
	struct trust trust;
	struct whole whole;
	char *read_id, *read_log;  /* of the table that the source reads, and of the version; NULL: none, not known */
	int64_t read_version;
	char *closing;             /* of an overwrite: the mark that ended the input, until it is known that nothing follows */
};

/* group.c */
void group_clear(struct group *g);
void group_release(struct group *g);
int group_add_line(struct group *g, const char *line, size_t n, struct err *e);

/* fit.c: may files of the producer's schema stand in the table? */
/* What the producer writes from now on. AGAIN: the group had a metaData, which this one must widen. */
int fit_take_metadata(struct committer *c, const struct delta_metadata *m, bool again, struct err *e);
/* With ours, the metaData in the group: 0 and *WIDENED (text in A) when it must be committed, else NULL. */
int fit_metadata(struct committer *c, const struct delta_snapshot *sn, struct delta_metadata *widened, bool *changed,
		 struct arena *a, struct err *e);
/* Without one: has the table's schema changed under the producer, who read it at READ_VERSION (-1: unknown)? */
int fit_unchanged(struct committer *c, const struct delta_snapshot *sn, int64_t read_version, struct err *e);
void producer_release(struct producer *p);

/* where.c: --replace-where on partition values */
struct where;
int where_new(struct where **w, const struct expr *x, const struct schema *schema, const struct delta_names *partition,
	      struct err *e);
void where_free(struct where *w);
/* TEXT[i] is that of partition column i. */
int where_matches(struct where *w, const struct delta_text *text, bool *match, struct err *e);

/* replace.c */
/* May the closing mark M replace? ERR_IO: the input failed; ERR_CONFLICT: nothing says that it is complete. */
int replace_allowed(const struct committer *c, const struct mark *m, struct err *e);
/* The version that an overwrite was made of: what came behind it is checked for conflicts; -1: the newest. */
int64_t replace_base(const struct committer *c, const struct mark *m);
int read_take(struct committer *c, const struct mark *m, struct err *e);   /* what the mark says of the table that is read */
bool read_is_sink(const struct committer *c, const struct delta_snapshot *sn); /* is it the one that is written? */
int read_check_append(const struct committer *c, const struct delta_snapshot *sn, struct err *e); /* then an append doubles it */

/* build.c */
struct build_job {
	struct committer *c;
	const struct mark *m;
	bool ahead;                /* the table's seq is beyond what we expected */
	int64_t table_seq;
	struct arena arena;        /* cleared for each attempt */
	const char *operation;     /* of the last attempt, for the line that reports it */
	uint64_t files, removed, rows, bytes;
	bool rows_known;
	const char *id;            /* of the table's metaData */
	const char *first_added;   /* a file of the last attempt; NULL: it added none */
};
/* Compare-and-swap: the table's seq for the stream must be what this committer expects. */
int build_check_seq(struct build_job *job, const struct delta_snapshot *sn, struct err *e);
delta_build_fn build_change;

/* whole.c */
void whole_open(struct whole *w, const struct mark *m);
void whole_release(struct whole *w);
/* ERR_CONFLICT: SN no longer holds what the stream has committed. AHEAD: nobody has heard yet of the table's newest seq. */
int whole_check(struct committer *c, const struct delta_snapshot *sn, bool ahead, struct err *e);
void whole_committed(struct committer *c, const struct build_job *job, int64_t version);
void whole_tell(const struct committer *c, struct mark *m);   /* into a mark on its way to the checkpoint */
void whole_fence(const struct committer *c, const struct delta_snapshot *sn, int64_t seq, int64_t now_ms, struct buf *actions);

#endif
