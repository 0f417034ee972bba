/*
 * hello - the least that a FastCGI program can do: the ceiling that the
 * responder's rates are given against.
 */

#include <fcgiapp.h>
#include <stddef.h>

int
main(void)
{
	FCGX_Request req;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&req, 0, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&req) == 0) {
		FCGX_FPrintF(req.out,
		    "Content-Type: text/plain\r\n"
		    "Content-Length: 6\r\n\r\nhello\n");
		FCGX_Finish_r(&req);
	}
	return 0;
}
