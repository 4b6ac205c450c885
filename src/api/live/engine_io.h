/* engine_io.h - clients of Socket.IO, such as the stock socket.io-client.
 *
 * /socket.io/?EIO=4 speaks Engine.IO 4 (sessions on long polling, on a WebSocket, or moving from
 * the first to the second) and on it Socket.IO 5 with the namespace "/": the client emits
 * subscribe("experiment:5") and unsubscribe(...), and gets each frame of live.h as the event that
 * is called like its type, with the frame as its argument.
 *
 * Credentials come in the CONNECT packet, `io(url, { auth: { token } })`, or as with WebSockets.
 * Without good ones the client gets connect_error.  When they end later the session is closed: the
 * client comes back by itself and is told then.
 *
 * Limits     A session that has not been granted a CONNECT within ENGINE_IO_CONNECT_SECONDS is
 *            closed, as is one that leaves a ping unanswered, has two polls at once, lets more than
 *            ENGINE_IO_QUEUE_BYTES wait or sends what is no packet.  At most ENGINE_IO_SESSIONS.
 * Threads    The handlers run on workers, WebSockets on their thread, frames on the hub's; a poll
 *            that waits takes none of them.
 */
#ifndef API_ENGINE_IO_H
#define API_ENGINE_IO_H

#include "api/live/live.h"

#define ENGINE_IO_PING_SECONDS 25.0
#define ENGINE_IO_TIMEOUT_SECONDS 20.0 /* for the answer to a ping */
#define ENGINE_IO_CONNECT_SECONDS 20.0
#define ENGINE_IO_SESSIONS 4096
#define ENGINE_IO_QUEUE_BYTES ((size_t)1 << 20)
#define ENGINE_IO_PAYLOAD_BYTES ((size_t)64 << 10) /* of a POST, about so of a poll's answer */

struct engine_io;

struct engine_io *engine_io_new(struct live *live);
/* Ends all sessions and polls; later ones are refused.  Before the HTTP server is drained. */
void engine_io_close(struct engine_io *engine);
/* After the server and before the hub; NULL is fine. */
void engine_io_free(struct engine_io *engine);

/* Called about once a second: pings, and what is over time. */
void engine_io_tick(void *engine);

#endif
