/* SPDX-License-Identifier: MIT */
/* A window of trends as records, or as a table for people. */
#include "topics/topics.h"

#include "base/clock.h"
#include "json/doc.h"
#include "text/width.h"

#define BAR 20
#define NAME 28

static void put_time(struct buf *b, int64_t us)
{
	buf_putc(b, '"');
	b->n += time_format(buf_reserve(b, 40), us, -1, true);
	buf_putc(b, '"');
}

void topics_put_row(struct buf *b, const struct trend_window *w, const struct trend_row *row)
{
	buf_puts(b, "{\"window_start\":");
	put_time(b, w->start_us);
	buf_puts(b, ",\"window_end\":");
	put_time(b, w->end_us);
	buf_printf(b, ",\"kind\":\"%s\",\"rank\":%u,\"key\":", entity_name((enum entity_kind)row->kind), row->rank);
	json_put_string(b, row->key, row->nkey);
	buf_puts(b, ",\"display\":");
	json_put_string(b, row->form, row->nform);
	buf_printf(b, ",\"count\":%llu,\"authors\":%llu,\"score\":", (unsigned long long)row->count, (unsigned long long)row->authors);
	json_put_double(b, row->score);
	buf_puts(b, ",\"expected\":");
	json_put_double(b, row->expected);
	buf_puts(b, row->authors_exact ? ",\"exact\":true" : ",\"exact\":false");
	buf_puts(b, w->open ? ",\"partial\":true}\n" : "}\n");
}

void topics_put_table(struct buf *b, const struct trend_window *w, bool by_count)
{
	static const char *const sign[] = { "#", "@", "", "" };
	static const char *const title[] = { "tags", "mentions", "links", "words" };
	struct buf name = BUF_INIT;
	char from[40], to[40];
	size_t nfrom = time_format(from, w->start_us, 0, false), nto = time_format(to, w->end_us, 0, false);
	double most = 1e-9;
	from[10] = to[10] = ' ';
	buf_printf(b, "%.*s to %.*s UTC, %llu posts%s\n", (int)nfrom, from, (int)nto, to, (unsigned long long)w->posts,
		   w->open ? ", not over yet" : "");
	if (!w->n)
		buf_puts(b, "  nothing stands out\n");
	for (size_t i = 0; i < w->n; i++) {
		const struct trend_row *row = &w->row[i];
		double value = by_count ? (double)row->count : row->score;
		if (row->rank == 1) {
			most = value > 1e-9 ? value : 1e-9;
			buf_printf(b, "       %-*s%8s%9s%10s%8s\n", NAME, title[row->kind], "posts", "authors", "expected", "score");
		}
		buf_printf(b, "  %3u  ", row->rank);
		buf_clear(&name);
		buf_puts(&name, sign[row->kind]);
		buf_put(&name, row->form, row->nform);
		text_fit(b, name.p, name.n, NAME);
		buf_printf(b, "%8llu%9llu%10.1f%8.2f  ", (unsigned long long)row->count, (unsigned long long)row->authors,
			   row->expected, row->score);
		text_bar(b, value / most, BAR);
		buf_putc(b, '\n');
	}
	buf_putc(b, '\n');
	buf_release(&name);
}
