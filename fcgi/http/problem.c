/* problem.c - error responses. */
#include "fcgi/http/problem.h"

#include <json-c/json.h>
#include <string.h>

#include "shared/text/json_value.h"

const char *problem_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad Request"},         {401, "Unauthorized"},          {403, "Forbidden"},
		{404, "Not Found"},           {405, "Method Not Allowed"},    {409, "Conflict"},
		{411, "Length Required"},     {412, "Precondition Failed"},   {413, "Content Too Large"},
		{414, "URI Too Long"},        {416, "Range Not Satisfiable"}, {421, "Misdirected Request"},
		{429, "Too Many Requests"},   {500, "Internal Server Error"}, {501, "Not Implemented"},
		{503, "Service Unavailable"}, {504, "Gateway Timeout"},       {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status >= 500 ? "Server Error" : "Client Error";
}

/* Returns NULL if memory is short. */
static struct json_object *problem_json(int status, const char *title, const char *detail)
{
	struct json_object *json = json_object_new_object();

	if (!json)
		return NULL;
	json_object_object_add(json, "type", json_object_new_string("about:blank"));
	json_object_object_add(json, "title", json_object_new_string(title));
	json_object_object_add(json, "status", json_object_new_int(status));
	json_object_object_add(json, "detail", json_string(detail));
	return json;
}

void problem_append(struct buffer *out, int status, const char *headers, const char *detail, bool head_only)
{
	const char *title = problem_title(status);
	struct json_object *json = problem_json(status, title, detail);
	const int plain = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *body = json ? json_object_to_json_string_ext(json, plain) : NULL;

	if (body)
		buffer_printf(out,
			      "Status: %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
			      "Cache-Control: no-store\r\n%s\r\n",
			      status, title, strlen(body) + 1, headers ? headers : "");
	else
		out->failed = true;
	if (body && !head_only)
		buffer_printf(out, "%s\n", body);
	json_object_put(json);
}
