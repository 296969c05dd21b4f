/* SPDX-License-Identifier: MIT */
/* file - the inside of struct pq_reader: an open file's footer and schema. Immutable once made and limited. */
#ifndef SM_PARQUET_FILE_H
#define SM_PARQUET_FILE_H

#include "parquet/reader.h"
#include "parquet/tree.h"

struct pq_reader {
	struct pq_source src;
	char *footer;
	struct pq_meta meta;
	struct schema schema;
	struct tree tree;
};

/* "its WHAT more memory than the 256 MiB that they may (--memory)": ERR_UNSUPPORTED */
int pq_too_much(const struct pq_source *s, const char *what, struct err *e);

#endif
