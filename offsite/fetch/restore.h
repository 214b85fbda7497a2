/*
 * restore.h - copies segments from the store into a recordings folder.
 *
 * Files are downloaded under a hidden name and renamed when they are whole, so a restore that was interrupted goes on
 * where it ended. The folder gets no archive.id: recorderd gives it one of its own, and never the one of the recorder
 * that made the footage.
 */
#ifndef OFFSITE_FETCH_RESTORE_H
#define OFFSITE_FETCH_RESTORE_H

#include "offsite/fetch/fetch_options.h"
#include "offsite/remote/fetcher.h"

/* `config` is the reader's, with read_url as url. Returns the exit status: 0, or 1, and says why. */
int restore_run(const struct fetch_options *options, const struct config_store *config, struct store *store);

#endif
