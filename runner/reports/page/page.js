"use strict";
// What is shown is built from the page's data when it is looked at, and with textContent only: it is never read as HTML.
const D = JSON.parse(document.getElementById("data").textContent);
const R = D.rows, COUNT = R.t.length;
const STATES = ["ok", "changed", "skipped", "unknown", "failed", "unreachable", "indeterminate", "ignored", "rescued"];
const BAD = new Set([4, 5, 6]);
const PAGE = 200;

// An element: its name, attributes ("class", "title" …; a function is a listener) and what is in it.
function el(name, attributes, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  for (const part of inside.flat(Infinity)) if (part !== null && part !== undefined && part !== "") made.append(part);
  return made;
}
const text = (number) => D.texts[number];
const some = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
function took(ms) {
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(ms / 60000)} min ${Math.round(ms % 60000 / 1000)} s`;
}
const tag = (state) => el("span", {class: `tag c-${STATES[state]}`}, D.states[state]);

// A <details> whose inside is made when it is opened for the first time.
function opens(attributes, summary, fill) {
  const body = el("div", {class: "body"});
  const made = el("details", attributes, el("summary", null, summary), body);
  const once = () => { if (made.open && !body.firstChild) body.append(...fill().flat(Infinity).filter(Boolean)); };
  made.addEventListener("toggle", once);
  if (made.open) once();
  return made;
}
function show(id, count) {
  const section = document.getElementById(id);
  section.hidden = false;
  const title = section.querySelector("h2").textContent;
  document.querySelector("nav").append(el("a", {href: `#${id}`}, count === undefined ? title : `${title} (${count.toLocaleString("en")})`));
  return section;
}
function block(label, content) {
  return content ? [el("div", {class: "label"}, label), el("pre", {tabindex: "0"}, content)] : [];
}
function diff(content) {
  if (!content) return [];
  const pre = el("pre", {tabindex: "0"});
  const kinds = {"+": "add", "-": "del", "@": "hunk"};
  for (const row of content.split("\n")) pre.append(el("span", {class: kinds[row[0]] || "row"}, row === "" ? " " : row));
  return [el("div", {class: "label"}, "difference"), pre];
}
function named(numbers) {
  const names = numbers.map((number) => D.hosts[number]);
  if (names.length <= 12) return el("p", {class: "hosts-named"}, names.join(", "));
  return opens({}, `all ${names.length} hosts`, () => [el("p", {class: "hosts-named"}, names.join(", "))]);
}
// More of a long list on demand. `make` gives the element of one entry.
function listed(target, entries, make) {
  let at = 0;
  const more = el("button", {click: () => add()});
  function add() {
    more.remove();
    for (const end = Math.min(entries.length, at + PAGE); at < end; at++) target.append(make(entries[at]));
    if (at < entries.length) {
      more.textContent = `Show ${Math.min(PAGE, entries.length - at)} more of ${(entries.length - at).toLocaleString("en")}`;
      target.after(more);
    }
  }
  add();
  return more;
}

function failures() {
  if (!D.failures.length) return;
  const section = show("failures", D.failures.length);
  const list = el("div");
  section.append(list);
  let number = 0;
  listed(list, D.failures, ([play, title, module, path, hosts, state, item, rc, msg, cmd, err, out, changes]) => opens(
    {class: "card fail", open: number++ < 5},
    [tag(state), el("b", null, title), item ? ` (item=${item})` : "", " ",
      el("span", {class: "faint"}, hosts.length === 1 ? `on ${D.hosts[hosts[0]]}` : `on ${hosts.length} hosts`)],
    () => [
      text(msg) ? el("p", {class: "msg"}, text(msg)) : null,
      el("p", {class: "facts-line"}, [play, module, path, rc ? `rc ${rc}` : ""].filter(Boolean).join(" · ")),
      hosts.length > 1 ? named(hosts) : null,
      ...block("command", text(cmd)), ...block("standard error", text(err)), ...block("standard output", text(out)), ...diff(text(changes)),
    ]));
}

function notices() {
  if (!D.notices.length) return;
  const section = show("notices", D.notices.length);
  const list = el("ul");
  section.append(list);
  listed(list, D.notices, ([level, host, message]) => el("li", null, el("b", null, level), host ? ` ${host}` : "", `: ${message}`));
}

// One result: a line, and all there is to it when opened.
function entry(n, withTask) {
  const rc = R.c[n] ? `rc ${R.c[n]}` : "";
  const item = text(R.i[n]);
  const line = [
    el("span", {class: "right faint"}, R.b[n] >= 0 ? took(R.d[n]) : ""),
    tag(R.s[n]), el("b", null, D.hosts[R.h[n]]), withTask ? ` ${D.tasks[R.t[n]][1]}` : "", item ? ` (item=${item})` : "",
    text(R.m[n]) ? el("span", {class: "faint"}, ` ${text(R.m[n]).split("\n", 1)[0].slice(0, 160)}`) : "",
  ];
  return el("li", null, opens({}, line, () => {
    const [play, title, module, path] = D.tasks[R.t[n]];
    const more = [
      el("p", {class: "facts-line"}, [D.plays[play][0], title, module, path, rc, R.b[n] >= 0 ? `after ${took(R.b[n])}` : ""].filter(Boolean).join(" · ")),
      text(R.m[n]) ? el("p", {class: "msg"}, text(R.m[n])) : null,
      ...block("standard error", text(R.e[n])), ...block("standard output", text(R.o[n])), ...diff(text(R.x[n])),
      ...block("further values", text(R.v[n])),
    ];
    return more;
  }));
}

const typing = (target) => ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName);
function keys() {
  let at = -1;
  const go = (step) => {
    const found = [...document.querySelectorAll("#failures details.card")];
    if (!found.length) return;
    at = Math.max(0, Math.min(found.length - 1, at + step));
    found[at].open = true;
    found[at].querySelector("summary").focus();
    found[at].scrollIntoView({block: "start"});
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    if (typing(event.target)) return;
    if (event.key === "/") { event.preventDefault(); document.querySelector("input[type=search]").focus(); }
    if (event.key === "j") go(1);
    if (event.key === "k") go(-1);
    if (event.key === "e") {
      const seen = [...document.querySelectorAll("details")].filter((one) => {
        const {top, bottom} = one.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      });
      const open = seen.some((one) => !one.open);
      for (const one of seen) one.open = open;
    }
  });
}
