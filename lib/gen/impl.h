/* SPDX-License-Identifier: MIT */
/* gen/impl - what the parts of the generator share; for lib/gen alone. */
#ifndef SM_GEN_IMPL_H
#define SM_GEN_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "gen/gen.h"
#include "gen/words.h"

enum gen_network { NET_X, NET_FACEBOOK, NET_MASTODON, NET_BLUESKY, NET_REDDIT, NET_YOUTUBE, NET_HN };
enum gen_kind { KIND_POST, KIND_REPLY, KIND_COMMENT, KIND_REPOST, KIND_QUOTE };
enum gen_op { OP_POST, OP_EDIT, OP_DELETE };
extern const char *const gen_network_names[GEN_NETWORKS];

/* A stream of draws: splitmix64. */
struct draw {
	uint64_t s;
};

static inline uint64_t draw(struct draw *d)
{
	return hash_u64(d->s += 0x9e3779b97f4a7c15u);
}

/* 0..n-1, n < 2^32; the bias below 2^-32 does not matter here. */
static inline uint32_t draw_below(struct draw *d, uint32_t n)
{
	return (uint32_t)(((draw(d) >> 32) * n) >> 32);
}

/* True with a chance of PERMILLE / 1000. */
static inline bool draw_chance(struct draw *d, uint32_t permille)
{
	return draw_below(d, 1000) < permille;
}

/* Choices with weights in O(1): Walker's alias method. */
struct alias {
	uint32_t n;
	uint32_t *cut;      /* of 2^32 */
	uint32_t *other;
};
void alias_init(struct alias *a, struct arena *mem, const double *weight, uint32_t n);
static inline uint32_t alias_draw(const struct alias *a, uint64_t r)
{
	uint32_t i = (uint32_t)(((r >> 32) * a->n) >> 32);
	return (uint32_t)r < a->cut[i] ? i : a->other[i];
}

/* A sentence cut at its slots. */
struct piece {
	const char *p;
	uint32_t n;
	char slot;          /* 0: none, else the letter; its value follows the text */
};
struct sentence {
	const struct piece *piece;
	uint32_t n;
};
struct sentences {
	struct sentence *v;
	uint32_t n;
};

struct author {
	const char *object;     /* the "author" value */
	uint32_t nobject;
	const char *handle, *id;
	uint16_t nhandle, nid;
	uint8_t lang;
};

struct burst {
	int64_t from, to;       /* microseconds */
	uint32_t topic;
};

/* What every draw about post i starts from. */
struct head {
	uint64_t i, key;
	int64_t us;             /* created_at */
	int64_t now;            /* when the record is seen */
	uint8_t net, op, kind;
	uint32_t author;        /* within the network */
};

struct content {
	char text[2048];        /* inside of a JSON string */
	size_t ntext;
	const char *tags[4];
	uint32_t ntags;
	uint32_t mention;       /* author + 1, 0: none */
	uint32_t topic;
	uint8_t lang, mood;
};

struct gen {
	struct arena mem;
	struct gen_opts o;
	uint64_t next, key;
	uint64_t *cum;          /* intensity up to the end of each bucket */
	uint32_t nbuckets;
	double step;            /* intensity for half a post */
	int64_t bucket_us;
	struct burst *bursts;
	uint32_t nbursts;
	struct alias net, lang, topic, author;
	uint32_t nauthors;
	struct author *authors; /* nauthors for each network */
	struct sentences *say;  /* [lang * GEN_MOODS + mood] */
	uint32_t edits, deletes; /* of 2^32 */
	struct content scratch;
};

/* author.c */
void gen_authors(struct gen *g);
static inline const struct author *gen_author(const struct gen *g, unsigned net, uint32_t a)
{
	return &g->authors[(size_t)net * g->nauthors + a];
}
/* text.c */
void gen_sentences(struct gen *g);
/* The text of post H; with MENTIONS, people of its network are spoken to. */
void gen_content(const struct gen *g, const struct head *h, struct content *c);
/* time.c */
void gen_schedule(struct gen *g);
int64_t gen_time(const struct gen *g, uint64_t i);
/* The topic of the burst that holds US for PERMILLE (a draw of 0..999), or -1. */
int64_t gen_burst_topic(const struct gen *g, int64_t us, uint32_t permille);
/* gen.c */
/* record.c: H as it is to be printed; ABOUT is what it answers or repeats, NULL: nothing.
 * For OP_EDIT and OP_DELETE, H is the post that it speaks of and NOW the time of it. */
void gen_record(struct gen *g, const struct head *h, const struct head *about, struct buf *b);
/* id.c: the id and the native id of a post, without quotes; the number of bytes (at most 160). */
size_t gen_id(const struct gen *g, const struct head *h, char *to);
size_t gen_native_id(const struct gen *g, const struct head *h, char *to);
size_t gen_url(const struct gen *g, const struct head *h, char *to);

#endif
