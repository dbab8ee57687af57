
"use strict";
// Reads all curves at the time that the pointer, or an arrow key, stands at.
(function () {
  var data = JSON.parse(document.getElementById("data").textContent);
  var figures = Array.prototype.slice.call(document.querySelectorAll("figure.time"));
  var told = document.getElementById("told");
  var times = data.times;
  if (!told || !times.length) { return; }
  var current = times.length - 1;

  function digits(value) {
    if (value < 10) { return value.toFixed(3); }
    if (value < 100) { return value.toFixed(2); }
    return value < 1000 ? value.toFixed(1) : value.toFixed(0);
  }
  function shown(value, unit) {
    if (value === null || value === undefined) { return "\u2013"; }
    switch (unit) {
      case "micros": return value >= 1e6 ? (value / 1e6).toFixed(2) + " s" : digits(value / 1e3) + " ms";
      case "cores": return (value * 100).toFixed(0) + "%";
      case "bytes": return (value / 1e6).toFixed(1) + " MB";
      default: return String(Math.round(value * 10) / 10);
    }
  }
  function clock(seconds) {
    var whole = Math.round(seconds), two = function (n) { return (n < 10 ? "0" : "") + n; };
    if (data.end < 60) { return seconds.toFixed(1) + " s"; }
    var rest = two(Math.floor(whole / 60) % 60) + ":" + two(whole % 60);
    return data.end < 3600 ? Math.floor(whole / 60) + ":" + two(whole % 60) : Math.floor(whole / 3600) + ":" + rest;
  }
  function nearest(seconds) {
    var low = 0, high = times.length - 1;
    while (low < high) {
      var middle = (low + high) >> 1;
      if (times[middle] < seconds) { low = middle + 1; } else { high = middle; }
    }
    return low > 0 && seconds - times[low - 1] < times[low] - seconds ? low - 1 : low;
  }
  function point(at) {
    current = at;
    var x = data.left + times[at] / data.end * (data.width - data.left - data.right);
    figures.forEach(function (figure) {
      var plot = data.plots[figure.id.slice("plot-".length)];
      var cross = figure.querySelector(".cross");
      cross.setAttribute("x1", x);
      cross.setAttribute("x2", x);
      Array.prototype.forEach.call(figure.querySelectorAll("output"), function (output) {
        output.textContent = shown(plot.curves[output.getAttribute("data-curve")][at], plot.unit);
      });
    });
    var part = data.parts.filter(function (part) { return times[at] > part[0] && times[at] <= part[1]; })[0];
    told.textContent = "At " + clock(times[at]) + (part ? ", " + part[2] : "");
    document.body.classList.add("pointing");
  }
  function leave() {
    document.body.classList.remove("pointing");
    told.textContent = told.getAttribute("data-idle");
    figures.forEach(function (figure) {
      Array.prototype.forEach.call(figure.querySelectorAll("output"), function (output) { output.textContent = ""; });
    });
  }
  figures.forEach(function (figure) {
    var picture = figure.querySelector("svg");
    picture.addEventListener("pointermove", function (event) {
      var box = picture.getBoundingClientRect();
      var x = (event.clientX - box.left) / box.width * data.width;
      point(nearest((x - data.left) / (data.width - data.left - data.right) * data.end));
    });
    picture.addEventListener("pointerleave", leave);
    figure.addEventListener("blur", leave);
    figure.addEventListener("keydown", function (event) {
      var step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -times.length, End: times.length }[event.key];
      if (step === undefined) { return; }
      event.preventDefault();
      point(Math.max(0, Math.min(times.length - 1, current + step)));
    });
  });
  told.setAttribute("data-idle", told.textContent);
})();
