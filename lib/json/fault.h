/* SPDX-License-Identifier: MIT */
/* fault - what can be wrong with JSON text, and how we say it. */
#ifndef SM_JSON_FAULT_H
#define SM_JSON_FAULT_H

enum json_fault {
	JSON_FINE,
	JSON_FAULT_END,       /* the text stops inside a value */
	JSON_FAULT_VALUE,
	JSON_FAULT_NAME,
	JSON_FAULT_COLON,
	JSON_FAULT_MEMBER,    /* neither ',' nor '}' */
	JSON_FAULT_ELEMENT,   /* neither ',' nor ']' */
	JSON_FAULT_BEHIND,
	JSON_FAULT_LITERAL,
	JSON_FAULT_NUMBER,
	JSON_FAULT_OPEN_STRING,
	JSON_FAULT_CONTROL,
	JSON_FAULT_ESCAPE,
	JSON_FAULT_HEX,
	JSON_FAULT_SURROGATE,
	JSON_FAULT_UTF8,
	JSON_FAULT_DEPTH,
	JSON_FAULT_NODES,
	JSON_FAULT_OBJECT,    /* a line of NDJSON that is not an object */
	JSON_FAULT_RESERVED   /* its first member is $mark, but it is not a mark (json/kind.h) */
};

const char *json_fault_text(enum json_fault f);

#endif
