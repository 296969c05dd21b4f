/* SPDX-License-Identifier: MIT */
/* post_spec - the fields of smpost/1 as source/post and post/fast check them. Private to lib/source. */
#ifndef SM_SOURCE_POST_SPEC_H
#define SM_SOURCE_POST_SPEC_H

enum post_kind {
	POST_STRING, POST_TIME, POST_DATE, POST_LONG, POST_DOUBLE, POST_BOOL, POST_STRUCT, POST_STRINGS, POST_STRUCTS
};

struct post_spec {
	const char *name;
	enum post_kind kind;
	const struct post_spec *sub;
	const char *one_of;       /* "a|b|c" */
};

/* In the order in which they are written; the last one has no name. */
extern const struct post_spec post_fields[];

#endif
