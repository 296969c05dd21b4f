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
	size_t most;             /* pq_limit */
};

#endif
