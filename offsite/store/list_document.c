/* list_document.c - parses a page of a list of objects. */
#include "offsite/store/list_document.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define TEXT_MAX  (LIST_TOKEN_BYTES - 1)

struct parser {
	XML_Parser xml;
	list_item_fn *on_item;
	void *context;
	struct list_page *page;

	unsigned depth;
	bool in_item, is_result, bad;
	struct list_item item;
	char text[TEXT_MAX + 1]; /* of the element that is open */
	size_t length;
	bool too_long;
};

/* The name without a namespace, which expat puts before it. */
static const char *local(const char *name)
{
	const char *colon = strrchr(name, ' ');

	return colon ? colon + 1 : name;
}

static void fail(struct parser *parser)
{
	parser->bad = true;
	XML_StopParser(parser->xml, XML_FALSE);
}

static bool is_item(const char *name)
{
	return strcmp(name, "Contents") == 0 || strcmp(name, "CommonPrefixes") == 0;
}

static void on_start(void *context, const char *full_name, const char **attributes)
{
	struct parser *parser = context;
	const char *name = local(full_name);

	(void)attributes;
	if (parser->depth == 0)
		parser->is_result = strcmp(name, "ListBucketResult") == 0;
	if (!parser->is_result || ++parser->depth > DEPTH_MAX) {
		fail(parser);
		return;
	}
	if (parser->depth == 2 && is_item(name)) {
		parser->in_item = true;
		memset(&parser->item, 0, sizeof(parser->item));
	}
	parser->length = 0;
	parser->too_long = false;
}

static void on_text(void *context, const char *text, int length)
{
	struct parser *parser = context;
	size_t bytes = length > 0 ? (size_t)length : 0;

	if (parser->too_long || bytes > TEXT_MAX - parser->length) {
		parser->too_long = true;
		return;
	}
	memcpy(parser->text + parser->length, text, bytes);
	parser->length += bytes;
}

/* Copies the text of the element that ends, if it fits. */
static bool copy_text(const struct parser *parser, char *out, size_t bytes)
{
	if (parser->too_long || parser->length >= bytes)
		return false;
	memcpy(out, parser->text, parser->length);
	out[parser->length] = '\0';
	return true;
}

/* A number of 1 to 18 digits. */
static bool read_size(const struct parser *parser, uint64_t *out)
{
	char digits[19];

	if (!copy_text(parser, digits, sizeof(digits)) || !digits[0] || digits[strspn(digits, "0123456789")])
		return false;
	*out = strtoull(digits, NULL, 10);
	return true;
}

static void end_item(struct parser *parser)
{
	parser->in_item = false;
	if (parser->item.name[0] && !parser->on_item(&parser->item, parser->context))
		fail(parser);
}

static void end_in_item(struct parser *parser, const char *name)
{
	if (strcmp(name, "Key") == 0 || strcmp(name, "Prefix") == 0) {
		if (!copy_text(parser, parser->item.name, sizeof(parser->item.name)))
			parser->item.name[0] = '\0';
	} else if (strcmp(name, "ETag") == 0) {
		if (!copy_text(parser, parser->item.etag, sizeof(parser->item.etag)))
			parser->item.etag[0] = '\0';
	} else if (strcmp(name, "Size") == 0 && !read_size(parser, &parser->item.bytes)) {
		fail(parser);
	}
}

static void end_in_result(struct parser *parser, const char *name)
{
	char truth[8];

	if (is_item(name))
		end_item(parser);
	else if (strcmp(name, "IsTruncated") == 0)
		parser->page->truncated = copy_text(parser, truth, sizeof(truth)) && strcmp(truth, "true") == 0;
	else if (strcmp(name, "NextContinuationToken") == 0 &&
		 !copy_text(parser, parser->page->token, sizeof(parser->page->token)))
		fail(parser);
}

static void on_end(void *context, const char *full_name)
{
	struct parser *parser = context;

	if (parser->depth == 3 && parser->in_item)
		end_in_item(parser, local(full_name));
	else if (parser->depth == 2)
		end_in_result(parser, local(full_name));
	parser->depth--;
	parser->length = 0;
}

/* Without a document type there are no entities but those of XML itself. */
static void on_doctype(void *context, const char *name, const char *system, const char *public, int has_internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_internal;
	fail(context);
}

bool list_document_parse(const char *text, size_t length, list_item_fn *on_item, void *context, struct list_page *page)
{
	struct parser *parser = calloc(1, sizeof(*parser));
	XML_Parser xml = XML_ParserCreateNS("UTF-8", ' ');
	bool good = false;

	memset(page, 0, sizeof(*page));
	if (parser && xml && length <= INT_MAX) {
		*parser = (struct parser){.xml = xml, .on_item = on_item, .context = context, .page = page};
		XML_SetUserData(xml, parser);
		XML_SetElementHandler(xml, on_start, on_end);
		XML_SetCharacterDataHandler(xml, on_text);
		XML_SetStartDoctypeDeclHandler(xml, on_doctype);
		good = XML_Parse(xml, text, (int)length, XML_TRUE) == XML_STATUS_OK && !parser->bad &&
		       (!page->truncated || page->token[0]);
	}
	if (xml)
		XML_ParserFree(xml);
	free(parser);
	return good;
}
