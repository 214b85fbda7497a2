/* archive_store.c - what of the archive is in the store, as recorder-ship says. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/store/archive_id.h"

/*
 * recorder-ship is another user's program, so what it writes is checked (shared/store), and none of it can make this
 * recorder do more than keep a segment for wait_hours longer, or not. If its list is lost, nothing counts as shipped.
 */

#define SERIAL_FILE "/sys/firmware/devicetree/base/serial-number"
#define SILENT_US   (20 * US_PER_S) /* it writes its status every second */

bool archive_store_is_used(const struct archive *archive)
{
	return archive->config->store.url[0] != '\0';
}

/* recorder-ship waits for the id. */
static void make_id(struct archive *archive)
{
	const struct archive_id_sources sources = {.machine_id = "/etc/machine-id", .serial_number = SERIAL_FILE};
	struct archive_id id;
	int folder = archive_dup_folder(archive);

	if (folder < 0)
		return;
	bool made = archive_id_ensure(folder, &sources, &id);
	if (!made && !archive->store.id_failed)
		log_warn("archive", "cannot write " ARCHIVE_ID_FILE ": %s; nothing goes to the store", strerror(errno));
	archive->store.id_failed = !made;
	close(folder);
}

/* Whether recorder-ship works, from its status. */
static enum store_state judge(const struct ship_status *status, bool readable)
{
	uint8_t boot_id[16];

	if (!readable)
		return STORE_DOWN;
	clock_boot_id(boot_id);
	if (memcmp(boot_id, status->boot_id, sizeof(boot_id)) != 0 ||
	    mono_now().us - status->written_mono_us > SILENT_US)
		return STORE_DOWN;
	return status->error[0] ? STORE_FAILING : STORE_SHIPPING;
}

static void mark_segments(struct archive *archive, const struct ship_list *list)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count; i++)
		archive->segments[i].shipped = ship_list_find(list, &archive->segments[i].entry) != NULL;
	pthread_mutex_unlock(&archive->lock);
}

/* The folder of recorder-ship; -1: there is none. */
static int open_state(const struct archive *archive)
{
	return open(archive->config->store.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
}

static void note_status(struct archive *archive, int folder)
{
	struct archive_store *store = &archive->store;
	struct ship_status status = {0};
	bool readable = folder >= 0 && ship_status_read(folder, &status);
	enum store_state state = judge(&status, readable);

	pthread_mutex_lock(&archive->lock);
	/* It may start a little later than this recorder. */
	if (state != STORE_DOWN || mono_now().us - archive->opened_mono_us > SILENT_US)
		store->state = state;
	store->status = status;
	pthread_mutex_unlock(&archive->lock);
}

void archive_store_watch(struct archive *archive)
{
	if (!archive_store_is_used(archive))
		return;
	int folder = open_state(archive);
	note_status(archive, folder);
	if (folder >= 0)
		close(folder);
}

void archive_store_update(struct archive *archive)
{
	struct archive_store *store = &archive->store;
	const struct config *config = archive->config;
	uint8_t bucket[BUCKET_DIGEST_BYTES];

	if (!archive_store_is_used(archive))
		return;
	make_id(archive);
	int folder = open_state(archive);
	if (folder >= 0) {
		bucket_digest(config->store.url, bucket);
		(void)ship_list_read(folder, config->camera.name, bucket, &store->list);
		close(folder);
	} else {
		ship_list_free(&store->list);
	}
	mark_segments(archive, &store->list);
}

void archive_store_free(struct archive_store *store)
{
	ship_list_free(&store->list);
}
