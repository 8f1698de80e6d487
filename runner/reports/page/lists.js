// Tables and lists: slow tasks, the critical path, hosts, differences, all results with search and filters.

const byTask = D.tasks.map(() => []);
for (let n = 0; n < COUNT; n++) byTask[R.t[n]].push(n);

function share(part, whole, before = 0) {
  const bar = el("i");
  bar.style.marginLeft = `${Math.min(99, Math.round(100 * before / Math.max(1, whole)))}%`;
  bar.style.width = `${Math.max(1, Math.round(100 * part / Math.max(1, whole)))}%`;
  return el("span", {class: "share", role: "img", "aria-label": `${Math.round(100 * part / Math.max(1, whole))} %`}, bar);
}
// A table whose columns sort it. Columns: [title, value of an entry, cell of an entry (else the value), is it text, is it at the left].
function table(columns, entries, first, falling = true) {
  const body = el("tbody");
  let by = first, down = falling;
  const heads = columns.map(([title, , , words, left], index) => el("th", {class: words || left ? "text" : null, scope: "col"},
    el("button", {click: () => { down = by === index ? !down : !words; by = index; fill(); }}, title)));
  function fill() {
    const value = columns[by][1];
    const order = [...entries].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      const less = typeof x === "string" ? x.localeCompare(y, "en", {numeric: true}) : x - y;
      return down ? -less : less;
    });
    heads.forEach((head, index) => head.setAttribute("aria-sort", index !== by ? "none" : down ? "descending" : "ascending"));
    body.replaceChildren(...order.map((one) => el("tr", null, columns.map(([, get, cell, words, left]) => {
      const shown = cell ? cell(one) : get(one);
      return el("td", {class: words ? "text wrap" : left ? "text" : shown === 0 ? "zero" : null}, typeof shown === "object" ? shown : String(shown));
    }))));
  }
  fill();
  return el("div", {class: "scroll", tabindex: "0"}, el("table", null, el("thead", null, el("tr", null, heads)), body));
}

function slow() {
  const all = [];
  byTask.forEach((rows, t) => {
    const timed = rows.filter((n) => R.f[n] && R.b[n] >= 0);
    if (!timed.length) return;
    const lengths = timed.map((n) => R.d[n]).sort((a, b) => a - b);
    const worst = timed.reduce((a, b) => (R.d[b] > R.d[a] ? b : a));
    const began = timed.reduce((least, n) => Math.min(least, R.b[n]), Infinity);
    const ended = timed.reduce((most, n) => Math.max(most, R.b[n] + R.d[n]), 0);
    all.push({t, began, hosts: timed.length, span: ended - began, most: R.d[worst], worst, median: lengths[lengths.length >> 1]});
  });
  if (!all.length) return;
  all.sort((a, b) => b.most - a.most);
  show("slow").append(table([
    ["Task", (one) => D.tasks[one.t][1], (one) => el("span", {title: D.tasks[one.t][3]}, D.tasks[one.t][1]), true],
    ["Module", (one) => D.tasks[one.t][2], null, true],
    ["Hosts", (one) => one.hosts], ["Median", (one) => one.median, (one) => took(one.median)],
    ["Slowest", (one) => one.most, (one) => took(one.most)], ["on", (one) => D.hosts[R.h[one.worst]], null, true],
    ["First to last", (one) => one.span, (one) => took(one.span)], ["of the run", (one) => one.span, (one) => share(one.span, D.length, one.began), false, true],
  ], all.slice(0, 20), 4));
}

function path() {
  if (!D.path.length) return;
  const section = show("path");
  const busy = D.path.reduce((sum, [n]) => sum + R.d[n], 0), waited = D.path.reduce((sum, [, wait]) => sum + wait, 0);
  const longest = [...D.path].sort((a, b) => R.d[b[0]] + b[1] - R.d[a[0]] - a[1]).slice(0, 100);
  section.append(el("p", {class: "faint"}, `${some(D.path.length, "step")} one after the other: ${took(busy)} of work and ${took(waited)} between steps, of ${D.took}. ` +
    (longest.length < D.path.length ? `The ${longest.length} longest are shown. ` : "") + "Found from the times in the log: before a step comes the one before it on its host, or one of another host that it seems to have waited for."));
  section.append(table([
    ["After", (one) => R.b[one[0]], (one) => took(R.b[one[0]])],
    ["Task", (one) => D.tasks[R.t[one[0]]][1], null, true], ["Host", (one) => D.hosts[R.h[one[0]]], null, true],
    ["Between", (one) => one[1], (one) => (one[1] ? took(one[1]) : "–")], ["Took", (one) => R.d[one[0]], (one) => took(R.d[one[0]])],
    ["of the run", (one) => R.d[one[0]], (one) => share(R.d[one[0]], D.length, R.b[one[0]]), false, true],
  ], longest, 0, false));
}

function hosts() {
  if (!D.recap.length) return;
  const section = show("hosts", D.recap.length);
  const spent = D.hosts.map(() => 0);
  for (let n = 0; n < COUNT; n++) if (R.f[n]) spent[R.h[n]] += R.d[n];
  const bad = 1 + D.counts.indexOf("failed"), lost = 1 + D.counts.indexOf("unreachable");
  D.recap.sort((a, b) => b[bad] + b[lost] - a[bad] - a[lost]);
  const named = [["Host", (one) => D.hosts[one[0]], (one) => el("button", {class: "plain", click: () => filter({host: one[0]}), title: "show its results"}, D.hosts[one[0]]), true]];
  D.counts.forEach((name, index) => named.push([name === "unknown" ? "may run" : name, (one) => one[1 + index], (one) => one[1 + index] ?
    el("b", {class: `c-${name}`}, one[1 + index]) : 0]));
  named.push(["Time in steps", (one) => spent[one[0]], (one) => took(spent[one[0]])]);
  section.append(table(named, D.recap, bad));
}

