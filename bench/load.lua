-- Requests for wrk, by kind: get, post, patch, etag.
-- usage: wrk ... -s load.lua URL -- KIND KEY FILE RUN
-- FILE has a pass on each line, "ID ETAG"; RUN makes identifiers unique.

local threads = 0

function setup(thread)
	thread:set("me", threads)
	threads = threads + 1
end

function init(args)
	kind, run = args[1], args[4]
	ids, etags = {}, {}
	for line in io.lines(args[3]) do
		local id, etag = line:match("^(%S+) *(.*)$")
		ids[#ids + 1], etags[#etags + 1] = id, etag
	end
	count = me * math.floor(#ids / 2) -- threads do not meet
	headers = { ["X-API-KEY"] = args[2] }
	if kind == "post" or kind == "patch" then
		headers["Content-Type"] = "application/json"
	end
end

local data = '"additionalData":{"loyaltyTier":"gold","points":%d,' ..
    '"firstName":"Ann","lastName":"Example","note":"%s"}'
local note = string.rep("x", 200)

function request()
	count = count + 1
	local n = count % #ids + 1
	local path = wrk.path
	if kind == "post" then
		return wrk.format("POST", path, headers, string.format(
		    '{"identifiers":{"shopify.customerId":"%s-%d-%d"},' ..
		    data .. "}", run, me, count, count, note))
	end
	path = path:gsub("ID", ids[n]):gsub("NUMBER", n)
	if kind == "patch" then
		return wrk.format("PATCH", path, headers,
		    string.format("{" .. data .. "}", count, note))
	end
	if kind == "etag" then
		headers["If-None-Match"] = etags[n]
	end
	return wrk.format("GET", path, headers)
end

-- wrk counts every status above 399 as an error.
function done(summary)
	local e = summary.errors
	io.write(string.format("RESULT %.1f %d\n",
	    summary.requests / summary.duration * 1e6,
	    e.connect + e.read + e.write + e.status + e.timeout))
end
