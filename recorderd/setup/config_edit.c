/* config_edit.c - sets keys in the text of a recorder.ini. */
#include "recorderd/setup/config_edit.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BLANKS  " \t\v\f\r"
#define COMMENT ";#"

/* A line without its line feed. */
struct line {
	const char *text;
	size_t length;
};

/* Where an edit belongs in a text. */
struct place {
	bool found;       /* the key is there: `line` sets it */
	bool has_section; /* otherwise the key goes behind `line`, the last one of its section that has a key */
	bool crlf;        /* lines end in CR LF */
	struct line line;
};

bool config_edit_value_valid(const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || value[0] == ' ' || value[length - 1] == ' ')
		return false;
	for (size_t i = 0; i < length; i++)
		if (value[i] < ' ' || value[i] > '~' || strchr("\"'\\", value[i]))
			return false;
	return true;
}

static bool next_line(const char **at, const char *end, struct line *out)
{
	if (*at == end)
		return false;
	const char *feed = memchr(*at, '\n', (size_t)(end - *at));
	out->text = *at;
	out->length = (size_t)((feed ? feed : end) - *at);
	*at = feed ? feed + 1 : end;
	return true;
}

static size_t blanks_at(const struct line *line, size_t at)
{
	size_t count = 0;

	while (at + count < line->length && strchr(BLANKS, line->text[at + count]))
		count++;
	return count;
}

static size_t without_blanks(const struct line *line, size_t from, size_t to)
{
	while (to > from && strchr(BLANKS, line->text[to - 1]))
		to--;
	return to;
}

static bool is_word(const struct line *line, size_t from, size_t to, const char *word)
{
	return to - from == strlen(word) && strncasecmp(line->text + from, word, to - from) == 0;
}

/* With nothing before it, a backslash joins nothing: the next line begins as if it were not there. */
static bool goes_on(const struct line *line, bool continued)
{
	size_t end = without_blanks(line, 0, line->length);

	return end > 0 && line->text[end - 1] == '\\' && (continued || blanks_at(line, 0) + 1 < end);
}

/* The end of [NAME], or 0 if the line is none. */
static size_t section_end(const struct line *line, size_t from)
{
	const char *close;

	if (from == line->length || line->text[from] != '[')
		return 0;
	close = memchr(line->text + from, ']', line->length - from);
	return close ? (size_t)(close - line->text) : 0;
}

/* Where the value of "key = value" begins; 0 if the line has no such key. NULL: any key. */
static size_t value_of(const struct line *line, const char *key)
{
	size_t from = blanks_at(line, 0);
	const char *equals = memchr(line->text, '=', line->length);

	if (from == line->length || strchr(COMMENT "[", line->text[from]) || !equals)
		return 0;
	size_t at = (size_t)(equals - line->text);
	if (key && !is_word(line, from, without_blanks(line, from, at), key))
		return 0;
	return at + 1;
}

/* Where the comment behind a value begins, or the end of the line. A quoted value may have ; and # in it. */
static size_t comment_of(const struct line *line, size_t at)
{
	char quote = '\0';

	for (; at < line->length; at++) {
		char c = line->text[at];
		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (strchr(COMMENT, c))
			return at;
	}
	return line->length;
}

static struct place find_place(const char *text, size_t length, const struct config_edit *edit)
{
	const char *at = text, *end = text + length;
	struct place place = {0};
	bool inside = false, continued = false;

	for (struct line line; next_line(&at, end, &line);) {
		size_t from = blanks_at(&line, 0), close = continued ? 0 : section_end(&line, from);
		place.crlf = place.crlf || (line.length > 0 && line.text[line.length - 1] == '\r');
		if (close > 0) {
			struct line name = {line.text + from + 1, close - from - 1};
			size_t first = blanks_at(&name, 0);
			inside = is_word(&name, first, without_blanks(&name, first, name.length), edit->section);
		}
		if (inside && (!place.has_section || continued || close > 0 || value_of(&line, NULL) > 0)) {
			place.has_section = true;
			place.line = line;
		}
		if (inside && !continued && value_of(&line, edit->key) > 0) {
			place.found = true;
			return place;
		}
		continued = goes_on(&line, continued); /* comments, too: iniparser joins lines first */
	}
	return place;
}

static void append_value(struct buffer *out, const char *value)
{
	const char *quote = strpbrk(value, COMMENT "=[]") ? "\"" : "";

	buffer_printf(out, "%s%s%s", quote, value, quote);
}

static void replace_value(struct buffer *out, const struct line *line, const char *value)
{
	size_t at = value_of(line, NULL), blanks = blanks_at(line, at);
	size_t comment = comment_of(line, at), end = without_blanks(line, at, comment);

	buffer_append(out, line->text, at);
	if (blanks == 0 || at + blanks >= comment)
		buffer_append(out, " ", 1);
	else
		buffer_append(out, line->text + at, blanks);
	append_value(out, value);
	if (comment == at && comment < line->length)
		buffer_append(out, " ", 1);
	buffer_append(out, line->text + end, line->length - end);
}

static void add_key(struct buffer *out, const struct config_edit *edit, const char *line_end)
{
	buffer_printf(out, "%s = ", edit->key);
	append_value(out, edit->value);
	buffer_printf(out, "%s", line_end);
}

/* Whether the last line before `end` goes on, so that nothing can be inserted there. */
static bool ends_in_middle(const char *text, const char *end)
{
	size_t length = (size_t)(end - text);

	while (length > 0 && strchr(BLANKS "\n", text[length - 1]))
		length--;
	return length > 0 && text[length - 1] == '\\';
}

static bool edit_once(const char *text, size_t length, const struct config_edit *edit, struct buffer *out,
		      struct reason *why)
{
	struct place place = find_place(text, length, edit);
	const char *line_end = place.crlf ? "\r\n" : "\n", *end = text + length;
	const char *behind = place.has_section ? place.line.text + place.line.length : end;

	if (place.found) {
		if (goes_on(&place.line, false))
			return reason_set(why, "the line of %s goes on in the next one; change it with an editor",
					  edit->key);
		buffer_append(out, text, (size_t)(place.line.text - text));
		replace_value(out, &place.line, edit->value);
		buffer_append(out, behind, (size_t)(end - behind));
		return true;
	}
	if (place.has_section && behind < end)
		behind++;
	if (ends_in_middle(text, behind))
		return reason_set(why,
				  "the line before the place of %s goes on in the next one; change it with an editor",
				  edit->key);
	buffer_append(out, text, (size_t)(behind - text));
	if (behind > text && behind[-1] != '\n')
		buffer_printf(out, "%s", line_end);
	if (!place.has_section)
		buffer_printf(out, "%s[%s]%s", length > 0 ? line_end : "", edit->section, line_end);
	add_key(out, edit, line_end);
	buffer_append(out, behind, (size_t)(end - behind));
	return true;
}

bool config_edit_text(const char *text, size_t length, const struct config_edit *edits, size_t count,
		      struct buffer *out, struct reason *why)
{
	struct buffer now = {0}, next = {0};
	bool good = true;

	buffer_append(&now, text, length);
	for (size_t i = 0; good && !now.failed && i < count; i++) {
		struct buffer spare = now;
		buffer_clear(&next);
		good = edit_once(now.length > 0 ? (const char *)now.data : "", now.length, &edits[i], &next, why);
		now = next;
		next = spare;
	}
	buffer_append(out, now.data, now.length);
	if (good && (now.failed || out->failed))
		good = reason_set(why, "out of memory");
	buffer_free(&now);
	buffer_free(&next);
	return good;
}
