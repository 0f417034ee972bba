(function () {
	"use strict";
	var main = document.querySelector("main"), wait = 1000;
	function refresh() {
		fetch(location.href, { credentials: "omit" }).then(function (r) {
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
	function follow(url) {
		fetch(url, { credentials: "omit" }).then(function (r) {
			return r.ok ? r.json() : null;
		}).then(function (o) {
			if (!o)
				return;
			var s = new WebSocket(o.url);
			s.onopen = function () { wait = 1000; };
			s.onmessage = function (m) {
				if (JSON.parse(m.data).type === "updated")
					refresh();
			};
			s.onclose = function () { again(url); };
		}).catch(function () { again(url); });
	}
	function again(url) {
		wait = Math.min(wait * 2, 60000);
		setTimeout(follow, wait, url);
	}
	main.dataset.live.split(" ").forEach(follow);
})();
