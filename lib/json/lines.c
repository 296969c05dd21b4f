/* SPDX-License-Identifier: MIT */
/* Finds the lines of a block and the tokens of each, with the vector instructions that there are. */
#include "json/lines.h"

#include "base/mem.h"
#include "json/doc.h"
#include "json/fault.h"
#include "json/kind.h"

#include <assert.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define CHUNK ((size_t)128 << 10)

void json_lines_init(struct json_lines *ls)
{
	*ls = (struct json_lines){ .index = json_index_new() };
}

void json_lines_release(struct json_lines *ls)
{
	json_index_free(ls->index);
	mem_free(ls->feed);
	mem_free(ls->slash);
	*ls = (struct json_lines){ 0 };
}

void json_lines_block(struct json_lines *ls, const char *p, size_t n)
{
	assert(n == 0 || p[n - 1] == '\n');
	ls->p = p;
	ls->n = n;
	ls->at = ls->single_until = 0;
	ls->number = 0;
	ls->pos = ls->len = 0;
	ls->tok = NULL;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void map_avx2(const char *p, size_t words, uint64_t *feed, uint64_t *slash)
{
	const __m256i lf = _mm256_set1_epi8('\n'), bs = _mm256_set1_epi8('\\');
	for (size_t i = 0; i < words; i++, p += 64) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
		feed[i] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, lf)) |
			(uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, lf)) << 32;
		slash[i] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, bs)) |
			(uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, bs)) << 32;
	}
}

static uint64_t equal16(__m128i v, __m128i c)
{
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, c));
}

static void map_sse2(const char *p, size_t words, uint64_t *feed, uint64_t *slash)
{
	const __m128i lf = _mm_set1_epi8('\n'), bs = _mm_set1_epi8('\\');
	for (size_t i = 0; i < words; i++, p += 64) {
		feed[i] = slash[i] = 0;
		for (int k = 0; k < 64; k += 16) {
			__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + k));
			feed[i] |= equal16(v, lf) << k;
			slash[i] |= equal16(v, bs) << k;
		}
	}
}

static void map_words(const char *p, size_t words, uint64_t *feed, uint64_t *slash)
{
	if (__builtin_cpu_supports("avx2"))
		map_avx2(p, words, feed, slash);
	else
		map_sse2(p, words, feed, slash);
}
#else
static void map_words(const char *p, size_t words, uint64_t *feed, uint64_t *slash)
{
	for (size_t i = 0; i < words; i++, p += 64) {
		feed[i] = slash[i] = 0;
		for (int k = 0; k < 64; k++) {
			feed[i] |= (uint64_t)(p[k] == '\n') << k;
			slash[i] |= (uint64_t)(p[k] == '\\') << k;
		}
	}
}
#endif

/* Bitmaps of the chunk; up to 63 bytes behind it are looked at and left out. */
static void map_bytes(struct json_lines *ls)
{
	size_t words = ((size_t)ls->len + 63) / 64;
	if (words + 1 > ls->words) {
		ls->words = words + words / 2 + 1;
		ls->feed = mem_array(ls->feed, ls->words, sizeof *ls->feed);
		ls->slash = mem_array(ls->slash, ls->words, sizeof *ls->slash);
	}
	map_words(ls->base, words, ls->feed, ls->slash);
	if (ls->len % 64) {
		uint64_t keep = ~(~UINT64_C(0) << (ls->len % 64));
		ls->feed[words - 1] &= keep;
		ls->slash[words - 1] &= keep;
	}
	ls->feed[words] = ls->slash[words] = 0;
	/* True already, except where a line had to be cut. */
	ls->feed[(ls->len - 1) / 64] |= UINT64_C(1) << ((ls->len - 1) % 64);
}

static size_t line_length(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	return lf ? (size_t)(lf - p) + 1 : n;
}

/* The length of the next chunk: the whole lines in CHUNK bytes, or one line that is longer. */
static size_t chunk_length(const struct json_lines *ls)
{
	const char *p = ls->p + ls->at;
	size_t left = ls->n - ls->at;
	if (ls->at < ls->single_until)
		return line_length(p, left);
	if (left <= CHUNK)
		return left;
	const char *lf = memrchr(p, '\n', CHUNK);
	return lf ? (size_t)(lf - p) + 1 : CHUNK + line_length(p + CHUNK, left - CHUNK);
}

bool json_lines_load(struct json_lines *ls)
{
	size_t ntok;
	if (ls->at == ls->n)
		return false;
	size_t len = chunk_length(ls);
	ls->base = ls->p + ls->at;
	if (!json_index_run(ls->index, ls->base, len, &ls->tok, &ntok)) {
		size_t one = line_length(ls->base, len);
		ls->tok = NULL;
		if (one < len) {
			ls->single_until = ls->at + len;
			len = one;
			if (!json_index_run(ls->index, ls->base, len, &ls->tok, &ntok))
				ls->tok = NULL;
		}
	}
	/* A line beyond four gigabytes is cut here; it is bad in any case. */
	ls->len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
	ls->pos = 0;
	ls->at += ls->len;
	map_bytes(ls);
	return true;
}

int json_line_error(const struct json_line *l, struct err *e)
{
	const char *p = l->base + l->start;
	size_t n = l->end - l->start;
	if (n > JSON_INDEX_MAX) {
		err_set(e, ERR_DATA, "line is longer than %zu bytes", JSON_INDEX_MAX);
		err_at(e, NULL, l->number, 1);
	} else if (json_check(p, n, e)) {
		err_at(e, NULL, l->number, e ? e->col : 0);
	} else {
		size_t space = 0;
		while (space < n && strchr(" \t\r", p[space]))
			space++;
		bool reserved = json_kind(p, n) == JSON_KIND_RESERVED;
		err_set(e, ERR_DATA, "%s", json_fault_text(reserved ? JSON_FAULT_RESERVED : JSON_FAULT_OBJECT));
		err_at(e, NULL, l->number, space + 1);
	}
	return ERR_DATA;
}
