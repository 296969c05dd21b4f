/* SPDX-License-Identifier: MIT */
/* The list of files that were read: its log, and two tables over it, by name and by the fingerprint of the beginning. */
#include "source/done.h"

#include "base/fd.h"
#include "base/hash.h"
#include "base/mem.h"
#include "source/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#define MAX_LOG ((uint64_t)1 << 30)
/* A log this long is written anew, when that halves it; of what a file was once so many of the newest stay, and each further back by twice. */
#define LONG_LOG ((uint64_t)8 << 20)
#define KEPT 16

/* A line of the log. Where an earlier run went on from a line that is not the last, `{"back":L}` says so: from there on
 * the list is that of line L and what follows. So every list that a mark has ever counted can still be read: the mark may
 * be in the table before its checkpoint hears of it, while another run has gone on from an earlier one. */
struct line {
	struct done_file file;
	size_t head;             /* newest entry in the list as of this line, as index + 1; 0: none */
	size_t before;           /* of an entry: the one before it in its list */
};

struct done {
	struct arena arena;
	int fd;                      /* -1: nothing is kept */
	const char *path, *folder;
	bool made;                   /* the file: its name is not durable yet */
	struct done_file *v;
	size_t n, cap;
	uint32_t *name;              /* hash table of index + 1, by name: the newest */
	uint32_t *head;              /* the same by head */
	uint32_t *same;              /* by index: index + 1 of the entry before it with that head */
	uint32_t *first;             /* as head, by the first cut, of entries that came with cuts of their own */
	uint32_t *same_first;
	size_t cap_same, cap_first;
	size_t nslots;
	uint64_t *newest;            /* by id: index + 1 */
	size_t cap_newest;
	bool length[BYTES_HEAD + 1]; /* there are heads of that length */
	size_t *old;                 /* indices of old entries */
	size_t nold, cap_old;
	uint64_t lines;              /* counted, and those in `unwritten` */
	uint64_t base;               /* of those, how many the first lines of a log that was written anew stand for */
	size_t nbase;                /* and how many those are, the one that says so included; 0: it was not */
	struct buf unwritten;
};

/* The newest entry of ID, NULL when it has none. */
static const struct done_file *newest(const struct done *d, uint64_t id)
{
	return id < d->cap_newest && d->newest[id] ? &d->v[d->newest[id] - 1] : NULL;
}

/* Are the first bytes of F those that G tells the cuts of? */
static bool has_cuts(const struct done_file *f, const struct done_file *g)
{
	return g && g->cuts && !f->old && f->nhead == g->nhead && f->head == g->head;
}

static size_t head_slot(const struct done *d, uint64_t head)
{
	size_t at = hash_again(head) & (d->nslots - 1);
	while (d->head[at] && d->v[d->head[at] - 1].head != head)
		at = (at + 1) & (d->nslots - 1);
	return at;
}

/* Where the newest entry with the first of CUTS is. */
static size_t first_slot(const struct done *d, const char *cuts)
{
	size_t at = hash_bytes(cuts, DONE_CUT, 2) & (d->nslots - 1);
	while (d->first[at] && strncmp(d->v[d->first[at] - 1].cuts, cuts, DONE_CUT) != 0)
		at = (at + 1) & (d->nslots - 1);
	return at;
}

static void index_entry(struct done *d, size_t i)
{
	const struct done_file *f = &d->v[i];
	size_t at = hash_bytes(f->file, strlen(f->file), 1) & (d->nslots - 1);
	while (d->name[at] && strcmp(d->v[d->name[at] - 1].file, f->file) != 0)
		at = (at + 1) & (d->nslots - 1);
	d->name[at] = (uint32_t)i + 1;
	if (f->cuts && *f->cuts) {
		at = first_slot(d, f->cuts);
		d->same_first[i] = d->first[at];
		d->first[at] = (uint32_t)i + 1;
	}
	if (f->old)
		return;
	at = head_slot(d, f->head);
	d->same[i] = d->head[at];
	d->head[at] = (uint32_t)i + 1;
}

