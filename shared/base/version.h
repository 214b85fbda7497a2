/* version.h - the version of all programs of this project. */
#ifndef SHARED_BASE_VERSION_H
#define SHARED_BASE_VERSION_H

#define RECORDER_VERSION "1.0.0"

#endif
