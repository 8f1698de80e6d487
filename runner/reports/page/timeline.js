// The timeline: one row a host, drawn on a canvas that is as large as what is seen of it.

const ROW = 20, TOP = 26;
function timeline() {
  if (!COUNT) return;
  const section = show("timeline");
  const rows = D.hosts.map(() => []);
  for (let n = 0; n < COUNT; n++) if (R.f[n]) rows[R.h[n]].push(n);
  let mode = R.b.some((start) => start >= 0) ? "time" : "task";
  const length = Math.max(D.length, ...D.path.map(([n]) => R.b[n] + R.d[n]));
  const canvas = el("canvas", {role: "img", "aria-label": "Hosts and their steps; the same is in the list of results"});
  const tall = el("div", {class: "tall"});
  const box = el("div", {class: "time", tabindex: "0", "aria-label": "Timeline: arrow keys go from step to step, Enter shows the host's results"}, canvas, tall);
  const said = el("p", {class: "said faint", role: "status"}, "Point at a step, or go from one to the next with the arrow keys.");
  const buttons = [["time", "by time"], ["task", "by task"]].map(([name, title]) => el("button", {"aria-pressed": String(mode === name),
    click: (event) => {
      mode = name;
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      draw();
    }}, title));
  const height = TOP + rows.length * ROW + 4;
  let width = 0, label = 0, at = -1;
  const context = canvas.getContext("2d");

  function place(n) {
    const room = width - label - 12;
    if (mode === "task") {
      const cell = room / Math.max(1, D.tasks.length);
      return [label + R.t[n] * cell, Math.max(1, cell - (cell > 4 ? 1 : 0))];
    }
    if (R.b[n] < 0) return null;
    return [label + room * R.b[n] / length, Math.max(1.5, room * R.d[n] / length)];
  }
  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const seen = Math.min(height, box.clientHeight || 512), scale = devicePixelRatio || 1;
    width = box.clientWidth;
    canvas.width = width * scale; canvas.height = seen * scale;
    canvas.style.width = `${width}px`; canvas.style.height = `${seen}px`;
    tall.style.height = `${Math.max(0, height - seen)}px`;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = "12px system-ui, sans-serif";
    label = Math.min(width * .28, 14 + D.hosts.reduce((most, name) => Math.max(most, context.measureText(name).width), 0));
    context.fillStyle = colour("card");
    context.fillRect(0, 0, width, seen);
    const offset = box.scrollTop, first = Math.max(0, Math.floor((offset - TOP) / ROW)), last = Math.min(rows.length, Math.ceil((offset + seen - TOP) / ROW));
    const colours = STATES.map(colour), faint = colour("faint"), line = colour("line"), ink = colour("text");
    context.textBaseline = "middle";
    for (let h = first; h < last; h++) {
      const y = TOP + h * ROW - offset;
      if (h % 2) { context.globalAlpha = .35; context.fillStyle = line; context.fillRect(0, y, width, ROW); context.globalAlpha = 1; }
      for (const n of rows[h]) {
        const where = place(n);
        if (!where) continue;
        const bad = BAD.has(R.s[n]);
        context.globalAlpha = R.s[n] === 0 ? .55 : R.s[n] === 2 ? .4 : 1;
        context.fillStyle = colours[R.s[n]];
        context.fillRect(where[0], y + (bad ? 1 : 4), bad ? Math.max(3, where[1]) : where[1], bad ? ROW - 2 : ROW - 8);
        context.globalAlpha = 1;
        if (n === at) { context.strokeStyle = ink; context.lineWidth = 2; context.strokeRect(where[0] - 1, y + 2, where[1] + 2, ROW - 4); }
      }
      context.save();
      context.beginPath(); context.rect(0, y, label - 6, ROW); context.clip();
      context.fillStyle = ink; context.textAlign = "left";
      context.fillText(D.hosts[h], 8, y + ROW / 2);
      context.restore();
    }
    context.fillStyle = colour("card"); context.fillRect(0, 0, width, TOP - 2);
    context.strokeStyle = line; context.lineWidth = 1;
    context.beginPath(); context.moveTo(0, TOP - 2.5); context.lineTo(width, TOP - 2.5); context.stroke();
    context.fillStyle = faint;
    if (mode === "task") {
      context.textAlign = "left";
      context.fillText(`${some(D.tasks.length, "task")}, first to last →`, label, TOP / 2);
    } else axis(line, faint, seen);
  }
  function axis(line, faint, seen) {
    const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000];
    const room = width - label - 12, step = steps.find((one) => room * one / length >= 80) || Math.ceil(length / 3600000 / 8) * 3600000;
    for (let ms = 0; ms <= length; ms += step) {
      const x = label + room * ms / length;
      context.textAlign = ms ? "center" : "left";
      if (ms === 0 || x < width - 24) context.fillText(ms < 1000 ? `${ms} ms` : ms < 60000 ? `${ms / 1000} s` : `${Math.floor(ms / 60000)}:${String(Math.round(ms % 60000 / 1000)).padStart(2, "0")}`, x, TOP / 2);
      context.globalAlpha = .6; context.strokeStyle = line;
      context.beginPath(); context.moveTo(x + .5, TOP - 2); context.lineTo(x + .5, seen); context.stroke(); context.globalAlpha = 1;
    }
  }
  function tell(n) {
    at = n;
    const item = text(R.m[n]).split("\n", 1)[0].slice(0, 120);
    said.replaceChildren(tag(R.s[n]), el("b", null, D.hosts[R.h[n]]), ` ${D.tasks[R.t[n]][1]}`,
      el("span", {class: "faint"}, ` ${D.tasks[R.t[n]][2]}${R.b[n] >= 0 ? `, after ${took(R.b[n])}, took ${took(R.d[n])}` : ""}${item ? ` · ${item}` : ""}`));
    draw();
  }
  function under(event) {
    const bounds = canvas.getBoundingClientRect(), x = event.clientX - bounds.left, y = event.clientY - bounds.top;
    const h = Math.floor((y + box.scrollTop - TOP) / ROW);
    if (y < TOP || !rows[h]) return -1;
    let best = -1, least = 6;
    for (const n of rows[h]) {
      const where = place(n);
      if (!where) continue;
      const off = x < where[0] ? where[0] - x : Math.max(0, x - where[0] - where[1]);
      if (off < least) { least = off; best = n; }
    }
    return best;
  }
  box.addEventListener("mousemove", (event) => { const n = under(event); if (n >= 0 && n !== at) tell(n); });
  box.addEventListener("click", (event) => { const n = under(event); if (n >= 0) filter({host: R.h[n]}); });
  box.addEventListener("scroll", draw);
  box.addEventListener("keydown", (event) => {
    const steps = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]};
    if (event.key === "Enter" && at >= 0) return filter({host: R.h[at]});
    if (!steps[event.key]) return;
    event.preventDefault();
    let h = at < 0 ? rows.findIndex((row) => row.length) : R.h[at], index = at < 0 ? -1 : rows[h].indexOf(at);
    const [right, down] = steps[event.key];
    h = Math.max(0, Math.min(rows.length - 1, h + (at < 0 ? 0 : down)));
    if (!rows[h].length) return;
    index = Math.max(0, Math.min(rows[h].length - 1, index + (at < 0 ? 1 : right)));
    const y = TOP + h * ROW;
    if (y - TOP < box.scrollTop) box.scrollTop = y - TOP;
    if (y + ROW > box.scrollTop + box.clientHeight) box.scrollTop = y + ROW - box.clientHeight;
    tell(rows[h][index]);
  });
  const present = [...new Set(R.s)].sort((a, b) => a - b);
  section.append(el("div", {class: "bar"}, buttons), box, said,
    el("ul", {class: "legend"}, present.map((state) => el("li", null, el("i", {class: `b-${STATES[state]}`}), D.states[state]))));
  new ResizeObserver(draw).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  // On paper nobody scrolls; a canvas has its limits all the same.
  const tallest = Math.min(512, height + 2);
  const sized = (most) => { box.scrollTop = 0; box.style.height = `${most}px`; box.style.maxHeight = "none"; draw(); };
  addEventListener("beforeprint", () => sized(Math.min(12000 / (devicePixelRatio || 1), height + 2)));
  addEventListener("afterprint", () => sized(tallest));
  sized(tallest);
}

for (const part of [failures, timeline, path, slow, hosts, diffs, notices, results]) part();
keys();
