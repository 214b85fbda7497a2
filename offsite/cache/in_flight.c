/* in_flight.c - what is being fetched right now. */
#include "offsite/cache/in_flight.h"

#include <stdbool.h>
#include <string.h>

void in_flight_init(struct in_flight *table)
{
	table->first = NULL;
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->ended, NULL);
}

void in_flight_finish(struct in_flight *table)
{
	pthread_cond_destroy(&table->ended);
	pthread_mutex_destroy(&table->lock);
}

static bool is_there(const struct in_flight *table, const struct in_flight_entry *entry)
{
	const struct in_flight_entry *other = table->first;

	while (other && (other->block != entry->block || strcmp(other->name->camera, entry->name->camera) != 0 ||
			 strcmp(other->name->file, entry->name->file) != 0))
		other = other->next;
	return other != NULL;
}

void in_flight_begin(struct in_flight *table, struct in_flight_entry *entry)
{
	pthread_mutex_lock(&table->lock);
	while (is_there(table, entry))
		pthread_cond_wait(&table->ended, &table->lock);
	entry->next = table->first;
	table->first = entry;
	pthread_mutex_unlock(&table->lock);
}

void in_flight_end(struct in_flight *table, struct in_flight_entry *entry)
{
	struct in_flight_entry **link = &table->first;

	pthread_mutex_lock(&table->lock);
	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	pthread_cond_broadcast(&table->ended);
	pthread_mutex_unlock(&table->lock);
}
