/* events_handlers.h - the handlers of /motion, /motion/heatmap and /events (route.c). */
#ifndef FCGI_EVENTS_EVENTS_HANDLERS_H
#define FCGI_EVENTS_EVENTS_HANDLERS_H

#include "fcgi/server/server.h"

api_handler handle_motion, handle_motion_heatmap, handle_events;

#endif