/* F is line NUMBER of the list. */
static void remember(struct done *d, const struct done_file *f, uint64_t number)
{
	/* Before there were ids a file was its name. */
	const struct done_file *before = !f->id && f->old ? done_find(d, f->file) : NULL;
	uint64_t id = f->id ? f->id : before ? before->id : number;
	MEM_GROW(d->v, d->cap, d->n + 1);
	MEM_GROW(d->same, d->cap_same, d->n + 1);
	MEM_GROW(d->same_first, d->cap_first, d->n + 1);
	d->v[d->n] = *f;
	struct done_file *to = &d->v[d->n];
	to->id = id;
	if (!to->cuts && has_cuts(to, newest(d, id)))
		to->cuts = newest(d, id)->cuts;
	if (to->id >= d->cap_newest) {
		size_t had = d->cap_newest;
		MEM_GROW(d->newest, d->cap_newest, to->id + 1);
		memset(d->newest + had, 0, (d->cap_newest - had) * sizeof *d->newest);
	}
	d->newest[to->id] = ++d->n;
	if (to->old) {
		MEM_GROW(d->old, d->cap_old, d->nold + 1);
		d->old[d->nold++] = d->n - 1;
	} else if (to->nhead <= BYTES_HEAD) {
		d->length[to->nhead] = true;
	}
	if (d->n * 2 > d->nslots) {
		mem_free(d->name);
		mem_free(d->head);
		mem_free(d->first);
		d->nslots = d->nslots ? d->nslots * 2 : 64;
		d->name = mem_zalloc(d->nslots * sizeof *d->name);
		d->head = mem_zalloc(d->nslots * sizeof *d->head);
		d->first = mem_zalloc(d->nslots * sizeof *d->first);
		for (size_t i = 0; i < d->n; i++)
			index_entry(d, i);
	} else {
		index_entry(d, d->n - 1);
	}
}

static int damaged(const struct done *d, uint64_t line, struct err *e, const char *why)
{
	err_set(e, ERR_CONFLICT, "%s", why);
	return err_at(e, d->path, line, 0);
}

/* What line I of the log counts for. */
static uint64_t number_of(const struct done *d, size_t i)
{
	return i < d->nbase ? d->base : d->base + (i - d->nbase) + 1;
}

static int parse_line(struct done *d, const char *p, size_t n, struct line *l, const struct line *lines, size_t i, struct err *e)
{
	struct json *v;
	int64_t back, kept;
	size_t head = i ? lines[i - 1].head : 0;
	*l = (struct line){ .head = head };
	int rc = json_parse(&v, &d->arena, p, n, e);
	if (rc < 0)
		return rc;
	if (!i && json_i64(json_get(v, "base"), &back) && json_i64(json_get(v, "kept"), &kept) && back >= kept && kept >= 0) {
		d->base = (uint64_t)back;
		d->nbase = (size_t)kept + 1;
		return 0;
	}
	if (json_i64(json_get(v, "back"), &back)) {
		if (back < 0 || (uint64_t)back < d->base || (uint64_t)back >= number_of(d, i))
			return err_set(e, ERR_DATA, "refers to a line that does not exist");
		size_t to = (size_t)((uint64_t)back - d->base) + d->nbase;
		l->head = to ? lines[to - 1].head : 0;
		return 0;
	}
	l->before = head;
	l->head = i + 1;
	rc = done_get(&l->file, &d->arena, v, e);
	return rc == 0 && l->file.id > number_of(d, i) ? err_set(e, ERR_DATA, "an id that is in no line") : rc;
}

/* Take over the list as of the log's line COUNT. */
static void take_list(struct done *d, const struct line *lines, size_t count)
{
	size_t n = 0, head = count ? lines[count - 1].head : 0;
	size_t *order = mem_array(NULL, count + 1, sizeof *order);
	for (; head; head = lines[head - 1].before)
		order[n++] = head - 1;
	while (n) {
		n--;
		remember(d, &lines[order[n]].file, number_of(d, order[n]));
	}
	mem_free(order);
}

/* A last line that is not whole was never counted by a mark: cut it off. */
static int cut(struct done *d, size_t at, size_t n, struct err *e)
{
	if (at < n && ftruncate(d->fd, (off_t)at) < 0) {
		err_sys(e, errno, "cannot truncate");
		return err_at(e, d->path, 0, 0);
	}
	return lseek(d->fd, (off_t)at, SEEK_SET) < 0 ? err_sys(e, errno, "%s", d->path) : 0;
}