function diffs() {
  const groups = new Map();
  for (let n = 0; n < COUNT; n++) {
    if (!R.x[n]) continue;
    const key = `${R.t[n]} ${R.x[n]} ${R.i[n]}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(n);
  }
  if (!groups.size) return;
  const section = show("diffs", groups.size);
  const list = el("div");
  section.append(list);
  listed(list, [...groups.values()], (rows) => {
    const n = rows[0], numbers = [...new Set(rows.map((one) => R.h[one]))];
    const item = text(R.i[n]);
    return opens({class: "card"}, [tag(R.s[n]), el("b", null, D.tasks[R.t[n]][1]), item ? ` (item=${item})` : "", " ",
      el("span", {class: "faint"}, numbers.length === 1 ? `on ${D.hosts[numbers[0]]}` : `the same on ${numbers.length} hosts`)],
    () => [el("p", {class: "facts-line"}, `${D.tasks[R.t[n]][2]} · ${D.tasks[R.t[n]][3]}`), numbers.length > 1 ? named(numbers) : null, ...diff(text(R.x[n]))]);
  });
}

let filter = () => {};
function results() {
  const section = show("results", COUNT);
  const wanted = {words: "", host: -1, states: new Set()};
  const search = el("input", {type: "search", placeholder: "Search tasks, hosts, messages, output…", "aria-label": "Search results", spellcheck: "false"});
  const choose = el("select", {"aria-label": "Host"}, el("option", {value: "-1"}, "all hosts"), D.hosts.map((name, number) => el("option", {value: number}, name)));
  const present = [...new Set(R.s)].sort((a, b) => a - b);
  const buttons = present.map((state) => el("button", {"aria-pressed": "false", class: `c-${STATES[state]}`, click: (event) => {
    const on = !wanted.states.delete(state);
    if (on) wanted.states.add(state);
    event.currentTarget.setAttribute("aria-pressed", String(on));
    fill();
  }}, D.states[state]));
  const said = el("p", {class: "said faint", role: "status"});
  const list = el("div");
  let more = null;
  const lower = D.texts.map(() => null);
  const holds = (number, word) => number && (lower[number] ??= D.texts[number].toLowerCase()).includes(word);
  function fits(n, word) {
    if (wanted.host >= 0 && R.h[n] !== wanted.host) return false;
    if (wanted.states.size && !wanted.states.has(R.s[n])) return false;
    if (!word) return true;
    const task = D.tasks[R.t[n]];
    return task[1].toLowerCase().includes(word) || task[2].toLowerCase().includes(word) || D.hosts[R.h[n]].toLowerCase().includes(word) ||
      [R.m[n], R.o[n], R.e[n], R.i[n], R.x[n], R.v[n]].some((number) => holds(number, word));
  }
  function fill() {
    if (more) more.remove();
    list.replaceChildren();
    const word = wanted.words.trim().toLowerCase();
    if (!word && wanted.host < 0 && !wanted.states.size) {
      said.textContent = `${some(COUNT, "result")} of ${some(D.tasks.length, "task")}`;
      more = listed(list, D.tasks.map((_, t) => t).filter((t) => byTask[t].length), taskCard);
      return;
    }
    const found = [];
    for (let n = 0; n < COUNT; n++) if (fits(n, word)) found.push(n);
    said.textContent = `${some(found.length, "result")} of ${COUNT.toLocaleString("en")}`;
    const rows = el("ul", {class: "row-list"});
    list.append(rows);
    more = listed(rows, found, (n) => entry(n, true));
  }
  function taskCard(t) {
    const [play, title, module, where, handler] = D.tasks[t];
    const tally = new Map();
    for (const n of byTask[t]) if (R.f[n]) tally.set(R.s[n], (tally.get(R.s[n]) || 0) + 1);
    const counts = [...tally].sort((a, b) => a[0] - b[0]).map(([state, count]) => el("span", {class: `tag c-${STATES[state]}`}, `${count} ${D.states[state]}`));
    return opens({class: "card"}, [el("b", null, handler ? `Handler: ${title}` : title), " ", counts], () => {
      const rows = el("ul", {class: "row-list"});
      const body = [el("p", {class: "facts-line"}, [D.plays[play][0], module, where].filter(Boolean).join(" · ")), rows];
      const holder = el("div", null, body);
      listed(rows, byTask[t], (n) => entry(n, false));
      return [holder];
    });
  }
  let later = 0;
  search.addEventListener("input", () => { clearTimeout(later); later = setTimeout(() => { wanted.words = search.value; fill(); }, 150); });
  choose.addEventListener("change", () => { wanted.host = Number(choose.value); fill(); });
  filter = ({host}) => { wanted.host = host; choose.value = host; fill(); section.scrollIntoView(); section.focus({preventScroll: true}); };
  section.append(el("div", {class: "bar"}, search, choose, el("span", null, buttons.flatMap((button) => [button, " "]))), said, list);
  fill();
}
