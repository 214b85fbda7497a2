/* footage_handlers.h - the handlers of /footage and /playlist.m3u8 (route.c). */
#ifndef FCGI_FOOTAGE_FOOTAGE_HANDLERS_H
#define FCGI_FOOTAGE_FOOTAGE_HANDLERS_H

#include "fcgi/server/server.h"

api_handler handle_footage, handle_playlist;

#endif
