/* SPDX-License-Identifier: MIT */
/* local - what the files of lib/store share; only they include it. */
#ifndef SM_STORE_LOCAL_H
#define SM_STORE_LOCAL_H

#include "store/store.h"

#include <pthread.h>
#include <sys/stat.h>

struct store {
	char *root;                /* absolute, no slash at the end ("" is never: "/" stays "/") */
	store_fault_fn *fault;
	void *fault_arg;
	pthread_mutex_t lock;      /* guards durable */
	char **durable;            /* open-addressed set of folders known to be durable, cap a power of two */
	size_t ndurable, durable_cap;
};

/* The path of NAME on disk, NUL-terminated, to be freed. ERR_USAGE: a name with "..", or empty where not allowed. */
int store_full(const struct store *s, const char *name, char **path, struct err *e);
/* Tests' hook: the errno STEP must fail with, 0 to go on. */
int store_step(const struct store *s, const char *step, const char *path);
/* Make the folder that holds PATH (a full path), and those above it, durable. */
int store_durable_parent(struct store *s, const char *path, struct err *e);
/* fsync the folder that holds PATH. */
int store_sync_parent(const struct store *s, const char *path, struct err *e);
/* Write all of P to FD. */
int store_write_all(const struct store *s, int fd, const void *p, size_t n, const char *path, struct err *e);
/* A new hidden file beside PATH: its name in *TEMP (to be freed), open for writing in *FD. */
int store_temp(struct store *s, const char *path, char **temp, int *fd, struct err *e);
/* Close FD after an fsync; closed in any case. */
int store_sync_close(const struct store *s, int fd, const char *path, struct err *e);

#endif
