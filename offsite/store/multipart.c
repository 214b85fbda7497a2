/* multipart.c - an object that is uploaded in parts. */
#include "offsite/store/multipart.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB       (UINT64_C(1) << 20)
#define NAMESPACE "http://s3.amazonaws.com/doc/2006-03-01/"

uint64_t multipart_part_bytes(uint64_t bytes)
{
	uint64_t needed = (bytes + MULTIPART_PARTS_MAX - 1) / MULTIPART_PARTS_MAX;

	needed = (needed + MIB - 1) / MIB * MIB;
	return needed > MULTIPART_PART_BYTES ? needed : MULTIPART_PART_BYTES;
}

/* RFC 3986, section 2.3: every other character is encoded, as signatures need it. */
static void encode(const char *text, char *out)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			*out++ = *text;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*text);
	}
	*out = '\0';
}

/* True if it is printable ASCII that means nothing in XML. */
static bool is_plain(const char *text)
{
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("<>&", *at))
			return false;
	return *text != '\0';
}

bool multipart_begin(struct multipart *multipart, const char *name, const struct stat *file,
		     const struct store_answer *answer, struct reason *why)
{
	char id[MULTIPART_ID_BYTES];

	multipart_forget(multipart);
	if (!store_answer_element(answer, "UploadId", id, sizeof(id)) || !is_plain(id))
		return reason_set(why, "the store began an upload in parts without a usable UploadId");
	multipart->bytes = (uint64_t)file->st_size;
	multipart->part_bytes = multipart_part_bytes(multipart->bytes);
	multipart->count = (multipart->bytes + multipart->part_bytes - 1) / multipart->part_bytes;
	multipart->etags = calloc(multipart->count, sizeof(*multipart->etags));
	if (!multipart->etags)
		return reason_set(why, "out of memory");
	snprintf(multipart->name, sizeof(multipart->name), "%s", name);
	encode(id, multipart->id);
	multipart->file = *file;
	return true;
}

bool multipart_matches(const struct multipart *multipart, const char *name, const struct stat *file)
{
	const struct stat *then = &multipart->file;

	return multipart->name[0] && strcmp(multipart->name, name) == 0 && file->st_dev == then->st_dev &&
	       file->st_ino == then->st_ino && file->st_size == then->st_size &&
	       file->st_mtim.tv_sec == then->st_mtim.tv_sec && file->st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

struct body multipart_next(const struct multipart *multipart, const struct body *body)
{
	uint64_t at = multipart->done * multipart->part_bytes, rest = multipart->bytes - at;
	struct body part = {.ranges = {body->ranges[0]}, .count = 1};

	part.ranges[0].at += at;
	part.ranges[0].bytes = rest < multipart->part_bytes ? rest : multipart->part_bytes;
	return part;
}

bool multipart_add(struct multipart *multipart, const char *etag, struct reason *why)
{
	if (!is_plain(etag) || strlen(etag) >= MULTIPART_ETAG_BYTES)
		return reason_set(why, "the store took a part without a usable ETag");
	strcpy(multipart->etags[multipart->done++], etag);
	return true;
}

void multipart_document(const struct multipart *multipart, struct buffer *out)
{
	buffer_printf(out, "<CompleteMultipartUpload xmlns=\"" NAMESPACE "\">");
	for (size_t i = 0; i < multipart->done; i++)
		buffer_printf(out, "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag></Part>", i + 1,
			      multipart->etags[i]);
	buffer_printf(out, "</CompleteMultipartUpload>");
}

void multipart_forget(struct multipart *multipart)
{
	free(multipart->etags);
	*multipart = (struct multipart){0};
}
