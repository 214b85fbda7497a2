/* curl_memory.c - libcurl, whose memory is cleared before it is freed. */
#include "offsite/store/curl_memory.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void clear_and_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* realloc(3) would leave a copy behind whenever it moves the bytes. */
static void *resize(void *memory, size_t bytes)
{
	size_t room = memory ? malloc_usable_size(memory) : 0;

	if (bytes == 0) {
		clear_and_free(memory);
		return NULL;
	}
	if (memory && bytes <= room && bytes > room / 2)
		return memory;
	void *moved = malloc(bytes);
	if (!moved)
		return NULL;
	if (memory)
		memcpy(moved, memory, bytes < room ? bytes : room);
	clear_and_free(memory);
	return moved;
}

bool curl_memory_init(void)
{
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, clear_and_free, resize, strdup, calloc) == CURLE_OK;
}
