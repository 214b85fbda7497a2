/* misrouted_live.c - the addresses of live video and live events, which recorder-api gets only from a web server that lacks a line. */
#include <string.h>

#include "fcgi/api/route.h"
#include "fcgi/server/response.h"

static const char lighttpd_line[] =
	"$HTTP[\"url\"] =~ \"^/(stream(\\.mjpg)?|video|live\\.(mp4|m3u8)|events/live)?$\" {";
static const char apache_line[] = "ProxyPassMatch \"^/(live\\.(mp4|m3u8)|events/live)$\" "
				  "\"unix:/run/recorder/live.sock|fcgi://recorder-live/\" flushpackets=on "
				  "enablereuse=off retry=0 timeout=60";
static const char nginx_line[] =
	"location ~ \"^/(live\\.(mp4|m3u8)|events/live)$\" { fastcgi_pass unix:/run/recorder/live.sock; }";

/* The examples let lighttpd give another name than its own, and nginx none. */
static const char *missing_line(const char *software)
{
	if (strncmp(software, "Apache", strlen("Apache")) == 0)
		return apache_line;
	return *software && strncmp(software, "nginx", strlen("nginx")) != 0 ? lighttpd_line : nginx_line;
}

void handle_misrouted_live(struct api_request *request)
{
	respond_problem(request, 404, NULL,
			"recorder-live answers here, but the web server passes this address to recorder-api. Its "
			"configuration lacks this line of the example: %s",
			missing_line(fastcgi_param(request->fcgi, "SERVER_SOFTWARE")));
}
