/**
 * Changes that make a program smaller or plainer: what shrinking tries.
 *
 * None has to be right: each candidate is run. Those that do not come before the program at hand are left out.
 */
import { CALL_BYTES, Draw, FUZZ_CPUS, SETUP_MAX } from "../../assembly/abi/fuzz.js";
import {
  byTask,
  callOf,
  type Draft,
  type DraftCall,
  IDLE,
  mmOf,
  nameOf,
  replaced,
  themeAt,
  whoOf,
  withByte,
  withMm,
  without,
} from "./draft.js";
import { EVERY, GIB, moved, otherwise, swapTasks } from "./renaming.js";
import { placesOf } from "./table.js";

/** All changes, the biggest steps first, in groups that are gone through one after the other. */
export const changes: readonly ((draft: Draft) => Draft[])[] = [smaller, plainer, otherwise, together];

/** Programs with one thing less. */
function smaller(draft: Draft): Draft[] {
  const { cpus, setup, race, tasks } = draft;
  const all: Draft[] = [];
  for (let task = tasks - 1; task >= 0 && tasks > 1; task--) {
    all.push(withoutTask(draft, task, false), withoutTask(draft, task, true));
  }
  all.push(...inOneTask(draft));
  for (let i = race.length - 1; i >= 0; i--) all.push({ ...draft, race: without(race, i) });
  for (let i = setup.length - 1; i >= 0; i--) all.push({ ...draft, setup: without(setup, i) });
  race.forEach((call, i) => {
    const moved = setup.length < SETUP_MAX ? intoSetup(draft, call) : undefined;
    if (moved !== undefined) all.push({ ...draft, setup: [...setup, moved], race: without(race, i) });
  });
  for (let cpu = FUZZ_CPUS - 1; cpu >= tasks; cpu--) {
    if (cpus[cpu]?.mm !== IDLE) all.push({ ...draft, cpus: withMm(draft, cpu, IDLE) });
  }
  return all;
}

/** A call of the race that a set-up could make for the task's mm: what need not race should not. */
function intoSetup(draft: Draft, call: DraftCall): DraftCall | undefined {
  const builder = themeAt(draft).builders.indexOf(callOf(draft, call));
  if (builder < 0) return undefined;
  return { id: call.id, bytes: [builder, mmOf(draft, whoOf(call)), ...call.bytes.slice(2)] };
}

/** The last task takes the place of the one that goes; its CPU goes on running user code when `stays`. */
function withoutTask(draft: Draft, task: number, stays: boolean): Draft {
  const last = draft.tasks - 1;
  const swapped = swapTasks(draft, task, last);
  const cpus = stays ? swapped.cpus : withMm(swapped, last, IDLE);
  return { ...swapped, tasks: last, cpus, race: swapped.race.filter((call) => whoOf(call) !== last) };
}

/** One task makes the calls of another too, at any point among its own. */
function inOneTask(draft: Draft): Draft[] {
  const all: Draft[] = [];
  for (let from = draft.tasks - 1; from >= 0; from--) {
    for (let to = 0; to < draft.tasks; to++) {
      if (to === from) continue;
      const own = draft.race.filter((call) => whoOf(call) === to);
      const others = draft.race.filter((call) => whoOf(call) !== to && whoOf(call) !== from);
      const taken = draft.race.filter((call) => whoOf(call) === from).map((call) => withByte(call, 1, to));
      for (let at = 0; at <= own.length && taken.length > 0; at++) {
        const race = byTask([...others, ...own.slice(0, at), ...taken, ...own.slice(at)]);
        all.push(withoutTask({ ...draft, race }, from, false), withoutTask({ ...draft, race }, from, true));
      }
    }
  }
  return all;
}

