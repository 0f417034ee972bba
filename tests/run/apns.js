#!/usr/bin/env node
// A strict stand-in for Apple's push service: apns.js PORT DIR.
//
// DIR has server.pem and server.key, ca.pem (who may be a client) and
// mode.json, read again for each request:
//   { "tokens": { TOKEN: [STATUS, REASON, TIMESTAMP] }, "all": [STATUS,
//     REASON], "goaway": N, "break": N, "delay": MS, "mute": true }
// goaway: say so after each N-th request of a connection; break: drop it.
// Each push that was taken is a line of pushes.log; connections.log has one
// for each connection.
"use strict";
const fs = require("fs");
const http2 = require("http2");
const [port, dir] = process.argv.slice(2);
const file = (name) => dir + "/" + name;
const mode = () => JSON.parse(fs.readFileSync(file("mode.json"), "utf8"));

const server = http2.createSecureServer({
	key: fs.readFileSync(file("server.key")),
	cert: fs.readFileSync(file("server.pem")),
	ca: fs.readFileSync(file("ca.pem")),
	requestCert: true, rejectUnauthorized: true, allowHTTP1: false,
	minVersion: "TLSv1.2",
	settings: { maxConcurrentStreams: 100 },
});

// What is wrong with a request, in Apple's words, or null.
function fault(headers, body, session) {
	const uid = session.socket.getPeerCertificate().subject.UID;
	const path = headers[":path"];
	if (headers[":method"] !== "POST") return [405, "MethodNotAllowed"];
	if (!/^\/3\/device\/[^/]+$/.test(path)) return [404, "BadPath"];
	if (!headers["apns-topic"]) return [400, "MissingTopic"];
	if (headers["apns-topic"] !== uid) return [400, "TopicDisallowed"];
	if (!/^[0-9]+$/.test(headers["apns-expiration"] || ""))
		return [400, "BadExpirationDate"];
	if (body === "") return [400, "PayloadEmpty"];
	if (body !== "{}") return [400, "PayloadTooLarge"];
	return null;
}

function answer(stream, headers, body) {
	const session = stream.session, m = mode();
	const token = decodeURIComponent(headers[":path"].slice(10));
	const said = fault(headers, body, session) || (m.tokens || {})[token] ||
	    m.all || [200];
	const [status, reason, timestamp] = said;
	if (m.mute) return;
	fs.appendFileSync(file("pushes.log"), JSON.stringify(
	    { token, status, topic: headers["apns-topic"] }) + "\n");
	const end = () => {
		if (stream.destroyed) return;
		stream.respond({ ":status": status, "apns-id": "x" });
		stream.end(reason ? JSON.stringify({ reason, timestamp }) : "");
	};
	if (m.delay) setTimeout(end, m.delay); else end();
	session.count = (session.count || 0) + 1;
	if (m.goaway && session.count === m.goaway) session.close();
	if (m.break && session.count === m.break) session.destroy();
}

server.on("session", () =>
	fs.appendFileSync(file("connections.log"), "session\n"));
server.on("sessionError", () => {});
server.on("stream", (stream, headers) => {
	let body = "";
	stream.setEncoding("utf8");
	stream.on("error", () => {});
	stream.on("data", (d) => { body += d; });
	stream.on("end", () => answer(stream, headers, body));
});
server.listen(Number(port), "127.0.0.1", () =>
	fs.writeFileSync(file("ready"), ""));
