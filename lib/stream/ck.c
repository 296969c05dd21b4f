/* SPDX-License-Identifier: MIT */
/* Makes, opens and locks a checkpoint folder, and keeps its id and its record. */
#include "stream/ck.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "json/doc.h"
#include "stream/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "smtools checkpoint "

static void put_time(struct buf *b, const char *key, int64_t us)
{
	char text[40];
	buf_puts(b, key);
	json_put_string(b, text, time_format(text, us, -1, true));
}

static int64_t get_time(const struct json *v)
{
	const char *s = json_str(v);
	int64_t us;
	return s && time_parse(s, v->nstr, &us, NULL) ? us : 0;
}

/* Read the JSON object in NAME; its text lives in A. */
static int read_object(struct store *s, const char *name, struct arena *a, struct json **root, struct err *e)
{
	struct buf b = BUF_INIT, path = BUF_INIT;
	int rc = store_get(s, name, CK_FILE_MAX, &b, e);
	if (rc == 0) {
		rc = json_parse(root, a, arena_strndup(a, b.p ? b.p : "", b.n), b.n, e);
		store_path(s, name, &path);
		if (rc != 0)
			err_at(e, buf_cstr(&path), e ? e->line : 0, e ? e->col : 0);
		else if ((*root)->type != JSON_OBJECT)
			rc = err_set(e, ERR_DATA, "%s is not a JSON object", buf_cstr(&path));
	}
	buf_release(&b);
	buf_release(&path);
	return rc;
}

static int check_format(struct ck *ck, struct err *e)
{
	struct buf b = BUF_INIT;
	uint64_t v;
	size_t skip = sizeof MAGIC - 1;
	int rc = store_get(ck->store, "FORMAT", CK_FILE_MAX, &b, e);
	if (rc == ERR_NOT_FOUND)
		err_set(e, rc, "%s is not a checkpoint folder (it has no file FORMAT)", ck->path);
	if (rc != 0)
		goto out;
	while (b.n && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
		b.n--;
	if (b.n <= skip || memcmp(b.p, MAGIC, skip) != 0 || !num_u64(b.p + skip, b.n - skip, &v))
		rc = err_set(e, ERR_DATA, "%s/FORMAT does not say `" MAGIC "N`: not a checkpoint", ck->path);
	else if (v != CK_FORMAT)
		rc = err_set(e, ERR_UNSUPPORTED, "checkpoint %s has format %llu; this program supports %d", ck->path,
			    (unsigned long long)v, CK_FORMAT);
out:
	buf_release(&b);
	return rc;
}

static void set_stream(struct ck *ck)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, ck->id);
	if (ck->generation > 1)
		buf_printf(&b, ".%lld", (long long)ck->generation);
	mem_free(ck->stream);
	ck->stream = buf_detach(&b, NULL);
}

int64_t ck_generation(const char *stream, const char *id, size_t nid)
{
	int64_t n;
	if (strncmp(stream, id, nid) != 0)
		return 0;
	if (!stream[nid])
		return 1;
	const char *number = stream + nid + 1;
	return stream[nid] == '.' && *number != '0' && num_i64(number, strlen(number), &n) && n > 1 ? n : 0;
}

static int read_id(struct ck *ck, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct json *root;
	int64_t v;
	int rc = read_object(ck->store, "id", &a, &root, e);
	if (rc == ERR_NOT_FOUND)
		err_set(e, ERR_DATA, "checkpoint %s has no file id", ck->path);
	if (rc != 0)
		goto out;
	const struct json *id = json_get(root, "id");
	if (!json_i64(json_get(root, "v"), &v) || v != CK_FORMAT || !json_str(id) || !id->nstr ||
	    strlen(id->str) != id->nstr || !json_i64(json_get(root, "generation"), &ck->generation) || ck->generation < 1) {
		rc = err_set(e, ERR_DATA, "%s/id: needs \"v\", \"id\" and \"generation\"", ck->path);
		goto out;
	}
	ck->id = mem_strdup(id->str);
	ck->created_us = get_time(json_get(root, "created"));
	set_stream(ck);
out:
	arena_release(&a);
	return rc == ERR_NOT_FOUND ? ERR_DATA : rc;
}

