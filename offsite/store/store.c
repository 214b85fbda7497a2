/* store.c - what the connections to a store share: the key, the clock, and who goes first. */
#include "offsite/store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "offsite/store/curl_memory.h"
#include "shared/base/mono_cond.h"

#define YIELD_US        (10 * US_PER_S) /* then a little is sent in spite of a piece, so that the connection lives */
#define CREDENTIAL_NAME "store.key"     /* of systemd's LoadCredential= */

/* systemd's credential, if there is one, otherwise the file of the configuration. True if it is a credential. */
static bool choose_key_file(const struct config_store *config, char out[PATH_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (folder && snprintf(out, PATH_MAX, "%s/" CREDENTIAL_NAME, folder) < PATH_MAX && access(out, F_OK) == 0)
		return true;
	snprintf(out, PATH_MAX, "%s", config->key_file);
	return false;
}

struct store *store_open(const struct config_store *config, struct reason *why)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store || !curl_memory_init()) {
		free(store);
		reason_set(why, "out of memory");
		return NULL;
	}
	store->config = config;
	pthread_mutex_init(&store->lock, NULL);
	mono_cond_init(&store->changed);
	bool by_systemd = choose_key_file(config, store->key_file);
	store->credentials = credentials_open(store->key_file, by_systemd);
	if (!store->credentials)
		reason_set(why, "out of memory");
	if (store->credentials && bucket_url_parse(config->url, &store->url))
		return store;
	if (store->credentials)
		reason_set(why, "[store] url = %s is not the URL of a bucket", config->url);
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	credentials_close(store->credentials);
	pthread_cond_destroy(&store->changed);
	pthread_mutex_destroy(&store->lock);
	free(store);
	curl_global_cleanup();
}

void store_stop(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->stopping = true;
	pthread_cond_broadcast(&store->changed);
	pthread_mutex_unlock(&store->lock);
}

bool store_is_stopping(void *store)
{
	return ((struct store *)store)->stopping;
}

unsigned store_port(const struct store *store)
{
	return store->url.origin.port;
}

int64_t store_clock_offset_us(const struct store *store)
{
	return store->clock_offset_us;
}

void store_count_piece(struct store *store, bool begins)
{
	pthread_mutex_lock(&store->lock);
	store->pieces_in_flight += begins ? 1u : -1u;
	pthread_cond_broadcast(&store->changed);
	pthread_mutex_unlock(&store->lock);
}

bool store_yield_to_pieces(struct store *store)
{
	mono_t until = {mono_now().us + YIELD_US};

	pthread_mutex_lock(&store->lock);
	bool waits = store->pieces_in_flight > 0;
	while (store->pieces_in_flight > 0 && !store->stopping && mono_cond_wait(&store->changed, &store->lock, until))
		;
	pthread_mutex_unlock(&store->lock);
	return waits;
}
