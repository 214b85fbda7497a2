/* sanitizer.h - whether this is a build with a sanitizer of gcc or clang. */
#ifndef SHARED_BASE_SANITIZER_H
#define SHARED_BASE_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define MEMORY_SANITIZER 1
#endif
#endif

#ifndef THREAD_SANITIZER
#define THREAD_SANITIZER 0
#endif
#ifndef MEMORY_SANITIZER
#define MEMORY_SANITIZER 0
#endif

/* Sanitizers need terabytes of addresses, and threads and files of their own. */
#define SANITIZED (MEMORY_SANITIZER || THREAD_SANITIZER)

#endif
