/*
 * store_reader.h - gets objects from the store, and lists them, over a connection of its own.
 *
 * The limits are those of store.h: a store that sends nothing for 10 s, or less than 1 KB/s, is given up.
 */
#ifndef OFFSITE_STORE_STORE_READER_H
#define OFFSITE_STORE_STORE_READER_H

#include "offsite/store/list_document.h"
#include "offsite/store/store.h"
#include "shared/base/buffer.h"

enum get_outcome {
	GET_DONE,
	GET_MISSING, /* the store says that there is no such object */
	GET_CHANGED, /* it is another one than was expected: its ETag, or its size */
	GET_RETRY,   /* the store or the line fails: it may work soon */
	GET_REFUSED, /* somebody has to act: the key, the bucket, the certificate */
	GET_STOPPED, /* the program ends */
};

struct store_reader;

/* Returns NULL without memory. A reader is used by one thread. */
struct store_reader *store_reader_open(struct store *store);
void store_reader_close(struct store_reader *reader); /* NULL is safe */

struct get_request {
	const char *name;                 /* of the object */
	uint64_t from, bytes;             /* a range of it; bytes 0: the whole object */
	uint64_t bytes_max;               /* of a whole object; a longer one is GET_CHANGED */
	const char *etag;                 /* that it must have; NULL: any */
	struct buffer *out;               /* gets the bytes: all of them, or none that count */
	uint64_t total;                   /* out: the size of the whole object */
	char found_etag[LIST_ETAG_BYTES]; /* out: as the store gave it, to be passed on as `etag`; empty: none */
};

/* Unless it is GET_DONE, *why gets a sentence without a full stop. */
enum get_outcome store_reader_get(struct store_reader *reader, struct get_request *request, struct reason *why);

struct list_request {
	const char *prefix;
	const char *after; /* names after that one only; NULL or "": all */
	bool by_folder;    /* up to the next / after the prefix: common prefixes, each once */
	list_item_fn *on_item;
	void *context;
};

/* Lists page after page. What on_item got counts only if it returns GET_DONE; if it ended the list, GET_CHANGED. */
enum get_outcome store_reader_list(struct store_reader *reader, const struct list_request *request, struct reason *why);

#endif
