/* version.h - what all programs of this project call themselves. */
#ifndef SHARED_BASE_VERSION_H
#define SHARED_BASE_VERSION_H

#define RECORDER_VERSION "1.0.0"

#endif
