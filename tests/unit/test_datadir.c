// SPDX-License-Identifier: MIT
#include "base/datadir.h"
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	T_OK(f != NULL);
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

int main(void)
{
	struct err e;
	struct buf b = BUF_INIT, p = BUF_INIT;
	char dir[] = "/tmp/test_datadir.XXXXXX", file[64];
	bool made = mkdtemp(dir) != NULL;
	snprintf(file, sizeof file, "%s/one.txt", dir);

	T_CASE("SM_SHARE names the folder") {
		T_OK(made);
		write_file(file, "hello\n");
		setenv("SM_SHARE", dir, 1);
		T_INT(data_path(&p, "one.txt", &e), 0);
		T_STR(p.p, file);
		T_INT(data_read(&b, "one.txt", 100, &p, &e), 0);
		T_MEM(b.p, b.n, "hello\n", 6);
		T_INT(data_read(&b, "one.txt", 6, NULL, &e), 0);
	}
	T_CASE("a file that is too large is an error with its name") {
		T_INT(data_read(&b, "one.txt", 5, NULL, &e), ERR_DATA);
		T_STR(e.file, file);
	}
	T_CASE("with SM_SHARE set no other folder is tried") {
		T_INT(data_path(&p, "lexicon", &e), ERR_NOT_FOUND);
		T_OK(strstr(e.msg, dir) != NULL);
	}
	T_CASE("a folder cannot be read as a file") {
		T_INT(data_read(&b, ".", 100, NULL, &e), ERR_IO);
	}
	T_CASE("without SM_SHARE a missing file says what to do") {
		unsetenv("SM_SHARE");
		T_INT(data_path(&p, "no/such/thing", &e), ERR_NOT_FOUND);
		T_OK(strstr(e.msg, "SM_SHARE") != NULL);
	}
	unlink(file);
	rmdir(dir);
	buf_release(&b);
	buf_release(&p);
	return t_done();
}
