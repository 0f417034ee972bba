#!/usr/bin/env node
// Apple's push service, as fast as node is: apns.js PORT DIR.  DIR has
// server.key and server.pem.  At the end it says how many pushes came, and
// for how many different tokens; those that h2load sends are not counted.
"use strict";
const fs = require("fs");
const http2 = require("http2");
const [port, dir] = process.argv.slice(2);
const read = (name) => fs.readFileSync(dir + "/" + name);
const tokens = new Set();
let pushes = 0;

const server = http2.createSecureServer({
	key: read("server.key"), cert: read("server.pem"), allowHTTP1: false,
	settings: { maxConcurrentStreams: 100 },
});
server.on("stream", (stream, headers) => {
	const token = headers[":path"].slice("/3/device/".length);
	if (token !== "h2load") {
		pushes++;
		tokens.add(token);
	}
	stream.on("error", (e) => { console.error(e.message); });
	stream.resume();
	stream.on("end", () => stream.respond({ ":status": 200 },
	    { endStream: true }));
});
server.listen(Number(port), "127.0.0.1", () =>
	fs.writeFileSync(dir + "/ready", ""));
process.on("SIGTERM", () => {
	console.log(`${pushes} ${tokens.size}`);
	process.exit(0);
});
