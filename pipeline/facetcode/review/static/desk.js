"use strict";
// The note's page without a mouse: every action has a key, every change is saved by the server at once.
const desk = document.getElementById("desk");
const byId = (id) => document.getElementById(id);
let chosen = null; // the words selected as evidence: {start, end, text}, offsets in code points
let busy = false;
const opened = Date.now();
const SEEN = 300; // milliseconds before a note's page listens to decisions
let active = 0; // seconds with the page in view and somebody at it
let touched = Date.now();

for (const kind of ["keydown", "pointerdown", "scroll"]) addEventListener(kind, () => { touched = Date.now(); }, { capture: true, passive: true });
setInterval(() => { if (!document.hidden && Date.now() - touched < 60000) active += 1; }, 1000);

function fail(message) {
  const box = byId("error");
  if (!box) return;
  box.textContent = message;
  box.hidden = false;
}

async function send(path, body, more = {}) {
  byId("error").hidden = true;
  let answer;
  try {
    answer = await fetch(path, {
      ...more,
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept": "application/json", "X-CSRF-Token": desk.dataset.csrf },
      body: JSON.stringify(body),
    });
  } catch {
    fail("The desk cannot be reached: nothing was saved. Try again.");
    return null;
  }
  const data = await answer.json().catch(() => ({ error: "internal error; nothing was saved" }));
  if (!answer.ok) { fail(data.error); return null; }
  return data;
}

// ---- words of the note
const length = (text) => Array.from(text).length;
function choose(start, end, text) {
  chosen = { start, end, text };
  byId("chosen").textContent = `“${text.length > 40 ? text.slice(0, 40) + "…" : text}” goes with the next correction`;
  byId("unchoose").hidden = false;
}
function unchoose() {
  if (window.Highlight) CSS.highlights.delete("chosen");
  chosen = null;
  byId("chosen").textContent = "";
  byId("unchoose").hidden = true;
}
function offsetOf(node, offset) {
  const range = document.createRange();
  range.selectNodeContents(byId("note"));
  range.setEnd(node, offset);
  return length(range.toString());
}
function takeSelection() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  if (!byId("note").contains(range.startContainer) || !byId("note").contains(range.endContainer)) return;
  const text = range.toString();
  const start = offsetOf(range.startContainer, range.startOffset);
  const lead = length(text) - length(text.trimStart());
  if (text.trim()) choose(start + lead, start + lead + length(text.trim()), text.trim());
}
function findWords(words) {
  const text = byId("note").textContent;
  const after = chosen ? Array.from(text).slice(0, chosen.start + 1).join("").length : 0;
  const lower = text.toLowerCase();
  let at = lower.indexOf(words.toLowerCase(), after);
  if (at < 0) at = lower.indexOf(words.toLowerCase());
  if (at < 0) { byId("chosen").textContent = "not in the note"; return; }
  const walker = document.createTreeWalker(byId("note"), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let passed = 0, started = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const next = passed + node.data.length;
    if (!started && at < next) { range.setStart(node, at - passed); started = true; }
    if (started && at + words.length <= next) { range.setEnd(node, at + words.length - passed); break; }
    passed = next;
  }
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  const note = byId("note");
  note.scrollTop += range.getBoundingClientRect().top - note.getBoundingClientRect().top - note.clientHeight / 2;
  if (window.Highlight) CSS.highlights.set("chosen", new Highlight(range)); // seen while the keyboard is elsewhere
  choose(length(text.slice(0, at)), length(text.slice(0, at + words.length)), text.slice(at, at + words.length));
}

