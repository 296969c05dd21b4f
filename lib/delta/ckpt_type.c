/* SPDX-License-Identifier: MIT */
/* The types of a log checkpoint's columns. */
#include "delta/ckpt_type.h"

#include <assert.h>

#define DV ",deletionVector:struct<storageType:string,pathOrInlineDv:string,offset:integer,sizeInBytes:integer," \
	   "cardinality:long,maxRowIndex:long>"
#define ROW_IDS ",baseRowId:long,defaultRowCommitVersion:long"

void ckpt_type(struct type *t, unsigned parts, struct arena *a)
{
	struct buf b = BUF_INIT;
	struct err e;
	const char *dv = parts & CKPT_DV ? DV : "", *ids = parts & CKPT_ROW_IDS ? ROW_IDS : "";
	buf_puts(&b, "struct<txn:struct<appId:string,version:long,lastUpdated:long>,");
	buf_puts(&b, "add:struct<path:string,partitionValues:map<string,string>,size:long,modificationTime:long,"
		 "dataChange:boolean,tags:map<string,string>");
	if (parts & CKPT_STATS)
		buf_puts(&b, ",stats:string");
	buf_printf(&b, "%s%s%s>,", dv, ids, *ids ? ",clusteringProvider:string" : "");
	buf_printf(&b, "remove:struct<path:string,deletionTimestamp:long,dataChange:boolean,extendedFileMetadata:boolean,"
		   "partitionValues:map<string,string>,size:long%s%s>,", dv, ids);
	buf_puts(&b, "metaData:struct<id:string,name:string,description:string,"
		 "format:struct<provider:string,options:map<string,string>>,schemaString:string,partitionColumns:array<string>,"
		 "configuration:map<string,string>,createdTime:long>,");
	buf_puts(&b, "protocol:struct<minReaderVersion:integer,minWriterVersion:integer,readerFeatures:array<string>,"
		 "writerFeatures:array<string>>");
	if (parts & CKPT_DOMAINS)
		buf_puts(&b, ",domainMetadata:struct<domain:string,configuration:string,removed:boolean>");
	if (parts & CKPT_SIDECARS)
		buf_puts(&b, ",sidecar:struct<path:string,sizeInBytes:long>");
	buf_putc(&b, '>');
	int rc = type_parse(t, a, b.p, b.n, &e);
	assert(rc == 0);
	(void)rc;
	buf_release(&b);
}
