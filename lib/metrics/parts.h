/* SPDX-License-Identifier: MIT */
/* parts - what the files of lib/metrics share. Private to lib/metrics. */
#ifndef SM_METRICS_PARTS_H
#define SM_METRICS_PARTS_H

#include "metrics/metrics.h"

#include <pthread.h>
#include <stdatomic.h>

/* Who gives a metric (metrics/names.h). */
#define METRICS_OF(bit) (UINT32_C(1) << (bit))
#define M_ALL (METRICS_OF(METRICS_TOOL_COUNT) - 1)
#define M_FETCH METRICS_OF(METRICS_FETCH)
#define M_RATE METRICS_OF(METRICS_RATE)
#define M_TREND METRICS_OF(METRICS_TREND)
#define M_PART METRICS_OF(METRICS_PARTITION)
#define M_COMMIT METRICS_OF(METRICS_COMMIT)
#define M_CKPT METRICS_OF(METRICS_CHECKPOINT)
#define M_REPLAY METRICS_OF(METRICS_REPLAY)
#define M_TABLE METRICS_OF(METRICS_TABLE)
#define M_FILTER (M_RATE | METRICS_OF(METRICS_JQ) | METRICS_OF(METRICS_SENTIMENT) | M_TREND)
#define M_READS (M_FILTER | M_PART | M_COMMIT | M_CKPT | M_REPLAY)

#define METRICS_UNSET INT64_MIN
#define METRICS_BUCKETS 13               /* of a histogram, but +Inf */
#define METRICS_OTHER "other"

struct metric_def {
	const char *name;
	enum metric_kind kind;
	enum metric_unit unit;
	uint32_t tools;
	const char *label[2];                /* NULL: none */
	const char *help;
};
extern const struct metric_def metrics_def[METRIC_COUNT];
extern const int64_t metrics_bucket_ns[METRICS_BUCKETS];

/* One value of a metric with labels. Written once, before `used` says that it is there; the number may move. */
struct metrics_series {
	char *label[2];
	_Atomic int64_t v;                   /* METRICS_UNSET: a gauge that this run has not set */
	int64_t before;
};

struct metrics_histogram {
	_Atomic int64_t count[METRICS_BUCKETS + 1], sum_ns;
	int64_t count_before[METRICS_BUCKETS + 1], sum_before;
};

struct metrics {
	enum metrics_tool tool;
	bool watched;
	pthread_mutex_t lock;                /* of what gets longer: series, labels */
	_Atomic int64_t v[METRIC_COUNT];
	int64_t before[METRIC_COUNT];
	struct metrics_series *series[METRIC_COUNT]; /* METRICS_SERIES + 1 of them; NULL: none yet */
	atomic_size_t used[METRIC_COUNT];
	struct metrics_histogram *histogram[METRIC_COUNT]; /* NULL: it is none */
	_Atomic int waiting[METRICS_WAYS];
	char *label[METRICS_LABELS], *stream, *place;
	char *old[METRICS_LABELS];           /* of the file that was read; NULL: not in it */
};

static inline bool metrics_gives(const struct metrics *m, enum metric id)
{
	return metrics_def[id].tools >> m->tool & 1;
}
/* The series with these labels, made where there is room, else that of the others. The lock is held. */
struct metrics_series *metrics_series_at(struct metrics *m, enum metric id, const char *label, const char *second);
int metrics_tool_of(const char *name);              /* enum metrics_tool, -1: none */
extern const char *const metrics_label_name[METRICS_LABELS];

#endif