// ---- what rests on what
function light(refs) {
  const note = byId("note");
  let first = null;
  for (const mark of note.querySelectorAll("mark")) {
    const lit = refs.some((ref) => mark.dataset.refs.split(" ").includes(ref));
    mark.classList.toggle("lit", lit);
    if (lit && !first) first = mark;
  }
  note.classList.toggle("dim", first !== null);
  if (first) first.scrollIntoView({ block: "nearest" });
}
function pick(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of document.querySelectorAll(".pick")) { other.setAttribute("aria-pressed", "false"); other.classList.remove("led"); }
  button.setAttribute("aria-pressed", String(on));
  light(on ? [button.dataset.ref] : []);
  if (on) button.scrollIntoView({ block: "nearest" });
}
function led(mark) {
  const refs = mark.dataset.refs.split(" ");
  let first = null;
  for (const button of document.querySelectorAll(".pick")) {
    const on = refs.includes(button.dataset.ref);
    button.setAttribute("aria-pressed", "false");
    button.classList.toggle("led", on);
    if (on && !first) first = button;
  }
  light([]);
  for (const other of document.querySelectorAll("#note mark.at")) other.classList.remove("at");
  if (first) first.scrollIntoView({ block: "nearest" });
}
function stepMarks(by) {
  const all = Array.from(document.querySelectorAll("#note mark"));
  if (!all.length) return;
  const at = all.findIndex((mark) => mark.classList.contains("at"));
  if (at >= 0) all[at].classList.remove("at");
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length];
  led(next);
  next.classList.add("at");
  next.scrollIntoView({ block: "nearest" });
}
function step(by) {
  const all = Array.from(document.querySelectorAll(".pick"));
  if (!all.length) return;
  const at = all.findIndex((b) => b.getAttribute("aria-pressed") === "true");
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length];
  if (next.getAttribute("aria-pressed") !== "true") pick(next);
}

// ---- changes
function redraw(data) {
  desk.dataset.version = data.version;
  desk.dataset.reason = data.needs_reason ? "1" : "0";
  byId("note").innerHTML = data.note; // made by the server's templates, escaped there
  byId("claim").innerHTML = data.claim;
  byId("saved").textContent = "Saved " + new Date().toLocaleTimeString();
  unchoose();
  // What nobody has written in yet follows the facts.
  for (const [name, value] of [["lines", data.lines.join("\n")], ["body", data.request]]) {
    const field = document.querySelector(`#panels [data-draft="${name}"]`);
    if (field && !field.dataset.touched) field.value = value;
  }
}
async function correct(change) {
  if (busy) return;
  busy = true;
  const focus = document.activeElement && document.activeElement.getAttribute("aria-label");
  if (chosen) change.words = chosen;
  const data = await send(desk.dataset.base + "/correct", { ...change, version: Number(desk.dataset.version) });
  busy = false;
  if (!data) return;
  redraw(data);
  const again = focus && document.querySelector(`#claim [aria-label="${CSS.escape(focus)}"]`);
  if (again) again.focus();
}
function changeOf(element) {
  const change = { fact: element.dataset.fact, do: element.dataset.do };
  if (element.dataset.joint) change.joint = element.dataset.joint;
  if (element.dataset.name) change.name = element.dataset.name;
  if (element.dataset.index) change.index = Number(element.dataset.index);
  return change;
}
async function decide(kind, body = {}) {
  if (busy) return;
  busy = true;
  clearTimeout(keeping); // the decision holds what was written
  keeping = 0;
  const blind = desk.dataset.blind === "1";
  // Before a decision, undo takes back the last one, on whichever note that was.
  const path = kind === "undo" && desk.dataset.done !== "1" ? "/undo" : desk.dataset.base + (blind ? "/submit" : "/" + kind);
  const data = await send(path, { ...body, version: Number(desk.dataset.version), seconds: Math.max(1, Math.min(active + 1, (Date.now() - opened) / 1000)), filters: JSON.parse(desk.dataset.filters) });
  if (data) location.assign(data.next);
  else busy = false;
}
function show(panel) {
  for (const other of document.querySelectorAll("#panels .panel")) other.hidden = true;
  desk.classList.remove("asking");
  if (!panel) return;
  panel.hidden = false;
  desk.classList.add("asking");
  const field = panel.querySelector("input, textarea");
  field.focus();
}
function act(name) {
  if (name === "accept") {
    if (desk.dataset.blind === "1" || desk.dataset.reason === "1") show(byId("panel-accept"));
    else decide("accept");
  } else if (name === "edit") {
    const field = document.querySelector("#facts select[data-fact=level]") || document.querySelector("#facts select");
    if (field) { field.focus(); field.scrollIntoView({ block: "center" }); }
  } else if (name === "skip" || name === "undo") decide(name);
  else show(byId("panel-" + name));
}

