(function () {
	"use strict";
	var main = document.querySelector("main"), wait = 1000;
	function refresh() {
		fetch(location.href, { credentials: "omit" }).then(function (r) {
			if (r.status >= 500)
				throw r;
			return r.text();
		}).then(function (text) {
			var d = new DOMParser().parseFromString(text, "text/html");
			var was = document.querySelector("style").textContent;
			var open = [].map.call(main.querySelectorAll("details"),
			    function (e) { return e.open; });
			if (d.querySelector("style").textContent !== was)
				return location.reload();
			main.innerHTML = d.querySelector("main").innerHTML;
			main.querySelectorAll("details").forEach(function (e, i) {
				e.open = !!open[i];
			});
			document.getElementById("live").textContent =
			    main.dataset.updated;
		}).catch(function () {});
	}
	/* `back`: something may have happened while nothing was open. */
	function follow(url, back) {
		fetch(url, { credentials: "omit" }).then(function (r) {
			if (r.ok)
				return r.json();
			if (r.status === 429 || r.status === 502 || r.status === 503)
				throw r;
		}).then(function (o) {
			if (!o)
				return;
			var s = new WebSocket(o.url);
			s.onopen = function () {
				wait = 1000;
				if (back)
					refresh();
			};
			s.onmessage = function (m) {
				var type = JSON.parse(m.data).type;
				if (type === "updated" || type === "notification")
					refresh();
			};
			s.onclose = function () { again(url); };
		}).catch(function () { again(url); });
	}
	function again(url) {
		wait = Math.min(wait * 2, 60000);
		setTimeout(follow, wait * (0.5 + Math.random()), url, true);
	}
	main.dataset.live.split(" ").forEach(function (url) {
		follow(url, false);
	});
})();
