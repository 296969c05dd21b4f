/* SPDX-License-Identifier: MIT */
/* libarchive over a source of bytes; what it does not say, where the members end and whether anything follows, is found out here. */
#include "source/members.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512                 /* of a tar */
#define BEFORE 4096               /* kept of what came before the last chunk: libarchive looks a header ahead */
#define ZIP_END 22                /* the record that ends a zip, without its comment */
#define ZIP64_LOCATOR 20
#define ZIP64_END 56
#define ZIP_LAST (ZIP64_END + ZIP64_LOCATOR + ZIP_END + 0xffff)
#define SEVEN_START 32            /* of a 7z: its first header */

struct members {
	struct members_source src;
	enum members_form form;
	struct archive *archive;
	uint64_t given;               /* to libarchive, of bytes that just come */
	const char *chunk;            /* the last of it */
	size_t nchunk;
	unsigned char before[BEFORE]; /* what came before that */
	size_t nbefore;
	unsigned char *last;          /* zip: the last bytes given, at most ZIP_LAST */
	size_t nlast;
	uint64_t at;
	unsigned char tail[MEMBERS_TAIL];
	size_t ntail;
	uint64_t entries;             /* given so far */
	bool in_member, over, cut;
	struct err failed;            /* of the source */
};

static uint64_t le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* The header's own sum tells a tar from a block of zeros, and from text that happens to have "ustar" in the right place. */
static bool is_tar(const unsigned char *p, size_t n)
{
	unsigned long sum = 0, said;
	char field[9] = "";
	if (n < BLOCK || !*p)
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : p[i];
	memcpy(field, p + 148, 8);
	said = strtoul(field, NULL, 8);
	return said == sum;
}

enum members_form members_form(const unsigned char *p, size_t n)
{
	if (n >= 4 && (memcmp(p, "PK\3\4", 4) == 0 || memcmp(p, "PK\5\6", 4) == 0))
		return MEMBERS_ZIP;
	if (n >= 6 && memcmp(p, "7z\xBC\xAF\x27\x1C", 6) == 0)
		return MEMBERS_7Z;
	return is_tar(p, n) ? MEMBERS_TAR : MEMBERS_NONE;
}

/* Append the N bytes at P to the CAP last ones at TO. */
static size_t keep(unsigned char *to, size_t had, size_t cap, const char *p, size_t n)
{
	if (n >= cap) {
		memcpy(to, p + n - cap, cap);
		return cap;
	}
	size_t stay = had < cap - n ? had : cap - n;
	memmove(to, to + had - stay, stay);
	if (n)
		memcpy(to + stay, p, n);
	return stay + n;
}

/* The next bytes of what just comes: 1, 0 at the end, or negative. */
static int feed(struct members *m, struct err *e)
{
	const char *p;
	size_t n;
	m->nbefore = keep(m->before, m->nbefore, BEFORE, m->chunk, m->nchunk);
	m->nchunk = 0;
	int rc = m->src.next(m->src.arg, &p, &n, e);
	if (rc <= 0)
		return rc;
	m->chunk = p;
	m->nchunk = n;
	m->given += n;
	if (m->form == MEMBERS_ZIP && !m->src.seek)
		m->nlast = keep(m->last, m->nlast, ZIP_LAST, p, n);
	return 1;
}

static la_ssize_t on_read(struct archive *a, void *arg, const void **data)
{
	struct members *m = arg;
	int rc = feed(m, &m->failed);
	if (rc < 0)
		archive_set_error(a, EIO, "%s", m->failed.msg);
	*data = m->chunk;
	return rc < 0 ? ARCHIVE_FATAL : (la_ssize_t)m->nchunk;
}

static la_int64_t on_seek(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct members *m = arg;
	(void)a;
	int64_t at = m->src.seek(m->src.arg, offset, whence);
	return at < 0 ? ARCHIVE_FATAL : at;
}

static int fault(struct members *m, struct err *e)
{
	if (m->failed.code) {
		*e = m->failed;
		return e->code;
	}
	const char *why = archive_error_string(m->archive);
	return err_set(e, ERR_DATA, "cannot decompress: %s", why ? why : "damaged data");
}