static int write_id(struct ck *ck, const char *id, int64_t generation, int64_t created, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"v\":%d,\"id\":", CK_FORMAT);
	json_put_cstr(&b, id);
	buf_printf(&b, ",\"generation\":%lld", (long long)generation);
	put_time(&b, ",\"created\":", created);
	buf_puts(&b, "}\n");
	int rc = store_put(ck->store, "id", b.p, b.n, e);
	buf_release(&b);
	return rc;
}

/* Only ours, or nothing: anything else in a folder without FORMAT is somebody's data. */
static int refuse_foreign(void *arg, const struct store_entry *entry, struct err *e)
{
	static const char *const ours[] = { "lock", "id" };
	const struct ck *ck = arg;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strcmp(entry->name, ours[i]) == 0)
			return 0;
	/* Left by a put that was cut off: lib/store's temporary names begin with a dot. */
	if (entry->name[0] == '.')
		return 0;
	return err_set(e, ERR_DATA, "%s is not a checkpoint folder, and not empty (%s)", ck->path, entry->name);
}

/* 1, 0, or negative. */
static int has(const struct ck *ck, const char *name, struct err *e)
{
	int rc = store_stat(ck->store, name, NULL, NULL, e);
	return rc == 0 ? 1 : rc == ERR_NOT_FOUND ? 0 : rc;
}

