// A table of any length: only the lines in sight are in the page. Sorts and filters here; the address keeps how.
"use strict";
(function () {
  var place = document.getElementById("grid");
  if (!place) { return; }
  var HEIGHT = 36, AROUND = 12, WIDTHS = { id: 9, text: 22, share: 7, score: 7, number: 6, names: 30 };
  var columns = JSON.parse(place.dataset.columns);
  var address = new URL(window.location.href);
  var words = document.getElementById("grid-words"), only = document.getElementById("grid-only");
  var count = document.getElementById("grid-count");
  var sort = (address.searchParams.get("sort") || place.dataset.sort), falls = address.searchParams.get("falls") === "yes";
  var at = {}, rows = [], shown = [], texts = [], labels = {}, active = 0;

  function element(name, className, text) {
    var made = document.createElement(name);
    if (className) { made.className = className; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }
  function template() { return columns.map(function (each) { return "minmax(" + WIDTHS[each[2]] + "rem," + (WIDTHS[each[2]] > 10 ? WIDTHS[each[2]] : 1) + "fr)"; }).join(" "); }
  function width() { return columns.reduce(function (sum, each) { return sum + WIDTHS[each[2]]; }, 0) + "rem"; }
  function isNumber(kind) { return kind === "score" || kind === "number" || kind === "share"; }
  function most(row) { return row[at[place.dataset.side === "submissions" ? "wanted" : "max_load"]]; }

  var heads = element("div", "heads"), body = element("div", "body");
  place.setAttribute("role", "grid");
  place.setAttribute("aria-label", place.dataset.side + ": arrows move, Enter opens");
  heads.setAttribute("role", "row");
  heads.setAttribute("aria-rowindex", "1");
  heads.style.gridTemplateColumns = template();
  place.tabIndex = 0;
  body.setAttribute("role", "rowgroup");
  columns.forEach(function (each) {
    var head = element("div", isNumber(each[2]) ? "n" : ""), button = element("button", "", each[1]);
    head.setAttribute("role", "columnheader");
    head.dataset.key = each[0];
    button.type = "button";
    button.addEventListener("click", function () {
      falls = sort === each[0] ? !falls : false;
      sort = each[0];
      arrange();
    });
    head.appendChild(button);
    heads.appendChild(head);
  });
  place.append(heads, body);

  function cell(row, column) {
    var value = row[at[column[0]]], made = element("span", isNumber(column[2]) ? "n" : column[2] === "id" ? "id" : "");
    made.setAttribute("role", "gridcell");
    if (column[2] === "score") { made.textContent = value === null ? "–" : value.toFixed(3); }
    else if (column[2] === "share") {
      made.textContent = value + " of " + most(row);
      if (place.dataset.side === "submissions" ? value < most(row) : value > most(row)) { made.classList.add("short"); }
    }
    else if (column[2] === "names") { made.textContent = value.map(function (name) { return labels[name] || name; }).join(", "); }
    else { made.textContent = value === null || value === "" ? "–" : String(value); }
    if (made.textContent.length > 24) { made.title = made.textContent; }
    return made;
  }
  function draw() {
    var first = Math.max(0, Math.floor(place.scrollTop / HEIGHT) - AROUND);
    var last = Math.min(shown.length, first + Math.ceil(place.clientHeight / HEIGHT) + 2 * AROUND);
    var lines = [];
    for (var number = first; number < last; number += 1) {
      var line = element("div", "line" + (number === active ? " active" : ""));
      line.id = "line-" + number;
      line.dataset.number = String(number);
      line.setAttribute("role", "row");
      line.setAttribute("aria-rowindex", String(number + 2));
      line.style.top = number * HEIGHT + "px";
      line.style.gridTemplateColumns = template();
      line.style.minWidth = width();
      for (var column of columns) { line.appendChild(cell(rows[shown[number]], column)); }
      lines.push(line);
    }
    body.replaceChildren.apply(body, lines);
    var isDrawn = active >= first && active < last;
    if (isDrawn) { place.setAttribute("aria-activedescendant", "line-" + active); } else { place.removeAttribute("aria-activedescendant"); }
  }
  function keeps(number) {
    var row = rows[number], wanted = only.value;
    var get = function (key) { return row[at[key]]; };
    if (wanted === "short" && get("reviews") >= get("wanted")) { return false; }
    if (wanted === "asked" && !get("asked")) { return false; }
    if (wanted === "weak" && get("lowest") !== null && get("mean") >= weak) { return false; }
    if (wanted === "idle" && get("load") > 0) { return false; }
    if (wanted === "free" && get("load") >= get("max_load")) { return false; }
    if (wanted === "full" && get("load") < get("max_load")) { return false; }
    return true;
  }
  var weak = 0;
  function arrange() {
    var asked = words.value.toLocaleLowerCase().split(/\s+/).filter(Boolean), key = at[sort], sign = falls ? -1 : 1;
    if (key === undefined) { sort = "id"; key = at.id; }
    shown = [];
    for (var number = 0; number < rows.length; number += 1) {
      var fits = keeps(number) && asked.every(function (word) { return texts[number].indexOf(word) >= 0; });
      if (fits) { shown.push(number); }
    }
    shown.sort(function (one, other) {
      var a = rows[one][key], b = rows[other][key];
      if (Array.isArray(a)) { a = a.length; b = b.length; }
      if (a === null || b === null) { return a === b ? one - other : a === null ? 1 : -1; }
      if (a === b) { return one - other; }
      return sign * (a < b ? -1 : 1);
    });
    body.style.height = shown.length * HEIGHT + "px";
    place.setAttribute("aria-rowcount", String(shown.length + 1));
    heads.querySelectorAll("[role=columnheader]").forEach(function (head) {
      head.setAttribute("aria-sort", head.dataset.key === sort ? (falls ? "descending" : "ascending") : "none");
    });
    count.textContent = shown.length === rows.length ? rows.length + " " + place.dataset.side : shown.length + " of " + rows.length + " " + place.dataset.side;
    active = Math.min(active, Math.max(0, shown.length - 1));
    draw();
    [["q", words.value], ["only", only.value], ["sort", sort], ["falls", falls ? "yes" : ""]].forEach(function (each) {
      if (each[1]) { address.searchParams.set(each[0], each[1]); } else { address.searchParams.delete(each[0]); }
    });
    window.history.replaceState(null, "", address);
  }
  function open(number) {
    if (number < 0 || number >= shown.length) { return; }
    var name = rows[shown[number]][at.id];
    window.location.href = place.dataset.detail + "?id=" + encodeURIComponent(name) + (place.dataset.keep ? "&" + place.dataset.keep : "");
  }
  function move(to) {
    active = Math.max(0, Math.min(shown.length - 1, to));
    var top = active * HEIGHT, room = place.clientHeight - heads.offsetHeight;
    if (top < place.scrollTop) { place.scrollTop = top; }
    if (top + HEIGHT > place.scrollTop + room) { place.scrollTop = top + HEIGHT - room; }
    draw();
  }
  place.addEventListener("keydown", function (event) {
    if (event.target !== place) { return; }
    var page = Math.max(1, Math.floor(place.clientHeight / HEIGHT) - 2);
    var to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: shown.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); move(to); }
    else if (event.key === "Enter") { open(active); }
  });
  body.addEventListener("click", function (event) {
    var line = event.target.closest(".line");
    if (line) { open(Number(line.dataset.number)); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); words.focus(); }
  });
  document.getElementById("grid-tools").addEventListener("submit", function (event) { event.preventDefault(); place.focus(); });
  words.addEventListener("input", arrange);
  only.addEventListener("change", arrange);
  place.addEventListener("scroll", draw, { passive: true });
  window.addEventListener("resize", draw);

  fetch(place.dataset.source, { credentials: "same-origin" }).then(function (answer) {
    if (!answer.ok) { throw new Error(String(answer.status)); }
    return answer.json();
  }).then(function (found) {
    found.columns.forEach(function (name, number) { at[name] = number; });
    rows = found.rows;
    labels = found.labels;
    texts = rows.map(function (row) {
      return row.map(function (value) {
        return Array.isArray(value) ? value.map(function (name) { return (labels[name] || "") + " " + name; }).join(" ") : value;
      }).join(" ").toLocaleLowerCase();
    });
    var means = rows.map(function (row) { return row[at.mean]; }).filter(function (value) { return value !== null; }).sort(function (a, b) { return a - b; });
    weak = means.length ? means[Math.floor(means.length / 10)] : 0;  // the weakest tenth
    columns = columns.filter(function (each) { return each[0] !== "track" || rows.some(function (row) { return row[at.track]; }); });
    heads.querySelectorAll("[role=columnheader]").forEach(function (head) {
      head.hidden = !columns.some(function (each) { return each[0] === head.dataset.key; });
    });
    heads.style.gridTemplateColumns = template();
    heads.style.minWidth = width();
    place.setAttribute("aria-colcount", String(columns.length));
    arrange();
    place.dataset.ready = "yes";
  }).catch(function () {
    count.textContent = "The lines could not be read. Reload the page to try again.";
  });
})();