/* `at` is AT: what stands before it is looked up in the file, or in what was given last. */
static int stand_at(struct members *m, uint64_t at, struct err *e)
{
	size_t n = at < MEMBERS_TAIL ? (size_t)at : MEMBERS_TAIL;
	m->at = at;
	m->ntail = 0;
	if (m->src.seek) {
		ssize_t got = fd_pread_all(m->src.fd, m->tail, n, (off_t)(at - n));
		m->ntail = got > 0 ? (size_t)got : 0;
		return got < 0 ? err_sys(e, errno, "cannot read") : 0;
	}
	uint64_t from = m->given - m->nchunk;
	if (at < from) {
		size_t back = from - at < m->nbefore ? (size_t)(from - at) : m->nbefore;
		m->ntail = keep(m->tail, 0, n, (const char *)m->before, m->nbefore - back);
		return 0;
	}
	m->ntail = keep(m->tail, 0, n, (const char *)m->before, m->nbefore);
	m->ntail = keep(m->tail, m->ntail, n, m->chunk, (size_t)(at - from));
	return 0;
}

/* Where the directory begins of a zip of TOTAL bytes, the last N of which are at P, and how many entries it has; UINT64_MAX when that is not
 * one whole zip, from its first byte to its last. A comment may hold anything. */
static uint64_t zip_directory(const unsigned char *p, size_t n, uint64_t total, uint64_t *entries)
{
	for (size_t i = n < ZIP_END ? 0 : n - ZIP_END + 1; i-- > 0;) {
		if (memcmp(p + i, "PK\5\6", 4) != 0 || i + ZIP_END + le(p + i + 20, 2) != n)
			continue;
		uint64_t end = total - n + i, size = le(p + i + 12, 4), from = le(p + i + 16, 4);
		*entries = le(p + i + 10, 2);
		if (i >= ZIP64_LOCATOR + ZIP64_END && memcmp(p + i - ZIP64_LOCATOR, "PK\6\7", 4) == 0) {
			uint64_t back = end - le(p + i - ZIP64_LOCATOR + 8, 8);
			if (back > i || back < ZIP64_LOCATOR + ZIP64_END || memcmp(p + i - back, "PK\6\6", 4) != 0)
				continue;
			*entries = le(p + i - back + 32, 8);
			size = le(p + i - back + 40, 8);
			from = le(p + i - back + 48, 8);
			end -= back;
		}
		if (from <= end && end - from == size)
			return from;
	}
	return UINT64_MAX;
}

uint64_t members_7z_directory(const unsigned char *p, size_t n, uint64_t *end)
{
	if (n < SEVEN_START)
		return 0;
	uint64_t from = SEVEN_START + le(p + 12, 8);
	*end = from + le(p + 20, 8);
	return from;
}

/* The directory of the zip or 7z; UINT64_MAX: there is none where it belongs. ENTRIES: of a zip. */
static int find_directory(struct members *m, uint64_t *at, uint64_t *entries, struct err *e)
{
	size_t n = m->form == MEMBERS_7Z ? SEVEN_START : ZIP_LAST;
	uint64_t end = 0;
	if (m->src.seek) {
		n = m->src.size < n ? (size_t)m->src.size : n;
		ssize_t got = fd_pread_all(m->src.fd, m->last, n, m->form == MEMBERS_7Z ? 0 : (off_t)(m->src.size - n));
		if (got < 0)
			return err_sys(e, errno, "cannot read");
		m->nlast = (size_t)got;
	}
	uint64_t total = m->src.seek ? m->src.size : m->given;
	if (m->form == MEMBERS_ZIP) {
		*at = zip_directory(m->last, m->nlast, total, entries);
	} else {
		*at = members_7z_directory(m->last, m->nlast, &end);
		*at = *at && end == total ? *at : UINT64_MAX;
	}
	return 0;
}

int members_open(struct members **out, enum members_form form, const struct members_source *src, struct err *e)
{
	struct members *m = mem_zalloc(sizeof *m);
	*out = m;
	m->src = *src;
	m->form = form;
	m->chunk = "";
	m->archive = archive_read_new();
	if (!m->archive)
		mem_oom(sizeof *m);
	if (form != MEMBERS_TAR)
		m->last = mem_alloc(ZIP_LAST);
	switch (form) {
	case MEMBERS_TAR:
		archive_read_support_format_tar(m->archive);
		archive_read_set_option(m->archive, "tar", "read_concatenated_archives", "1");
		break;
	case MEMBERS_ZIP: archive_read_support_format_zip(m->archive); break;
	default: archive_read_support_format_7zip(m->archive); break;
	}
	archive_read_set_callback_data(m->archive, m);
	archive_read_set_read_callback(m->archive, on_read);
	if (src->seek)
		archive_read_set_seek_callback(m->archive, on_seek);
	if (archive_read_open1(m->archive) != ARCHIVE_OK)
		return fault(m, e);
	if (form == MEMBERS_TAR || !src->seek)
		return 0;
	uint64_t at, entries;
	int rc = find_directory(m, &at, &entries, e);
	return rc < 0 ? rc : stand_at(m, at < src->size ? at : src->size, e);
}

