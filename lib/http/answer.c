/* SPDX-License-Identifier: MIT */
/* What the headers of an answer say. */
#include "http/http.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/utf8.h"
#include "json/doc.h"

#include <curl/curl.h>
#include <time.h>

const char *http_header(const struct http_answer *a, const char *name)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (!strcmp(a->headers[i].name, name))
			return a->headers[i].value;
	return NULL;
}

static bool seen_before(const struct http_answer *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(a->headers[k].name, a->headers[i].name))
			return true;
	return false;
}

void http_headers_json(const struct http_answer *a, struct buf *b)
{
	struct buf v = BUF_INIT;
	const char *sep = "";
	buf_putc(b, '{');
	for (size_t i = 0; i < a->nheaders; i++) {
		if (seen_before(a, i))
			continue;
		buf_puts(b, sep);
		sep = ",";
		json_put_cstr(b, a->headers[i].name);
		buf_putc(b, ':');
		buf_clear(&v);
		utf8_repair(&v, a->headers[i].value, strlen(a->headers[i].value));
		for (size_t k = i + 1; k < a->nheaders; k++)
			if (!strcmp(a->headers[k].name, a->headers[i].name)) {
				buf_puts(&v, ", ");
				utf8_repair(&v, a->headers[k].value, strlen(a->headers[k].value));
			}
		json_put_string(b, v.n ? v.p : "", v.n);
	}
	buf_putc(b, '}');
	buf_release(&v);
}

/* A day of the week comes first in every form that HTTP knows; libcurl would take `20300101` as well. */
static bool http_time(const char *s, int64_t *sec)
{
	if (!s || !((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')))
		return false;
	time_t t = curl_getdate(s, NULL);
	*sec = (int64_t)t;
	return t != -1;
}

int64_t http_date_us(const struct http_answer *a)
{
	int64_t sec;
	return http_time(http_header(a, "date"), &sec) && sec < INT64_MAX / US_PER_SEC ? sec * US_PER_SEC : INT64_MIN;
}

/* `120`; some send `1.5`, which is rounded up. */
static bool whole_seconds(const char *s, int64_t *sec)
{
	size_t n = strspn(s, "0123456789"), k = 0;
	uint64_t v = INT64_MAX;
	if (!n || (s[n] && (s[n] != '.' || s[n + 1 + (k = strspn(s + n + 1, "0123456789"))])))
		return false;
	/* What is too long for a number is longer than anybody waits. */
	if (!num_u64(s, n, &v) || v > INT32_MAX)
		v = INT32_MAX;
	if (strspn(s + n + (s[n] == '.'), "0") < k)
		v++;
	*sec = (int64_t)v;
	return true;
}

int64_t http_retry_after(const struct http_answer *a)
{
	const char *s = http_header(a, "retry-after");
	int64_t sec, now;
	if (!s)
		return -1;
	if (whole_seconds(s, &sec))
		return sec;
	if (!http_time(s, &sec))
		return -1;
	/* The server's own clock, where it says. */
	if (!http_time(http_header(a, "date"), &now))
		now = time_floor_div(clock_now_us(), US_PER_SEC);
	return sec > now ? sec - now : 0;
}