static int load(struct done *d, const char *p, size_t n, uint64_t count, struct err *e)
{
	struct line *lines = NULL, *l;
	size_t at = 0, i = 0, cap = 0;
	int rc = 0;
	for (const char *nl; at < n && (nl = memchr(p + at, '\n', n - at)); at = (size_t)(nl - p) + 1, i++) {
		MEM_GROW(lines, cap, i + 1);
		l = &lines[i];
		if (parse_line(d, p + at, (size_t)(nl - p) - at, l, lines, i, e) == 0)
			continue;
		if (number_of(d, i) <= count || (size_t)(nl - p) + 1 < n)
			rc = damaged(d, i + 1, e, "is damaged");
		break;
	}
	uint64_t all = i < d->nbase ? 0 : d->base + (i - d->nbase);
	if (rc == 0 && count < d->base)
		rc = damaged(d, 0, e, "no longer reaches back to where the checkpoint stands: start over with another one");
	else if (rc == 0 && all < count)
		rc = damaged(d, 0, e, "has fewer lines than the checkpoint counts: it was truncated or replaced");
	if (rc == 0)
		rc = cut(d, at, n, e);
	if (rc == 0) {
		take_list(d, lines, (size_t)(count - d->base) + d->nbase);
		d->lines = all;
		if (all > count) {
			buf_printf(&d->unwritten, "{\"back\":%llu}\n", (unsigned long long)count);
			d->lines++;
		}
	}
	mem_free(lines);
	return rc;
}

/* Which entries stay in a log that is written anew: how many; KEEP says of each. */
static size_t choose(const struct done *d, bool *keep)
{
	uint32_t *rank = mem_zalloc(d->cap_newest * sizeof *rank);
	size_t n = 0;
	for (size_t i = d->n; i-- > 0;) {
		uint32_t r = rank[d->v[i].id]++;
		n += keep[i] = r < KEPT || (r & (r - 1)) == 0;
	}
	mem_free(rank);
	return n;
}

static void put_entry(struct buf *b, const struct done_file *f, bool cuts)
{
	buf_putc(b, '{');
	done_put(b, f);
	if (cuts)
		buf_printf(b, ",\"cuts\":\"%s\"", f->cuts);
	buf_puts(b, "}\n");
}

/* The log anew. Of the entries of a file the first says the cuts, and each with another head. */
static void put_log(const struct done *d, const bool *keep, size_t kept, struct buf *b)
{
	size_t *last = mem_zalloc(d->cap_newest * sizeof *last);
	buf_printf(b, "{\"base\":%llu,\"kept\":%zu}\n", (unsigned long long)d->lines, kept);
	for (size_t i = 0; i < d->n; i++)
		if (keep[i]) {
			const struct done_file *f = &d->v[i], *before = last[f->id] ? &d->v[last[f->id] - 1] : NULL;
			put_entry(b, f, f->cuts && !has_cuts(f, before));
			last[f->id] = i + 1;
		}
	mem_free(last);
}

static int sync_folder(struct done *d, struct err *e);

/* Nothing but the list that the checkpoint stands at is in the log: most of what files were once may go. */
static int shorten(struct done *d, struct err *e)
{
	bool *keep = mem_zalloc(d->n + 1);
	size_t kept = choose(d, keep);
	struct buf b = BUF_INIT;
	int rc = 0, fd = -1;
	const char *path = arena_printf(&d->arena, "%s/files.new", d->folder);
	if (kept * 2 <= d->n) {
		put_log(d, keep, kept, &b);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		int why = fd < 0 ? errno : fd_write_all(fd, b.p, b.n);
		if (!why && (fdatasync(fd) < 0 || rename(path, d->path) < 0))
			why = errno;
		if (why) {
			rc = err_sys(e, why, "cannot write %s", path);
			if (fd >= 0)
				close(fd);
		} else {
			close(d->fd);
			d->fd = fd;
			d->made = true;           /* its name is new */
			rc = sync_folder(d, e);
		}
	}
	buf_release(&b);
	mem_free(keep);
	return rc;
}

static int read_log(struct done *d, uint64_t count, struct err *e)
{
	struct stat st;
	if (fstat(d->fd, &st) < 0)
		return damaged(d, 0, e, "cannot be accessed");
	if ((uint64_t)st.st_size > MAX_LOG)
		return damaged(d, 0, e, "is longer than 1 GiB: start over with another checkpoint");
	size_t size = (size_t)st.st_size;
	char *p = arena_alloc(&d->arena, size + 1);
	ssize_t n = fd_pread_all(d->fd, p, size, 0);
	if (n < 0) {
		err_sys(e, errno, "cannot read");
		return err_at(e, d->path, 0, 0);
	}
	int rc = load(d, p, (size_t)n, count, e);
	return rc == 0 && size > LONG_LOG && count == d->lines ? shorten(d, e) : rc;
}