void members_free(struct members *m)
{
	if (!m)
		return;
	if (m->archive)
		archive_read_free(m->archive);
	mem_free(m->last);
	mem_free(m);
}

static bool by_place(const struct members *m)
{
	return m->form == MEMBERS_TAR || !m->src.seek;
}

/* Behind the last member, which ended at `at`: is that the end of it all? */
static int end(struct members *m, struct err *e)
{
	uint64_t at = 0, entries = 0, read = (uint64_t)archive_filter_bytes(m->archive, 0);
	int rc;
	m->over = true;
	if (m->form == MEMBERS_TAR && m->src.seek && m->at > m->src.size)
		return err_set(e, ERR_DATA, "cannot decompress: the tar ends inside of a member");
	if (m->form == MEMBERS_TAR) {
		m->cut = read - m->at < 2 * BLOCK;
		return 0;
	}
	while (!m->src.seek && (rc = feed(m, e)) != 0)
		if (rc < 0)
			return rc;
	if ((rc = m->form == MEMBERS_7Z && !m->src.seek ? 0 : find_directory(m, &at, &entries, e)) < 0)
		return rc;
	if ((m->form == MEMBERS_ZIP || m->src.seek) && at == UINT64_MAX)
		return err_set(e, ERR_DATA, "cannot decompress: not one whole %s archive: it was cut off, or something else follows it",
			       m->form == MEMBERS_7Z ? "7z" : "zip");
	if (m->form == MEMBERS_ZIP && entries != m->entries)
		return err_set(e, ERR_DATA, "cannot decompress: the zip has %llu members, of which %llu were found", (unsigned long long)entries,
			       (unsigned long long)m->entries);
	return 0;
}

int members_next(struct members *m, struct members_entry *to, struct err *e)
{
	struct archive_entry *entry;
	int rc;
	if (m->over)
		return 0;
	if (m->in_member && archive_read_data_skip(m->archive) == ARCHIVE_FATAL)
		return fault(m, e);
	m->in_member = false;
	if (by_place(m) && (rc = stand_at(m, (uint64_t)archive_filter_bytes(m->archive, 0), e)) < 0)
		return rc;
	rc = archive_read_next_header(m->archive, &entry);
	if (rc == ARCHIVE_EOF)
		return end(m, e);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return fault(m, e);
	m->in_member = true;
	m->entries++;
	if (by_place(m) && (rc = stand_at(m, (uint64_t)archive_filter_bytes(m->archive, 0), e)) < 0)
		return rc;
	const char *name = archive_entry_pathname_utf8(entry);
	name = name ? name : archive_entry_pathname(entry);
	*to = (struct members_entry){ .name = name ? name : "(unnamed)", .file = archive_entry_filetype(entry) == AE_IFREG };
	if (archive_entry_mtime_is_set(entry))
		to->mtime_us = (int64_t)archive_entry_mtime(entry) * US_PER_SEC;
	return 1;
}

/* A warning there is a wrong checksum. */
int members_block(struct members *m, const char **p, size_t *n, struct err *e)
{
	for (;;) {
		la_int64_t offset;
		const void *data;
		*n = 0;
		int rc = archive_read_data_block(m->archive, &data, n, &offset);
		*p = data;
		if (rc == ARCHIVE_OK && !*n)
			continue;
		if (rc == ARCHIVE_OK)
			return 1;
		*n = 0;
		return rc == ARCHIVE_EOF ? 0 : fault(m, e);
	}
}

uint64_t members_at(const struct members *m)
{
	return m->at;
}

const unsigned char *members_tail(const struct members *m, size_t *n)
{
	*n = m->ntail;
	return m->tail;
}

const char *members_doubt(const struct members *m)
{
	return m->over && m->cut ? "has no end-of-archive blocks: it was cut off, or is still being written" : NULL;
}
