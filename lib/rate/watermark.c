/* SPDX-License-Identifier: MIT */
/* The greatest event time so far, for all or for each key, less what may be late. */
#include "rate/watermark.h"

#include "base/mem.h"

#include <stdlib.h>
#include <zlib.h>

#define MAGIC "smrate watermark 1\n"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define HEAD (MAGIC_LEN + 6 * 8)

void watermark_init(struct watermark *w, int64_t delay_us, int64_t idle_us, size_t max_keys)
{
	*w = (struct watermark){ .delay_us = delay_us, .idle_us = idle_us, .max_keys = max_keys, .at_us = WATERMARK_NONE,
		.newest_us = WATERMARK_NONE };
	keys_init(&w->keys, sizeof(struct keys_slot));
}

void watermark_release(struct watermark *w)
{
	keys_release(&w->keys);
}

static int64_t minus(int64_t a, int64_t b)
{
	int64_t r;
	return __builtin_sub_overflow(a, b, &r) ? INT64_MIN : r;
}

static void advance(struct watermark *w)
{
	struct keys_slot *least = keys_first(&w->keys);
	int64_t at = minus(least->rank.rank, w->delay_us);
	w->at_us = at > w->at_us ? at : w->at_us;
}

bool watermark_see(struct watermark *w, const char *key, size_t nkey, int64_t us)
{
	bool late = us < w->at_us;
	struct keys_slot *s = keys_find(&w->keys, key, nkey);
	w->newest_us = us > w->newest_us ? us : w->newest_us;
	if (!s)
		keys_add(&w->keys, key, nkey, us);
	else if (us > s->rank.rank)
		keys_rank(&w->keys, s, us);
	if (keys_count(&w->keys) > w->max_keys)
		keys_remove(&w->keys, keys_first(&w->keys));
	if (w->idle_us) {
		int64_t since = minus(w->newest_us, w->idle_us);
		while ((s = keys_first(&w->keys))->rank.rank < since)
			keys_remove(&w->keys, s);
	}
	advance(w);
	return late;
}

static int by_age(const void *a, const void *b)
{
	const struct keys_slot *x = *(struct keys_slot *const *)a, *y = *(struct keys_slot *const *)b;
	return (x->rank.tie > y->rank.tie) - (x->rank.tie < y->rank.tie);
}

void watermark_save(const struct watermark *w, struct buf *b)
{
	size_t from = b->n;
	buf_puts(b, MAGIC);
	buf_le64(b, (uint64_t)w->delay_us);
	buf_le64(b, (uint64_t)w->idle_us);
	buf_le64(b, w->max_keys);
	buf_le64(b, (uint64_t)w->at_us);
	buf_le64(b, (uint64_t)w->newest_us);
	/* In the order in which they came, which is what decides between equal times. */
	size_t n = keys_count(&w->keys);
	const struct keys_slot **by = mem_array(NULL, n + 1, sizeof *by);
	for (size_t i = 0; i < n; i++)
		by[i] = HEAP_OF(w->keys.heap.v[i], struct keys_slot, rank);
	qsort(by, n, sizeof *by, by_age);
	buf_le64(b, n);
	for (size_t i = 0; i < n; i++) {
		const struct keys_slot *s = by[i];
		buf_le64(b, (uint64_t)s->rank.rank);
		buf_le32(b, (uint32_t)s->nkey);
		buf_put(b, s->key, s->nkey);
	}
	mem_free(by);
	buf_le32(b, (uint32_t)crc32(0, (const Bytef *)b->p + from, (uInt)(b->n - from)));
}

static uint64_t le(const char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = n; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static bool load_keys(struct watermark *w, const char *p, size_t n, uint64_t count)
{
	while (count-- > 0) {
		if (n < 12)
			return false;
		int64_t us = (int64_t)le(p, 8);
		size_t nkey = le(p + 8, 4);
		p += 12;
		n -= 12;
		if (nkey > n || keys_find(&w->keys, p, nkey) || keys_count(&w->keys) >= w->max_keys)
			return false;
		keys_add(&w->keys, p, nkey, us);
		p += nkey;
		n -= nkey;
	}
	return n == 0;
}

int watermark_load(struct watermark *w, const char *p, size_t n, struct err *e)
{
	const size_t name = MAGIC_LEN - 2;
	if (n < HEAD + 4 || memcmp(p, MAGIC, name) != 0)
		return err_set(e, ERR_DATA, "not the state of a watermark");
	if (memcmp(p, MAGIC, MAGIC_LEN) != 0)
		return err_set(e, ERR_UNSUPPORTED, "the format of the watermark's state is not supported");
	n -= 4;
	if (n > WATERMARK_STATE_MAX || (uint32_t)crc32(0, (const Bytef *)p, (uInt)n) != le(p + n, 4))
		return err_set(e, ERR_DATA, "the watermark's state is damaged");
	const char *v = p + MAGIC_LEN;
	if ((int64_t)le(v, 8) != w->delay_us || (int64_t)le(v + 8, 8) != w->idle_us || le(v + 16, 8) != w->max_keys)
		return err_set(e, ERR_CONFLICT, "the watermark's state was saved with other settings");
	w->at_us = (int64_t)le(v + 24, 8);
	w->newest_us = (int64_t)le(v + 32, 8);
	if (!load_keys(w, p + HEAD, n - HEAD, le(v + 40, 8)))
		return err_set(e, ERR_DATA, "the watermark's state is damaged");
	return 0;
}
