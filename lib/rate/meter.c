/* SPDX-License-Identifier: MIT */
/* Prints the counters, and hands them to the registry. */
#include "rate/meter.h"

#include "base/clock.h"
#include "rate/watermark.h"
#include "json/doc.h"

void meter_gate(struct meter *m, const struct gate *g)
{
	atomic_store_explicit(&m->waited, g->waited, memory_order_relaxed);
	atomic_store_explicit(&m->blocked, g->blocked, memory_order_relaxed);
	if (g->adapts)
		atomic_store_explicit(&m->rate, g->aimd.rate, memory_order_relaxed);
}

static void put_seconds(struct buf *b, const char *key, int64_t ns)
{
	buf_printf(b, ",\"%s\":%lld.%03lld", key, (long long)(ns / NS_PER_SEC), (long long)(ns % NS_PER_SEC / 1000000));
}

static void put_counts(struct buf *b, const char *key, uint64_t records, uint64_t bytes, uint64_t marks)
{
	buf_printf(b, ",\"%s\":{\"records\":%llu,\"bytes\":%llu,\"marks\":%llu}", key, (unsigned long long)records,
		   (unsigned long long)bytes, (unsigned long long)marks);
}

static void put_time(struct buf *b, const char *key, int64_t us)
{
	buf_printf(b, ",\"%s\":", key);
	if (us == WATERMARK_NONE) {
		buf_puts(b, "null");
		return;
	}
	buf_putc(b, '"');
	b->n += time_format(buf_reserve(b, 40), us, -1, true);
	buf_putc(b, '"');
}

static void put_dropped(struct meter *m, struct buf *b)
{
	buf_puts(b, ",\"dropped\":{");
	for (int i = 0; i < DROP_REASONS; i++)
		buf_printf(b, "%s\"%s\":%llu", i ? "," : "", drop_reason_name[i],
			   (unsigned long long)drops_count(m->drops, (enum drop_reason)i));
	buf_putc(b, '}');
}

static void put_queue(struct queue *q, struct buf *b)
{
	struct queue_stats s;
	queue_stats(q, &s);
	buf_printf(b, ",\"queue\":{\"records\":%llu,\"bytes\":%llu,\"most_records\":%llu,\"most_bytes\":%llu,\"keys\":%llu,\"shared\":%llu}",
		   (unsigned long long)s.size.records, (unsigned long long)s.size.bytes, (unsigned long long)s.most_records,
		   (unsigned long long)s.most_bytes, (unsigned long long)s.size.keys, (unsigned long long)s.size.shared);
	if (!s.spill.used)
		return;
	buf_printf(b, ",\"spill\":{\"written\":%llu,\"read\":%llu,\"bytes\":%llu,\"segments\":%llu,\"active\":%s,\"torn\":%llu,\"damaged\":%llu,"
		      "\"disk_full\":%s}",
		   (unsigned long long)s.spill.appended, (unsigned long long)s.spill.read, (unsigned long long)s.spill.held,
		   (unsigned long long)s.spill.segments, s.spilling ? "true" : "false", (unsigned long long)s.spill.torn,
		   (unsigned long long)s.spill.damaged, s.spill.disk_full ? "true" : "false");
}

static void put_outs(struct outs *o, struct buf *b)
{
	buf_puts(b, ",\"outputs\":[");
	for (size_t i = 0; i < outs_count(o); i++) {
		struct outs_stats s;
		outs_stats(o, i, &s);
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		json_put_cstr(b, s.name);
		buf_printf(b, ",\"lines\":%llu,\"bytes\":%llu,\"closed\":%s}", (unsigned long long)s.lines, (unsigned long long)s.bytes,
			   s.closed ? "true" : "false");
	}
	buf_putc(b, ']');
}

void meter_print(struct meter *m, struct buf *b)
{
	struct queue *q = atomic_load(&m->queue);
	put_counts(b, "in", m->in_records, m->in_bytes, m->in_marks);
	put_counts(b, "out", m->out_records, m->out_bytes, m->out_marks);
	buf_printf(b, ",\"rejected\":%llu", (unsigned long long)m->rejected);
	put_dropped(m, b);
	put_seconds(b, "waited_s", m->waited);
	put_seconds(b, "blocked_s", m->blocked);
	if (m->adapts) {
		buf_puts(b, ",\"rate\":");
		json_put_double(b, m->rate);
	}
	if (m->has_watermark) {
		put_time(b, "watermark", m->watermark_us);
		buf_printf(b, ",\"late\":%llu", (unsigned long long)m->late);
	}
	if (q)
		put_queue(q, b);
	if (m->outs)
		put_outs(m->outs, b);
}

void meter_fill(struct meter *m, struct metrics *to)
{
	metrics_set(to, METRIC_RECORDS_OUT, (int64_t)m->out_records);
	metrics_set(to, METRIC_BYTES_OUT, (int64_t)m->out_bytes);
	metrics_set_at(to, METRIC_BLOCKED, "downstream", NULL, m->blocked);
	metrics_set_at(to, METRIC_WAIT, "limit", NULL, m->waited);
	for (int i = 0; i < DROP_REASONS; i++)
		metrics_set_at(to, METRIC_DROPPED, drop_reason_name[i], NULL, (int64_t)drops_count(m->drops, (enum drop_reason)i));
	metrics_set(to, METRIC_LATE, (int64_t)m->late);
	if (m->adapts)
		metrics_set(to, METRIC_RATE, (int64_t)m->rate);
	if (m->watermark_us != WATERMARK_NONE)
		metrics_set(to, METRIC_WATERMARK, m->watermark_us);
	if (m->newest_us != WATERMARK_NONE)
		metrics_set(to, METRIC_NEWEST_EVENT, m->newest_us);
	struct queue *q = atomic_load(&m->queue);
	struct queue_stats s = { 0 };
	if (q)
		queue_stats(q, &s);
	metrics_set(to, METRIC_QUEUE_RECORDS, (int64_t)(s.size.records + s.spill.appended - s.spill.read));
	metrics_set(to, METRIC_QUEUE_BYTES, (int64_t)s.size.bytes);
	metrics_set(to, METRIC_SPILL_BYTES, (int64_t)s.spill.held);
	metrics_set(to, METRIC_SPILL_WRITTEN, (int64_t)s.spill.appended);
	metrics_set(to, METRIC_SPILL_READ, (int64_t)s.spill.read);
}
