// The story of one schedule, step by step: what each CPU does, and what stands in memory meanwhile. Reads the JSON of
// #data; src/report/page.ts writes it.
const data = JSON.parse(document.getElementById("data").textContent);
const { rows, states, cpus } = data;
const byId = (id) => document.getElementById(id);

/** An element with classes, text and children. */
function make(tag, className = "", text = "", ...children) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  if (text !== "") made.textContent = text.replaceAll("->", "\u2192");
  made.append(...children);
  return made;
}

const kindOfNote = (note) =>
  note.startsWith(">>> ")
    ? "broken"
    : note.includes("may still hold")
      ? "owed"
      : note.includes("no longer holds")
        ? "clean"
        : "";

function cardOf(row) {
  const card = make("div", "card");
  const notes = row.notes.map((note) => {
    const kind = kindOfNote(note);
    const name = note.replace(/^>>> /, "");
    return make("li", kind, kind === "broken" ? `${name}: ${data.meanings[name] ?? ""}` : note);
  });
  const kinds = row.notes.map(kindOfNote);
  card.classList.add(row.kind);
  if (row.kind === "task" && notes.length === 0) card.classList.add("quiet");
  if (kinds.includes("owed")) card.classList.add("owes");
  if (kinds.includes("broken")) card.classList.add("breaks");
  const line = row.fn === "" ? row.who : `${row.who} · ${row.fn}: ${row.text}`;
  if (card.classList.contains("quiet")) card.append(make("div", "", row.effect));
  else card.append(make("div", "fn", line), make("div", "", row.effect));
  card.title = line;
  if (notes.length > 0) card.append(make("ul", "", "", ...notes));
  return card;
}

/** What stands above the first step of a livelock's round. */
const repeats = () => make("div", "repeats", "from here on these steps repeat for ever");

const cards = [];
const story = byId("story");
story.style.gridTemplateColumns = `30px repeat(${cpus.length}, minmax(0, 1fr))`;
story.append(make("div", "head"));
cpus.forEach((cpu, i) => {
  story.append(make("div", "head", `CPU${i} `, make("small", "", cpu)));
});
rows.forEach((row, i) => {
  const number = make("div", "number", row.step === undefined ? "*" : String(row.step));
  const card = cardOf(row);
  card.style.gridColumn = row.wide ? "2 / -1" : String(row.cpu + 2);
  for (const part of [number, card]) part.style.gridRow = String(i + 2);
  number.style.gridColumn = "1";
  card.addEventListener("click", () => go(i + 1));
  if (data.round !== undefined && row.step === data.round.from) card.prepend(repeats());
  story.append(number, card);
  cards.push(card);
});

/** Entries of one mm, with those of the step before that are gone. */
function entriesOf(mm, now, before) {
  const key = (entry) => `${"  ".repeat(entry.depth)}${entry.at} → ${entry.table ? "table " : ""}${entry.to}`;
  const rights = (entry) => (entry.table ? "" : entry.writable ? "  rw" : "  r-");
  const own = (state) => state.entries.filter((entry) => entry.mm === mm);
  const old = new Set(own(before).map((entry) => key(entry) + rights(entry)));
  const fresh = new Set(own(now).map((entry) => key(entry) + rights(entry)));
  const lines = own(now).map((entry) => {
    const text = key(entry) + rights(entry);
    return make("div", old.has(text) ? "entry" : "entry new", text);
  });
  for (const text of old) if (!fresh.has(text)) lines.push(make("div", "entry gone", text));
  return lines;
}

function showTables(now, before) {
  const boxes = data.mms.map((mm) => {
    const lines = entriesOf(mm, now, before);
    return make("div", "", "", make("h3", "", mm), ...(lines.length > 0 ? lines : [make("div", "none", "empty")]));
  });
  byId("tables").replaceChildren(...boxes);
}

/** What hardware was seen to cache on the way to row `at`: the witness. */
function seenBy(cpu, at) {
  return rows.slice(0, at).flatMap((row) => (row.caches !== undefined && row.cpu === cpu ? [row.caches] : []));
}