let keeping = 0;
function keep(field) {
  if (field) field.dataset.touched = "1";
  if (desk.dataset.blind === "1") return;
  clearTimeout(keeping);
  keeping = setTimeout(keepNow, 600);
}
async function keepNow(more = {}) {
  keeping = 0;
  const body = {};
  for (const field of document.querySelectorAll("#panels [data-touched]")) body[field.dataset.draft] = field.value;
  if (await send(desk.dataset.base + "/draft", body, more)) byId("saved").textContent = "Draft kept " + new Date().toLocaleTimeString();
  else if (!keeping) keeping = setTimeout(keepNow, 5000); // the desk may be back by then
}
// Whoever leaves in the middle of a word finds it again.
addEventListener("pagehide", () => { if (keeping) { clearTimeout(keeping); keepNow({ keepalive: true }); } });

if (desk) {
  setTimeout(() => { desk.dataset.ready = "1"; }, SEEN);
  byId("note").addEventListener("mouseup", takeSelection);
  byId("unchoose").addEventListener("click", unchoose);
  byId("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); if (event.target.value) findWords(event.target.value); }
  });
  document.addEventListener("click", (event) => {
    const target = event.target;
    const button = target.closest("button");
    if (button && button.classList.contains("pick")) return pick(button);
    if (button && button.dataset.act) return act(button.dataset.act);
    if (button && button.dataset.fact && button.type === "button") return correct(changeOf(button));
    const mark = target.closest("#note mark");
    if (mark && getSelection().isCollapsed) led(mark);
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches("select[data-key]")) return;
    const change = changeOf(field);
    change[field.dataset.key] = field.dataset.key === "ordinal" ? (field.value ? Number(field.value) : null) : field.value;
    correct(change);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const said = Object.fromEntries(new FormData(form));
    if (form.dataset.fact) { event.preventDefault(); correct({ ...changeOf(form), ...said }); return; }
    if (!form.id.startsWith("panel-")) return;
    event.preventDefault();
    const kind = form.id.slice("panel-".length);
    const blind = desk.dataset.blind === "1";
    if (kind === "override") {
      const lines = said.lines.split("\n").map((l) => l.trim()).filter(Boolean);
      if (blind) decide("submit", { lines, comment: said.reason });
      else send(desk.dataset.base + "/override", { lines, reason: said.reason, version: Number(desk.dataset.version) }).then((data) => { if (data) { redraw(data); show(null); } });
    } else if (blind) decide("submit", { verdict: kind === "reject" ? "reject" : "claim", comment: said.reason });
    else decide(kind, said);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("#panels [data-draft]")) keep(event.target);
  });
}

function stepRows(by) {
  const all = Array.from(document.querySelectorAll(".list a"));
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if (desk) { show(null); light([]); unchoose(); byId("note").focus(); } else if (field) field.blur();
    return;
  }
  const panel = event.target.closest(".panel");
  if (panel && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); panel.requestSubmit(); return; }
  // A key held down is one key: it must not decide notes that nobody has seen.
  if (field || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && byId("find")) { event.preventDefault(); byId("find").focus(); return; }
  if (desk && (event.key === "j" || event.key === "k")) { event.preventDefault(); step(event.key === "j" ? 1 : -1); return; }
  if (desk && (event.key === "h" || event.key === "l")) { event.preventDefault(); stepMarks(event.key === "l" ? 1 : -1); return; }
  if (!desk && (event.key === "j" || event.key === "k")) { stepRows(event.key === "j" ? 1 : -1); return; }
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not(select)`);
  if (!button) return;
  event.preventDefault();
  // Nor does a key pressed twice decide the note that has only just come up.
  if (button.dataset.act && Date.now() - opened < SEEN) return;
  button.click();
});
