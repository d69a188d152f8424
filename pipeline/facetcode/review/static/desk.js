"use strict";
// The note's page without a mouse: every action has a key, every change is saved by the server at once.
const desk = document.getElementById("desk");
const byId = (id) => document.getElementById(id);
let chosen = null; // the words selected as evidence: {start, end, text}, offsets in code points
let busy = false;
const opened = Date.now();
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

async function send(path, body) {
  byId("error").hidden = true;
  let answer;
  try {
    answer = await fetch(desk.dataset.base + path, {
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
  range.startContainer.parentElement.scrollIntoView({ block: "center" });
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
  if (first) first.scrollIntoView({ block: "nearest" });
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
  const lines = document.querySelector("#panel-override [name=lines]");
  if (lines) lines.value = Array.from(document.querySelectorAll(".lines .pick")).map((b) => b.dataset.word || "").filter(Boolean).join("\n") || lines.value;
}
async function correct(change) {
  if (busy) return;
  busy = true;
  const focus = document.activeElement && document.activeElement.getAttribute("aria-label");
  if (chosen) change.words = chosen;
  const data = await send("/correct", { ...change, version: Number(desk.dataset.version) });
  busy = false;
  if (!data) return;
  redraw(data);
  const again = focus && document.querySelector(`#claim [aria-label="${CSS.escape(focus)}"]`);
  if (again) again.focus();
}
function changeOf(element) {
  const change = { fact: element.dataset.fact, do: element.dataset.do };
  if (element.dataset.joint) change.joint = element.dataset.joint;
  if (element.dataset.index) change.index = Number(element.dataset.index);
  return change;
}
async function decide(kind, body = {}) {
  if (busy) return;
  busy = true;
  const blind = desk.dataset.blind === "1";
  const path = blind ? "/submit" : "/" + kind;
  const data = await send(path, { ...body, version: Number(desk.dataset.version), seconds: Math.max(1, Math.min(active + 1, (Date.now() - opened) / 1000)), filters: JSON.parse(desk.dataset.filters) });
  busy = false;
  if (data) location.assign(data.next);
}
function show(panel) {
  for (const other of document.querySelectorAll("#panels .panel")) other.hidden = true;
  if (!panel) return;
  panel.hidden = false;
  const field = panel.querySelector("input, textarea");
  field.focus();
  panel.scrollIntoView({ block: "nearest" });
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
function keep(form) {
  clearTimeout(keeping);
  if (desk.dataset.blind === "1") return;
  keeping = setTimeout(async () => {
    const body = Object.fromEntries(new FormData(form));
    if (await send("/draft", body)) byId("saved").textContent = "Draft kept " + new Date().toLocaleTimeString();
  }, 600);
}

if (desk) {
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
      else send("/override", { lines, reason: said.reason, version: Number(desk.dataset.version) }).then((data) => { if (data) { redraw(data); show(null); } });
    } else if (blind) decide("submit", { verdict: kind === "reject" ? "reject" : "claim", comment: said.reason });
    else decide(kind, said);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#panels .panel");
    if (form) keep(form);
  });
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if (desk) { show(null); light([]); unchoose(); byId("note").focus(); } else if (field) field.blur();
    return;
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && byId("find")) { event.preventDefault(); byId("find").focus(); return; }
  if (desk && (event.key === "j" || event.key === "k")) { event.preventDefault(); step(event.key === "j" ? 1 : -1); return; }
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not(select)`);
  if (button) { event.preventDefault(); button.click(); }
});
