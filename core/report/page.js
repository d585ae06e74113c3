/* What the page can do beyond being read: choosing methods, looking at a seed, numbers under the pointer. Reads nothing but the page.
   ASCII only. */
(function () {
  "use strict";
  var all = function (what, within) { return Array.prototype.slice.call((within || document).querySelectorAll(what)); };

  /* ---- methods ---- */
  var boxes = all("#choose input");
  function show() {
    var shown = {};
    boxes.forEach(function (box) { shown[box.value] = box.checked; });
    all("[data-m]").forEach(function (one) {
      var hide = shown[one.getAttribute("data-m")] === false;
      if (hide) one.setAttribute("hidden", "");
      else one.removeAttribute("hidden");
    });
  }
  function choose(on) {
    boxes.forEach(function (box) { box.checked = on; });
    show();
  }
  if (boxes.length) {
    document.getElementById("choose").hidden = false;
    document.getElementById("choose").addEventListener("change", show);
    document.getElementById("choose-all").addEventListener("click", function () { choose(true); });
    document.getElementById("choose-none").addEventListener("click", function () { choose(false); });
  }

  /* ---- seeds: one of them large, in the place of the mean ---- */
  var seed = document.querySelector("#seed select");
  if (seed) {
    document.getElementById("seed").hidden = false;
    seed.addEventListener("change", function () {
      all(".seeds").forEach(function (seeds) {
        var found = null;
        all(".one", seeds).forEach(function (one) {
          var its = one.querySelector(".map").getAttribute("data-seed") === seed.value;
          one.classList.toggle("large", its);
          found = its ? one : found;
        });
        seeds.parentNode.classList.toggle("seed-large", found !== null);
      });
    });
  }

  /* ---- numbers under the pointer ---- */
  var told = document.createElement("div");
  told.id = "told";
  told.hidden = true;
  document.body.appendChild(told);
  function tell(words, event) {
    told.hidden = !words;
    if (!words) return;
    told.textContent = words;
    var x = event.clientX + 14, y = event.clientY + 14;
    told.style.left = Math.max(4, Math.min(x, window.innerWidth - told.offsetWidth - 8)) + "px";
    told.style.top = (y + told.offsetHeight > window.innerHeight ? event.clientY - told.offsetHeight - 10 : y) + "px";
  }
  /* The browser's own titles come late and lie under the finger: ours take their place. */
  all("svg.drawing title").forEach(function (one) {
    var mark = one.parentNode, drawing = mark.tagName.toLowerCase() === "svg";
    mark.setAttribute(drawing ? "aria-label" : "data-told", one.textContent);
    mark.removeChild(one);
  });
  document.addEventListener("pointermove", function (event) {
    var mark = event.target.closest ? event.target.closest("[data-told]") : null;
    tell(nearest(event) || (mark ? mark.getAttribute("data-told") : ""), event);
  });
  document.documentElement.addEventListener("pointerleave", function () { tell("", null); });

  /* ---- lines: all values at the place under the pointer ---- */
  var crossed = null;
  function cross(svg, x, low, high) {
    if (crossed) crossed.parentNode.removeChild(crossed);
    crossed = null;
    if (!svg) return;
    crossed = document.createElementNS(svg.namespaceURI, "path");
    crossed.setAttribute("class", "cross");
    crossed.setAttribute("d", "M" + x + " " + low + "V" + high);
    svg.appendChild(crossed);
  }
  function nearest(event) {
    var svg = event.target.closest ? event.target.closest("svg[data-lines]") : null;
    if (!svg) { cross(null); return ""; }
    var box = svg.getBoundingClientRect(), frame = svg.getAttribute("data-lines").split(" ").map(Number);
    var scale = svg.viewBox.baseVal.width / box.width, x = (event.clientX - box.left) * scale;
    var left = frame[0], right = frame[1], top = frame[2], bottom = frame[3];
    if (x < left - 8 || x > right + 8) { cross(null); return ""; }
    var at = Math.round(frame[4] + (x - left) / (right - left) * (frame[5] - frame[4]));
    at = Math.max(frame[4], Math.min(frame[5], at));
    var here = left + (at - frame[4]) / (frame[5] - frame[4]) * (right - left), lines = [];
    all("path.line", svg).forEach(function (line) {
      var group = line.closest("[data-m]");
      if (group && group.hasAttribute("hidden")) return;
      var pairs = (line.getAttribute("d") || "").match(/[\d.]+ [\d.]+/g) || [];
      pairs.forEach(function (pair) {
        var xy = pair.split(" ").map(Number);
        if (Math.abs(xy[0] - here) > 0.02) return;
        var value = frame[6] + (bottom - xy[1]) / (bottom - top) * (frame[7] - frame[6]);
        lines.push([value, line.getAttribute("data-name")]);
      });
    });
    if (!lines.length) { cross(null); return ""; }
    cross(svg, here, top, bottom);
    lines.sort(function (a, b) { return b[0] - a[0]; });
    return "after " + at + "\n" + lines.slice(0, 24).map(function (one) {
      return one[0].toFixed(3) + "  " + one[1];
    }).join("\n") + (lines.length > 24 ? "\nand " + (lines.length - 24) + " more" : "");
  }

  /* ---- paper has no folds; plans, manifests and digests are for the screen ---- */
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = all("details:not([open])").filter(function (one) { return !one.querySelector(".tree, .digest"); });
    opened.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (one) { one.open = false; });
  });
})();