function showCpus(now, at) {
  const free = new Set(now.frames.filter(({ use }) => use === "free").map(({ name }) => name));
  const boxes = now.cpus.map((cpu, i) => {
    const runs = cpu.mm === null ? "runs no mm" : `runs ${cpu.mm}${cpu.lazy ? ", lazy" : ""}`;
    const head = make("h3", "", `CPU${i} `, make("small", "", cpu.interrupted ? `${runs}; an interrupt waits` : runs));
    const owed = now.owed.filter((one) => one.cpus.includes(i)).map(({ what, mm }) => `${what} of ${mm}`);
    const stale = [...new Set(owed)].map((what) => {
      const isFree = free.has(what.split(" ").at(-3));
      return make("span", isFree ? "stale freed" : "stale", isFree ? `${what}, which is free` : what);
    });
    const seen = seenBy(i, at).map((what) => make("span", "stale seen", `${what}, cached`));
    const nothing = stale.length + seen.length === 0 ? [make("span", "none", "nothing stale")] : [];
    return make("div", "cpu", "", head, ...stale, ...seen, ...nothing);
  });
  byId("cpus").replaceChildren(...boxes);
}

const LOCK = /^(takes|drops|keeps) (.*?(?:lock|rwsem|ptl|mutex).*?)(?: for (write|read)(?: only)?)?$/;

/** Locks that are held after row `at`, by what the steps said. */
function locksAfter(at) {
  const held = new Map();
  for (const { who, effect } of rows.slice(0, at)) {
    const [, verb, lock, how] = LOCK.exec(effect) ?? [];
    if (verb === "drops") held.delete(`${who} ${lock}`);
    else if (verb !== undefined) held.set(`${who} ${lock}`, `${who}: ${lock}${how === undefined ? "" : `, ${how}`}`);
  }
  return [...held.values()];
}

function showRest(now, at) {
  const locks = locksAfter(at).map((text) => make("span", "chip", text));
  byId("locks").replaceChildren(...(locks.length > 0 ? locks : [make("span", "none", "none is held")]));
  const used = data.frames.map((name) => {
    const { use } = now.frames.find((frame) => frame.name === name);
    return make("span", use === "free" ? "chip free" : "chip", use === "free" ? `${name} is free` : `${name} ${use}`);
  });
  byId("frames").replaceChildren(...used);
}

let at = 0;
/** Shows the story after its first `row` rows, and scrolls there unless told not to. */
function go(row, isQuiet = false) {
  at = Math.max(0, Math.min(rows.length, row));
  const stateAt = (i) => states[i === 0 ? 0 : rows[i - 1].state];
  cards.forEach((card, i) => {
    card.classList.toggle("later", i >= at);
    card.classList.toggle("now", i === at - 1);
  });
  showTables(stateAt(at), stateAt(Math.max(0, at - 1)));
  showCpus(stateAt(at), at);
  showRest(stateAt(at), at);
  byId("slider").value = String(at);
  const row1 = rows[at - 1];
  byId("where").textContent =
    row1 === undefined ? "at the start" : row1.step === undefined ? "witness" : `step ${row1.step}`;
  if (!isQuiet) history.replaceState(null, "", `#${at}`);
  if (!isQuiet) cards[at - 1]?.scrollIntoView({ block: "nearest" });
}

/** The next row, in a direction, at which something happens that another CPU can notice. */
function next(direction) {
  let row = at + direction;
  while (row > 0 && row < rows.length && cards[row - 1].classList.contains("quiet")) row += direction;
  go(row);
}

const KEYS = {
  ArrowRight: () => go(at + 1),
  ArrowLeft: () => go(at - 1),
  ArrowDown: () => next(1),
  ArrowUp: () => next(-1),
  Home: () => go(0),
  End: () => go(rows.length),
};
addEventListener("keydown", (event) => {
  const act = event.altKey || event.ctrlKey || event.metaKey ? undefined : KEYS[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});
byId("slider").max = String(rows.length);
byId("slider").addEventListener("input", (event) => go(Number(event.target.value)));
byId("back").addEventListener("click", () => go(at - 1));
byId("on").addEventListener("click", () => go(at + 1));
byId("notable").addEventListener("click", () => next(1));
// A link may name a row; without one the page begins with the whole story.
if (location.hash === "") go(rows.length, true);
else go(Number(location.hash.slice(1)) || 0);
