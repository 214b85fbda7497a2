/* motion_scan.h - reads a whole .motion file, to know of it what a list would say. */
#ifndef FCGI_MOTION_MOTION_SCAN_H
#define FCGI_MOTION_MOTION_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/motion/motion_list.h"

/*
 * Fills in an entry for the .motion file of a segment, without blocks. It has no records if the file is missing or
 * damaged. *gapless: each second follows the one before. Returns false with errno if the file cannot be read now.
 */
bool motion_scan(int folder, const char *segment_file, uint64_t segment_no, struct motion_list_entry *out,
		 bool *gapless);

#endif