int done_open(struct done **out, const char *folder, uint64_t count, struct err *e)
{
	struct done *d = mem_zalloc(sizeof *d);
	int rc = 0;
	d->fd = -1;
	if (folder) {
		d->path = arena_printf(&d->arena, "%s/files", folder);
		d->folder = arena_strdup(&d->arena, folder);
		d->fd = open(d->path, O_RDWR | O_CLOEXEC);
		d->made = d->fd < 0 && errno == ENOENT;
		if (d->made)
			d->fd = open(d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (d->fd < 0) {
			err_sys(e, errno, "cannot open");
			rc = err_at(e, d->path, 0, 0);
		} else {
			rc = read_log(d, count, e);
		}
	}
	if (rc < 0) {
		done_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void done_free(struct done *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	mem_free(d->v);
	mem_free(d->name);
	mem_free(d->head);
	mem_free(d->same);
	mem_free(d->first);
	mem_free(d->same_first);
	mem_free(d->newest);
	mem_free(d->old);
	buf_release(&d->unwritten);
	arena_release(&d->arena);
	mem_free(d);
}

uint64_t done_count(const struct done *d)
{
	return d->lines;
}

const struct done_file *done_find(const struct done *d, const char *file)
{
	if (!d->nslots)
		return NULL;
	size_t at = hash_bytes(file, strlen(file), 1) & (d->nslots - 1);
	for (; d->name[at]; at = (at + 1) & (d->nslots - 1))
		if (strcmp(d->v[d->name[at] - 1].file, file) == 0)
			return &d->v[d->name[at] - 1];
	return NULL;
}

static bool is_newest(const struct done *d, const struct done_file *f)
{
	return newest(d, f->id) == f;
}

const struct done_file *done_same(const struct done *d, const void *p, size_t n, struct done_at *at)
{
	while (at->old < d->nold) {
		const struct done_file *f = &d->v[d->old[at->old++]];
		if (!at->superseded && is_newest(d, f))
			return f;
	}
	for (;;) {
		for (; at->next; at->next = d->same[at->next - 1]) {
			const struct done_file *f = &d->v[at->next - 1];
			if (f->nhead != at->length - 1 || is_newest(d, f) == at->superseded)
				continue;
			at->next = d->same[at->next - 1];
			return f;
		}
		while (at->length <= n && at->length <= BYTES_HEAD && !d->length[at->length])
			at->length++;
		if (at->length > n || at->length > BYTES_HEAD || !d->nslots)
			return NULL;
		at->next = d->head[head_slot(d, done_head(p, at->length++))];
	}
}

const struct done_file *done_first(const struct done *d, const char *cuts, const struct done_file *f)
{
	uint32_t i = 0;
	if (d->nslots)
		i = f ? d->same_first[f - d->v] : d->first[first_slot(d, cuts)];
	while (i && !is_newest(d, &d->v[i - 1]))
		i = d->same_first[i - 1];
	return i ? &d->v[i - 1] : NULL;
}

void done_add(struct done *d, const struct done_file *f)
{
	struct done_file copy = *f;
	bool told = !f->cuts || has_cuts(f, newest(d, f->id));
	copy.file = arena_strdup(&d->arena, f->file);
	copy.cuts = told ? NULL : arena_strdup(&d->arena, f->cuts);
	remember(d, &copy, ++d->lines);
	if (d->fd < 0)
		return;
	put_entry(&d->unwritten, &d->v[d->n - 1], !told);
}

/* Once, when the file is new. */
static int sync_folder(struct done *d, struct err *e)
{
	int fd = d->made ? open(d->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = 0;
	if (d->made && (fd < 0 || fsync(fd) < 0))
		rc = err_sys(e, errno, "cannot sync %s", d->folder);
	if (fd >= 0)
		close(fd);
	d->made = d->made && rc < 0;
	return rc;
}

int done_sync(struct done *d, struct err *e)
{
	if (!d->unwritten.n)
		return 0;
	int code = fd_write_all(d->fd, d->unwritten.p, d->unwritten.n);
	if (code)
		return err_sys(e, code, "cannot write %s", d->path);
	buf_clear(&d->unwritten);
	if (fdatasync(d->fd) < 0)
		return err_sys(e, errno, "cannot write %s", d->path);
	return sync_folder(d, e);
}

uint64_t done_head(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

static void put_cut(struct buf *to, uint64_t hash)
{
	buf_printf(to, "%0*llx", DONE_CUT, (unsigned long long)(hash & 0xffffff));
}

void done_cuts(struct buf *to, const void *p, size_t n)
{
	const char *from = p, *nl = p;
	for (; (nl = memchr(nl, '\n', n - (size_t)(nl - from))); nl++)
		put_cut(to, XXH3_64bits(from, (size_t)(nl - from) + 1));
}

void done_last_cut(struct buf *to, const void *p, size_t n)
{
	char line[BYTES_HEAD + 1];
	memcpy(line, p, n);
	line[n] = '\n';
	put_cut(to, XXH3_64bits(line, n + 1));
}

uint32_t done_crc(const void *p, size_t n)
{
	return (uint32_t)crc32(0, p, (uInt)n);
}

void done_put(struct buf *b, const struct done_file *f)
{
	buf_puts(b, "\"file\":");
	json_put_cstr(b, f->file);
	buf_printf(b, ",\"size\":%llu,\"mtime\":%lld", (unsigned long long)f->size, (long long)f->mtime_us);
	if (!f->old)
		buf_printf(b, ",\"inode\":%llu", (unsigned long long)f->inode);
	if (f->id)
		buf_printf(b, ",\"id\":%llu", (unsigned long long)f->id);
	if (!f->old)
		buf_printf(b, ",\"head\":\"%016llx\",\"n\":%llu,\"at\":%llu", (unsigned long long)f->head, (unsigned long long)f->nhead,
			   (unsigned long long)f->at);
	buf_printf(b, ",\"crc\":%lu", (unsigned long)f->crc);
	if (f->lines >= 0)
		buf_printf(b, ",\"lines\":%lld", (long long)f->lines);
	if (f->records)
		buf_printf(b, ",\"records\":%llu", (unsigned long long)f->records);
	if (f->sub)
		buf_printf(b, ",\"sub\":%llu", (unsigned long long)f->sub);
	if (f->lines >= 0 && f->place != f->at && !f->old)
		buf_printf(b, ",\"place\":%llu", (unsigned long long)f->place);
	if (f->part)
		buf_puts(b, ",\"part\":true");
}

/* A count, 0 when it is not there. */
static bool get_count(const struct json *v, const char *name, uint64_t *to)
{
	const struct json *c = json_get(v, name);
	int64_t i = 0;
	bool ok = !c || (json_i64(c, &i) && i >= 0);
	*to = ok ? (uint64_t)i : 0;
	return ok;
}

int done_get(struct done_file *f, struct arena *a, const struct json *v, struct err *e)
{
	const struct json *name = json_get(v, "file"), *lines = json_get(v, "lines"), *head = json_get(v, "head"), *part = json_get(v, "part"), *place = json_get(v, "place"), *cuts = json_get(v, "cuts");
	uint64_t crc = 0;
	*f = (struct done_file){ .lines = -1, .old = !head, .part = part && part->type == JSON_TRUE };
	bool ok = name && json_str(name) && json_get(v, "crc") && get_count(v, "size", &f->size) && json_i64(json_get(v, "mtime"), &f->mtime_us) &&
		  get_count(v, "crc", &crc) && crc <= UINT32_MAX && (!lines || json_i64(lines, &f->lines)) && get_count(v, "inode", &f->inode) &&
		  get_count(v, "id", &f->id) && get_count(v, "n", &f->nhead) && f->nhead <= BYTES_HEAD && get_count(v, "at", &f->at) &&
		  get_count(v, "place", &f->place) && get_count(v, "records", &f->records) && get_count(v, "sub", &f->sub);
	if (ok && head) {
		char *end = NULL;
		const char *text = json_str(head);
		f->head = text && head->nstr == 16 ? strtoull(text, &end, 16) : 0;
		ok = end && end == text + 16;
	}
	ok = ok && (!cuts || (json_str(cuts) && cuts->nstr % DONE_CUT == 0 && strspn(cuts->str, "0123456789abcdef") == cuts->nstr));
	if (!ok)
		return err_set(e, ERR_DATA, "not the entry of a file");
	f->cuts = cuts ? arena_strndup(a, cuts->str, cuts->nstr) : NULL;
	f->file = arena_strndup(a, name->str, name->nstr);
	f->crc = (uint32_t)crc;
	if (f->old)
		f->at = f->size;
	f->place = f->lines >= 0 && place ? f->place : f->at;
	return 0;
}