static int make_folder(struct ck *ck, struct err *e)
{
	struct stat st;
	int why = stat(ck->path, &st) == 0 ? 0 : errno;
	if (why && why != ENOENT)
		return err_sys(e, why, "cannot access %s", ck->path);
	if (!why && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_DATA, "%s is not a folder", ck->path);
	int rc = has(ck, "FORMAT", e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = store_list(ck->store, "", refuse_foreign, ck, e);
	return rc != 0 ? rc : store_mkdir(ck->store, "", e);
}

/* With the lock held: id first, FORMAT last, so that a folder with FORMAT has everything. */
static int make_files(struct ck *ck, struct err *e)
{
	static const char format[] = MAGIC "1\n";
	char id[UUID_TEXT + 1];
	int rc = has(ck, "FORMAT", e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rand_uuid(id);
	rc = has(ck, "id", e);
	if (rc == 0)
		rc = write_id(ck, id, 1, clock_now_us(), e);
	return rc < 0 ? rc : store_put(ck->store, "FORMAT", format, sizeof format - 1, e);
}

static int open_lock(const struct ck *ck, int flags, int *fd, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s/lock", ck->path);
	*fd = open(buf_cstr(&b), flags | O_CLOEXEC, 0666);
	int rc = *fd >= 0 ? 0 : errno == ENOENT ? ERR_NOT_FOUND : err_sys(e, errno, "cannot open '%s'", b.p);
	buf_release(&b);
	return rc;
}

static int64_t read_pid(int fd)
{
	char text[32];
	uint64_t pid;
	ssize_t n = pread(fd, text, sizeof text, 0);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	return n > 0 && num_u64(text, (size_t)n, &pid) && pid < INT32_MAX ? (int64_t)pid : 0;
}

/* An open file description lock: let go with the last descriptor, not, as a plain fcntl lock, when any descriptor of the
 * file in this process is closed. */
static int take_lock(struct ck *ck, struct err *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, r = open_lock(ck, O_RDWR | O_CREAT, &fd, e);
	if (r != 0)
		return r == ERR_NOT_FOUND ? err_set(e, ERR_NOT_FOUND, "%s: no such checkpoint", ck->path) : r;
	if (fcntl(fd, F_OFD_SETLK, &fl) != 0) {
		int64_t pid = read_pid(fd);
		if (errno != EAGAIN && errno != EACCES)
			r = err_sys(e, errno, "cannot lock '%s/lock'", ck->path);
		else if (pid)
			r = err_set(e, ERR_CONFLICT, "checkpoint %s is in use by process %lld", ck->path, (long long)pid);
		else
			r = err_set(e, ERR_CONFLICT, "checkpoint %s is in use by another process", ck->path);
		close(fd);
		return r;
	}
	char text[32];
	int n = snprintf(text, sizeof text, "%lld\n", (long long)getpid());
	/* For people only; the lock itself does not depend on it. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		r = err_sys(e, errno, "cannot write '%s/lock'", ck->path);
	if (r != 0)
		close(fd);
	else
		ck->lock = fd;
	return r;
}

int ck_running(const struct ck *ck, bool *running, int64_t *pid, struct err *e)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, r = open_lock(ck, O_RDWR, &fd, e);
	*running = false;
	*pid = 0;
	if (r != 0)
		return r == ERR_NOT_FOUND ? 0 : r;
	if (fcntl(fd, F_OFD_GETLK, &fl) != 0)
		r = err_sys(e, errno, "cannot query the lock of '%s'", ck->path);
	else if (fl.l_type != F_UNLCK) {
		*running = true;
		*pid = read_pid(fd);
	}
	close(fd);
	return r;
}

int ck_open(struct ck **out, const char *path, unsigned flags, struct err *e)
{
	struct ck *ck = mem_zalloc(sizeof *ck);
	int rc;
	ck->lock = -1;
	if (!*path) {
		rc = err_set(e, ERR_USAGE, "the name of a checkpoint folder is empty");
		goto fail;
	}
	if ((rc = store_open(&ck->store, path, e)) != 0)
		goto fail;
	ck->path = store_root(ck->store);
	if (flags & CK_CREATE)
		rc = make_folder(ck, e);
	else if (access(ck->path, F_OK) != 0)
		rc = errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "%s: no such checkpoint", ck->path)
				    : err_sys(e, errno, "cannot access %s", ck->path);
	else
		rc = check_format(ck, e);
	if (rc == 0 && flags & (CK_LOCK | CK_CREATE))
		rc = take_lock(ck, e);
	if (rc == 0 && flags & CK_CREATE)
		rc = make_files(ck, e);
	if (rc == 0)
		rc = check_format(ck, e);
	if (rc == 0)
		rc = read_id(ck, e);
	if (rc == 0) {
		*out = ck;
		return 0;
	}
fail:
	ck_close(ck);
	return rc;
}

void ck_close(struct ck *ck)
{
	if (!ck)
		return;
	if (ck->lock >= 0)
		close(ck->lock);
	store_free(ck->store);
	mem_free(ck->id);
	mem_free(ck->stream);
	mem_free(ck);
}

int ck_next_generation(struct ck *ck, struct err *e)
{
	int rc = write_id(ck, ck->id, ck->generation + 1, ck->created_us, e);
	if (rc != 0)
		return rc;
	ck->generation++;
	set_stream(ck);
	return 0;
}

int ck_is(const char *path, struct err *e)
{
	struct ck *ck;
	struct stat st;
	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cannot access %s", path);
	if (!S_ISDIR(st.st_mode))
		return 0;
	int rc = ck_open(&ck, path, 0, e);
	if (rc == 0)
		ck_close(ck);
	return rc == 0 ? 1 : rc == ERR_IO ? rc : 0;
}

int ck_record_read(const struct ck *ck, struct arena *a, struct ck_record *rec, struct err *e)
{
	struct json *root;
	int64_t v;
	int rc = read_object(ck->store, "table", a, &root, e);
	if (rc != 0)
		return rc;
	const struct json *table = json_get(root, "table"), *version = json_get(root, "version"),
		*commit = json_get(root, "commit");
	*rec = (struct ck_record)CK_RECORD_INIT;
	rec->stream = json_str(json_get(root, "stream"));
	rec->table = json_str(table);
	rec->id = json_str(json_get(root, "id"));
	rec->path = json_str(json_get(commit, "path"));
	rec->at_us = get_time(json_get(root, "at"));
	if (!json_i64(json_get(root, "v"), &v) || v != CK_FORMAT || !rec->stream ||
	    !json_i64(json_get(root, "seq"), &rec->seq) || rec->seq < 0 ||
	    (table && table->type != JSON_NULL && (!rec->table || *rec->table != '/')) ||
	    (version && !json_i64(version, &rec->version)) || (commit && !json_i64(json_get(commit, "version"), &rec->commit)))
		return err_set(e, ERR_DATA, "%s/table: needs \"v\", \"stream\", \"seq\" and an absolute \"table\"", ck->path);
	return 0;
}

static bool same_table(const struct ck_record *a, const struct ck_record *b)
{
	if (!a->table || !b->table)
		return a->table == b->table;
	return a->id && b->id ? strcmp(a->id, b->id) == 0 : store_same(a->table, b->table);
}

static int check_record(const struct ck *ck, const struct ck_record *old, const struct ck_record *rec, struct err *e)
{
	if (strcmp(rec->stream, ck->stream) != 0)
		return err_set(e, ERR_CONFLICT, "this pipe carries stream %s, but checkpoint %s is for stream %s", rec->stream,
			       ck->path, ck->stream);
	if (!old || strcmp(old->stream, rec->stream) != 0 || same_table(old, rec))
		return 0;
	return err_set(e, ERR_CONFLICT, "checkpoint %s: this stream goes to %s, not to %s (a stream has only one table)", ck->path,
		       old->table ? old->table : "no table", rec->table ? rec->table : "no table");
}

static int write_record(const struct ck *ck, const struct ck_record *rec, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"v\":%d,\"stream\":", CK_FORMAT);
	json_put_cstr(&b, rec->stream);
	if (rec->table) {
		buf_puts(&b, ",\"table\":");
		json_put_cstr(&b, rec->table);
	}
	buf_printf(&b, ",\"seq\":%lld", (long long)rec->seq);
	if (rec->version >= 0)
		buf_printf(&b, ",\"version\":%lld", (long long)rec->version);
	if (rec->id) {
		buf_puts(&b, ",\"id\":");
		json_put_cstr(&b, rec->id);
	}
	if (rec->commit >= 0) {
		buf_puts(&b, ",\"commit\":");
		mark_put_commit(&b, rec->commit, rec->path);
	}
	put_time(&b, ",\"at\":", clock_now_us());
	buf_puts(&b, "}\n");
	int rc = store_put(ck->store, "table", b.p, b.n, e);
	buf_release(&b);
	return rc;
}

/* The generation may have moved on since the checkpoint was opened. */
static int check_generation(const struct ck *ck, struct err *e)
{
	struct ck *now;
	int rc = ck_open(&now, ck->path, 0, e);
	if (rc != 0)
		return rc;
	if (strcmp(now->stream, ck->stream) != 0)
		rc = err_set(e, ERR_CONFLICT, "checkpoint %s was rewound: stream %s has ended", ck->path, ck->stream);
	ck_close(now);
	return rc;
}

/* Is REC no more than what is recorded? Of one seq, the record that knows the commit and has seen more of the table is the newer. */
static bool is_old(const struct ck_record *old, const struct ck_record *rec)
{
	if (strcmp(old->stream, rec->stream) != 0 || old->seq < rec->seq)
		return false;
	return old->seq > rec->seq || (old->version >= rec->version && (old->commit >= 0 || rec->commit < 0));
}

static int save_locked(const struct ck *ck, const struct ck_record *rec, bool force, bool *moved, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct ck_record old;
	int rc = check_generation(ck, e);
	if (rc != 0)
		return rc;
	rc = ck_record_read(ck, &a, &old, e);
	bool have = rc == 0;
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	if (rc == 0 && !force)
		rc = check_record(ck, have ? &old : NULL, rec, e);
	if (rc == 0 && (force || !have || !is_old(&old, rec))) {
		rc = write_record(ck, rec, e);
		*moved = rc == 0;
	}
	arena_release(&a);
	return rc;
}

/* Two runs may end at the same time: read, compare and write under a lock on the folder itself. */
static int save(const struct ck *ck, const struct ck_record *rec, bool force, bool *moved, struct err *e)
{
	bool ignored;
	int rc, dir = open(ck->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!moved)
		moved = &ignored;
	*moved = false;
	if (dir < 0)
		return err_sys(e, errno, "cannot open '%s'", ck->path);
	while ((rc = flock(dir, LOCK_EX)) != 0 && errno == EINTR)
		;
	rc = rc != 0 ? err_sys(e, errno, "cannot lock '%s'", ck->path) : save_locked(ck, rec, force, moved, e);
	close(dir);
	return rc;
}

int ck_record_save(const struct ck *ck, const struct ck_record *rec, bool *moved, struct err *e)
{
	return save(ck, rec, false, moved, e);
}

int ck_record_put(const struct ck *ck, const struct ck_record *rec, struct err *e)
{
	return save(ck, rec, true, NULL, e);
}
