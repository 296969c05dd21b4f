/* SPDX-License-Identifier: MIT */
/* trend_int - what the parts of the window counter share among themselves. */
#ifndef SM_SKETCH_TREND_INT_H
#define SM_SKETCH_TREND_INT_H

#include "sketch/distinct.h"
#include "sketch/trend.h"

#define MAX_FORMS 6
#define TREND_TIME_MIN INT64_C(-62135596800000000)   /* year 1 */
#define TREND_TIME_MAX INT64_C(253402300799999999)   /* year 9999 */

struct form {
	char *p;
	uint32_t n;
	uint64_t count;
};

struct topic {
	char *key;               /* NULL: free */
	uint32_t nkey, hash;
	uint32_t cells;          /* panes that name it */
	unsigned char kind, nforms;
	struct form *forms;
	double num;              /* decayed sum of authors a pane, as of pane `last` */
	int64_t last;
};

struct cell {
	uint32_t topic;
	uint32_t count;
	struct distinct authors;
};

struct post {
	uint64_t id[2], author;
	uint32_t first, n;       /* topics in pane->topic */
	bool has_id, dead;
};

struct pane {
	int64_t q;               /* covers [q, q + 1) x slide */
	struct post *post;
	uint32_t *topic;
	struct cell *cell;
	uint32_t *map;           /* topic to cell + 1, open addressing */
	size_t npost, postcap, ntopic, topiccap, ncell, cellcap;
	uint32_t mapcap;
	uint64_t live;           /* posts that are not dead */
};

struct id_slot {
	uint64_t id[2];
	int64_t q;
	uint32_t post;
	bool used;
};

struct trend {
	struct trend_opts o;
	trend_fn *emit;
	void *arg;
	int64_t m;               /* panes a window */
	double decay;            /* of the baseline, a pane */
	bool started;            /* a post was seen */
	int64_t max_us;          /* latest event time */
	int64_t closed;          /* windows up to the one that ends with this pane are closed */
	bool has_base;
	double den;              /* decayed number of panes in the baseline */
	int64_t base;            /* the last pane in it */
	struct topic *topic;
	uint32_t *tmap;          /* by key, number + 1 */
	uint32_t *tfree;
	size_t ntopic, topiccap, tmapcap, nfree, freecap, tlive;
	uint64_t swept;          /* topics left by the last sweep: it is repeated when they have doubled */
	struct pane **pane;      /* by q, ascending; those that have posts only */
	size_t npane, panecap;
	struct id_slot *id;
	size_t nid, idcap;
	uint32_t *some;          /* scratch: the topics of one post */
	size_t somecap;
	size_t bytes;
	struct trend_stats stats;
};

/* trend_topic.c */
uint32_t trend_topic(struct trend *t, const struct trend_topic *k); /* found or made; counts the form */
void trend_topic_sweep(struct trend *t);       /* forget topics in no pane whose past no longer matters */
const struct form *trend_topic_form(const struct topic *p);
void trend_topic_release(struct trend *t);

/* trend_pane.c */
struct pane *trend_pane(struct trend *t, int64_t q, bool make);
size_t trend_pane_at(const struct trend *t, int64_t q);     /* number of the first pane at or behind Q */
const struct cell *trend_pane_cell(const struct pane *p, uint32_t topic); /* NULL: not named in it */
void trend_pane_drop(struct trend *t, size_t i);
void trend_pane_add(struct trend *t, struct pane *p, const struct post *post, const uint32_t *topic, size_t n);
bool trend_retract(struct trend *t, const uint64_t id[2]); /* false: not held */

/* trend_close.c */
int trend_close(struct trend *t, int64_t upto, bool open, struct err *e);

#endif
