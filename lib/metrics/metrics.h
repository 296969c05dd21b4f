/* SPDX-License-Identifier: MIT */
/* metrics - what a tool counts, in one registry, and its text for Prometheus and as NDJSON.
 *
 *	metrics_add(m, METRIC_BYTES_IN, block.n);                    // a batch, a block: never a record
 *	metrics_add_at(m, METRIC_REJECTED, "value", NULL, 1);        // a metric with a label
 *	metrics_put_text(m, &b), metrics_put_stats(m, &b)            // whoever writes them out (cli/report.h)
 *
 * Which metrics there are says metrics/names.h. Values are whole numbers: seconds are kept in nanoseconds, points in time in
 * microseconds. Counters count this run; what earlier runs have counted is read back from their file by metrics_load and added
 * in the text, so that rate() over runs of cron is right.
 *
 * A label has at most METRICS_SERIES values; what comes beyond them counts as "other", so that no input makes the text grow.
 *
 * M may be NULL everywhere: nothing happens. Ownership: texts are copied.
 * Threads: add, set, observe and wait from any, at any time; load, put and release from one, which may be another.
 * Cost: a relaxed atomic; with a label also a lock and a search, so keep that to what is rare. No clock is asked.
 */
#ifndef SM_METRICS_METRICS_H
#define SM_METRICS_METRICS_H

#include "base/buf.h"
#include "base/err.h"
#include "metrics/names.h"

#include <stdbool.h>
#include <stdint.h>

#define METRICS_SERIES 32                /* values of a label */
#define METRICS_FILE_MAX ((size_t)1 << 20)
#define METRICS_LABEL_MAX 512            /* bytes of a label's value; the rest is cut off */

enum metric {
#define X(id, ...) METRIC_##id,
	METRICS(X)
#undef X
	METRIC_COUNT
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum metric_unit { METRIC_PLAIN, METRIC_BYTES, METRIC_SECONDS /* kept in ns */, METRIC_TIME /* kept in us */ };

/* What holds for every series of a file. */
enum metrics_label { METRICS_LABEL_TOOL, METRICS_LABEL_NAME, METRICS_LABEL_SOURCE, METRICS_LABEL_TABLE, METRICS_LABELS };

/* Which way somebody waits. */
enum metrics_way { METRICS_UPSTREAM, METRICS_DOWNSTREAM, METRICS_WAYS };

struct metrics;
struct metrics *metrics_new(const char *tool);
void metrics_free(struct metrics *m);
/* Will anybody write it out? What costs more than a look need not be found out otherwise. */
void metrics_watch(struct metrics *m);
bool metrics_watched(const struct metrics *m);

void metrics_add(struct metrics *m, enum metric id, int64_t n);
void metrics_set(struct metrics *m, enum metric id, int64_t v);      /* also a counter whose owner counts itself */
void metrics_max(struct metrics *m, enum metric id, int64_t v);      /* unless it is larger already */
int64_t metrics_get(const struct metrics *m, enum metric id);        /* of this run; INT64_MIN: a gauge that was never set */
/* Of a metric with labels. SECOND is NULL where it has one. */
void metrics_add_at(struct metrics *m, enum metric id, const char *label, const char *second, int64_t n);
void metrics_set_at(struct metrics *m, enum metric id, const char *label, const char *second, int64_t v);
void metrics_observe(struct metrics *m, enum metric id, int64_t ns); /* a histogram */

/* Somebody begins (1) or ends (-1) a wait; metrics_sample adds NS to the ways in which anybody waits just now. */
void metrics_wait(struct metrics *m, enum metrics_way way, int n);
void metrics_sample(struct metrics *m, int64_t ns);
bool metrics_waiting(const struct metrics *m, enum metrics_way way);

/* A label of every series; the first that is said of each counts. */
void metrics_label(struct metrics *m, enum metrics_label which, const char *value);
/* The same for one that is the name of the stream, which names the series unless something else does. */
void metrics_stream(struct metrics *m, const char *id);
/* Where the source of the stream is, for people; nobody else gets it. */
void metrics_place(struct metrics *m, const char *text);
void metrics_put_place(struct metrics *m, struct buf *b);      /* nothing when it is not known */
/* Append it: METRICS_LABEL_NAME or else the stream; false: there is neither. */
bool metrics_name(struct metrics *m, struct buf *b);

/* Prometheus' text, version 0.0.4. */
void metrics_put_text(struct metrics *m, struct buf *b);
/* Members `,"name":value` of one JSON object, of this run alone. */
void metrics_put_stats(struct metrics *m, struct buf *b);
/* What an earlier run has written: the counters go on from it. ERR_DATA: it is not a text of ours for this tool and name, and
 * nothing of it is used. */
int metrics_load(struct metrics *m, const char *text, size_t n, struct err *e);
/* Does a text of ours begin with P[0..N)? METRICS_START bytes tell. */
#define METRICS_START 10
bool metrics_begins(const char *p, size_t n);
/* The run has ended with STATUS at NOW_US. */
void metrics_end(struct metrics *m, int status, int64_t now_us);

/* The table of docs/metrics.md: a line for each metric that TOOL gives. */
void metrics_put_list(const char *tool, struct buf *b);

#endif