/** Programs with one value made smaller. Bytes that mean the same count as smaller ones. */
function plainer(draft: Draft): Draft[] {
  const all: Draft[] = [];
  draft.cpus.forEach(({ mm }, cpu) => {
    if (mm !== IDLE) for (let value = 0; value < mm; value++) all.push({ ...draft, cpus: withMm(draft, cpu, value) });
  });
  for (const world of lower(draft.world)) all.push({ ...draft, world });
  const ranges = new Set([...draft.setup, ...draft.race].map(({ bytes }) => `${bytes[2]} ${bytes[3]}`));
  for (const list of ["setup", "race"] as const) {
    draft[list].forEach((call, i) => {
      for (const changed of plainerCalls(call, ranges)) {
        const calls = replaced(draft[list], i, changed);
        all.push({ ...draft, [list]: list === "race" ? byTask(calls) : calls });
      }
    });
  }
  return all;
}

/** A range that begins so many GiBs, huge pages or base pages later, and is as much shorter. */
const LATER = [1, 2, 3, 4, 8];

/** The same call with a smaller value; another call at the same place, or where some call of the program is. */
function plainerCalls(call: DraftCall, ranges: ReadonlySet<string>): DraftCall[] {
  const all: DraftCall[] = [];
  for (let name = 0; name < nameOf(call); name++) {
    const other = withByte(call, 0, name);
    all.push(other);
    for (const range of ranges) all.push(withRange(other, ...(range.split(" ").map(Number) as [number, number])));
  }
  for (let who = 0; who < whoOf(call); who++) all.push(withByte(call, 1, who));
  for (let j = 2; j < CALL_BYTES; j++) {
    for (const less of lower(call.bytes[j] as number)) all.push(withByte(call, j, less));
  }
  const [first, length] = call.bytes.slice(2) as [number, number];
  for (let shorter = 0; shorter < (length & 3); shorter++) {
    for (const later of LATER) if ((first & 15) + later < 16) all.push(withRange(call, first + later, shorter));
  }
  return all;
}

const withRange = (call: DraftCall, first: number, length: number): DraftCall =>
  withByte(withByte(call, 2, first), 3, length);

/** Zero, the place without the unit, half, one less. */
const lower = (value: number): number[] =>
  [...new Set([0, value & 15, value >> 1, value - 1])].filter((other) => other >= 0 && other < value);

interface Place {
  readonly list: "setup" | "race";
  readonly i: number;
  readonly j: number;
  readonly value: number;
}

const put = (draft: Draft, { list, i, j, value }: Place): Draft => ({
  ...draft,
  [list]: replaced(draft[list], i, withByte(draft[list][i] as DraftCall, j, value)),
});

/** Arguments of two calls smaller at once: an address with the range that holds it, a page with its mapping. */
function together(draft: Draft): Draft[] {
  const places = (["setup", "race"] as const).flatMap((list) =>
    draft[list].flatMap(({ bytes }, i) =>
      bytes.slice(2).flatMap((old, k) => lower(old).map((value): Place => ({ list, i, j: k + 2, value }))),
    ),
  );
  const both = places.flatMap((a, k) =>
    places.slice(k + 1).flatMap((b) => (a.list === b.list && a.i === b.i ? [] : [put(put(draft, a), b)])),
  );
  return [...both, ...onOtherMemory(draft)];
}

/** Memory of another kind, where it can be; with a plainer call in the set-up, too. */
function onOtherMemory(draft: Draft): Draft[] {
  const all: Draft[] = [];
  draft.setup.forEach((mapping, i) => {
    const j = placesOf(callOf(draft, mapping, true)).find(({ draw }) => draw === Draw.MAP)?.at;
    for (let value = 0; value < 4 && j !== undefined; value++) {
      const other = put(draft, { list: "setup", i, j, value });
      all.push(other, moved(other, whoOf(mapping), GIB, 0, GIB), moved(other, EVERY, GIB, 0, GIB));
      draft.setup.forEach((call, k) => {
        for (let name = 0; name < nameOf(call) && k !== i; name++) {
          all.push(put(other, { list: "setup", i: k, j: 0, value: name }));
        }
      });
    }
  });
  return all;
}
