#!/usr/bin/env node
// A strict stand-in for Apple's push service: apns.js PORT DIR.
//
// DIR has server.pem and server.key, ca.pem (who may be a client), or else
// provider.json (whose token will do: { "key": PEM, "kid", "iss", "topic" }),
// and mode.json, read again for each request:
//   { "tokens": { TOKEN: [STATUS, REASON, TIMESTAMP] }, "all": [STATUS,
//     REASON], "goaway": N, "break": N, "delay": MS, "mute": true }
// goaway: say so after each N-th request of a connection; break: drop it.
// Each push that was taken is a line of pushes.log; connections.log has one
// for each connection, tokens.log the provider token of each request.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const http2 = require("http2");
const [port, dir] = process.argv.slice(2);
const file = (name) => dir + "/" + name;
const mode = () => JSON.parse(fs.readFileSync(file("mode.json"), "utf8"));

const provider = fs.existsSync(file("provider.json")) ?
    JSON.parse(fs.readFileSync(file("provider.json"), "utf8")) : null;

const server = http2.createSecureServer({
	key: fs.readFileSync(file("server.key")),
	cert: fs.readFileSync(file("server.pem")),
	ca: fs.readFileSync(file("ca.pem")),
	requestCert: !provider, rejectUnauthorized: !provider, allowHTTP1: false,
	minVersion: "TLSv1.2",
	settings: { maxConcurrentStreams: 100 },
});

// What is wrong with a provider's token (RFC 7515, ES256), or null.
function tokenFault(headers) {
	const m = /^bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(
	    headers.authorization || "");
	if (!m) return [403, "MissingProviderToken"];
	fs.appendFileSync(file("tokens.log"), m[0] + "\n");
	const part = (s) => JSON.parse(Buffer.from(s, "base64url"));
	const head = part(m[1]), claims = part(m[2]);
	const age = Date.now() / 1000 - claims.iat;
	const key = { key: provider.key, dsaEncoding: "ieee-p1363" };
	if (head.alg !== "ES256" || head.kid !== provider.kid ||
	    claims.iss !== provider.iss || !crypto.verify("sha256",
	    Buffer.from(m[1] + "." + m[2]), key, Buffer.from(m[3], "base64url")))
		return [403, "InvalidProviderToken"];
	return age > -60 && age < 3600 ? null : [403, "ExpiredProviderToken"];
}

// What is wrong with a request, in Apple's words, or null.
function fault(headers, body, session) {
	const bad = provider ? tokenFault(headers) : null;
	if (bad) return bad;
	const uid = provider ? provider.topic :
	    session.socket.getPeerCertificate().subject.UID;
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
	    { token, status, topic: headers["apns-topic"], at: Date.now() }) +
	    "\n");
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
