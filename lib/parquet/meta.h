/* SPDX-License-Identifier: MIT */
/* meta - the structs of parquet.thrift that the codec uses, read and written.
 *
 * Source: apache/parquet-format parquet.thrift (2.12). Names follow it. Fields that are not used here are
 * skipped by the reader and not written. What is absent is -1 (numbers) or NULL.
 *
 * Ownership: strings and arrays of a struct pq_meta live in its arena or in the footer's bytes, which it borrows.
 * Threads: immutable once read.
 */
#ifndef SM_PARQUET_META_H
#define SM_PARQUET_META_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pq_physical { PQ_BOOLEAN, PQ_INT32, PQ_INT64, PQ_INT96, PQ_FLOAT, PQ_DOUBLE, PQ_BYTE_ARRAY, PQ_FIXED };
enum pq_repetition { PQ_REQUIRED, PQ_OPTIONAL, PQ_REPEATED };
enum pq_encoding {
	PQ_PLAIN = 0, PQ_PLAIN_DICTIONARY = 2, PQ_RLE = 3, PQ_BIT_PACKED = 4, PQ_DELTA_BINARY_PACKED = 5,
	PQ_DELTA_LENGTH_BYTE_ARRAY = 6, PQ_DELTA_BYTE_ARRAY = 7, PQ_RLE_DICTIONARY = 8, PQ_BYTE_STREAM_SPLIT = 9
};
enum pq_page_type { PQ_DATA_PAGE, PQ_INDEX_PAGE, PQ_DICTIONARY_PAGE, PQ_DATA_PAGE_V2 };
enum pq_file_codec {
	PQ_FILE_UNCOMPRESSED, PQ_FILE_SNAPPY, PQ_FILE_GZIP, PQ_FILE_LZO, PQ_FILE_BROTLI, PQ_FILE_LZ4, PQ_FILE_ZSTD,
	PQ_FILE_LZ4_RAW
};
enum pq_converted {
	PQ_CONV_UTF8, PQ_CONV_MAP, PQ_CONV_MAP_KEY_VALUE, PQ_CONV_LIST, PQ_CONV_ENUM, PQ_CONV_DECIMAL, PQ_CONV_DATE,
	PQ_CONV_TIME_MILLIS, PQ_CONV_TIME_MICROS, PQ_CONV_TIMESTAMP_MILLIS, PQ_CONV_TIMESTAMP_MICROS,
	PQ_CONV_UINT_8, PQ_CONV_UINT_16, PQ_CONV_UINT_32, PQ_CONV_UINT_64,
	PQ_CONV_INT_8, PQ_CONV_INT_16, PQ_CONV_INT_32, PQ_CONV_INT_64, PQ_CONV_JSON, PQ_CONV_BSON, PQ_CONV_INTERVAL
};
/* The field ids of the union LogicalType. */
enum pq_logical {
	PQ_LOG_STRING = 1, PQ_LOG_MAP, PQ_LOG_LIST, PQ_LOG_ENUM, PQ_LOG_DECIMAL, PQ_LOG_DATE, PQ_LOG_TIME,
	PQ_LOG_TIMESTAMP, PQ_LOG_INTEGER = 10, PQ_LOG_UNKNOWN, PQ_LOG_JSON, PQ_LOG_BSON, PQ_LOG_UUID, PQ_LOG_FLOAT16,
	PQ_LOG_VARIANT, PQ_LOG_GEOMETRY, PQ_LOG_GEOGRAPHY
};
enum pq_unit { PQ_MILLIS = 1, PQ_MICROS, PQ_NANOS };

struct pq_element {
	const char *name;
	size_t nname;
	int physical;       /* -1: a group */
	int type_length, repetition, num_children, converted, scale, precision, field_id;
	int logical;        /* enum pq_logical, -1: none, 0: one that we do not know */
	int unit;           /* TIME, TIMESTAMP */
	bool utc;
	int bits;           /* INTEGER */
	bool is_signed;
};

struct pq_bytes {
	const char *p;      /* NULL: absent */
	size_t n;
};

struct pq_statistics {
	struct pq_bytes max, min, max_value, min_value;
	int64_t null_count;
	int max_exact, min_exact; /* -1: not said */
};

struct pq_chunk_meta {
	bool there, encrypted;
	struct pq_bytes file_path;
	int physical, codec;
	int64_t num_values, uncompressed, compressed, data_offset, dict_offset;
	struct pq_statistics stats;
};

struct pq_group_meta {
	struct pq_chunk_meta *chunk;
	size_t nchunks;
	int64_t rows;
};

struct pq_meta {
	struct arena arena;
	struct pq_element *element;
	size_t nelements;
	struct pq_group_meta *group;
	size_t ngroups;
	int64_t rows;
	struct pq_bytes *kv;       /* key, value, ... */
	size_t nkv;                /* pairs */
	struct pq_bytes created_by;
	bool *type_order;          /* a leaf: its order is TypeDefinedOrder; NULL: none is said */
	size_t norders;
	bool encrypted;
	size_t most, taken;        /* bytes of memory while it is read */
	bool too_much;
};

struct pq_page {
	int type, encoding, def_encoding, rep_encoding;
	int32_t uncompressed, compressed;
	bool has_crc;
	uint32_t crc;
	int64_t values, rows, def_bytes, rep_bytes;  /* rows and the lengths of levels: V2 only */
	bool is_compressed;
};

/* Read a footer's bytes (borrowed for M's life) into at most MOST of memory (ERR_UNSUPPORTED; an empty element is one byte of the file). ERR_DATA
 * without a file name. */
int pq_meta_read(struct pq_meta *m, const void *p, size_t n, size_t most, struct err *e);
void pq_meta_release(struct pq_meta *m);
/* Read a page header. Returns its length; 0: it continues beyond N bytes; ERR_DATA: it is damaged. */
ptrdiff_t pq_page_read(struct pq_page *h, const void *p, size_t n);
/* Data and dictionary pages of V1. */
void pq_page_write(struct buf *b, const struct pq_page *h);

/* Footer, written piece by piece: begin, an element each, groups, then end. */
void pq_element_write(struct buf *b, const struct pq_element *el);
struct pq_chunk_out {
	const struct pq_bytes *path;  /* names from the root */
	size_t npath;
	int physical, codec;
	bool dictionary, plain;       /* which encodings its data pages use */
	int64_t num_values, uncompressed, compressed, data_offset, dict_offset; /* dict_offset 0: none */
	uint32_t dict_pages, plain_pages; /* data pages of each */
	struct pq_statistics stats;
};
void pq_chunk_write(struct buf *b, const struct pq_chunk_out *c);
const char *pq_encoding_name(int encoding);
const char *pq_file_codec_name(int codec);

#endif
