/*
 * list_document.h - a page of a list of objects, as a store gives it. A pure function of hostile bytes.
 *
 * Source: Amazon S3 API Reference, "ListObjectsV2": an XML document with the root ListBucketResult, in which <Contents>
 * has <Key>, <ETag> and <Size> of an object, and <CommonPrefixes> has <Prefix>, the beginning that several keys have up
 * to the delimiter. A document type, other roots and keys that are too long for a name of ours are refused or skipped.
 */
#ifndef OFFSITE_STORE_LIST_DOCUMENT_H
#define OFFSITE_STORE_LIST_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/store/object_name.h"

#define LIST_ETAG_BYTES  72 /* with its quotes, or without */
#define LIST_TOKEN_BYTES 1200

struct list_item {
	char name[OBJECT_NAME_BYTES]; /* the key, or the common prefix */
	char etag[LIST_ETAG_BYTES];   /* empty: a prefix, or none that fits */
	uint64_t bytes;
};

/* Returns false to end the list. */
typedef bool list_item_fn(const struct list_item *item, void *context);

struct list_page {
	bool truncated;               /* more follows, with that token */
	char token[LIST_TOKEN_BYTES]; /* as the store gave it */
};

/* Passes on the items in their order. Returns false if the bytes are no such document, or the list was ended. */
bool list_document_parse(const char *text, size_t length, list_item_fn *on_item, void *context, struct list_page *page);

#endif
