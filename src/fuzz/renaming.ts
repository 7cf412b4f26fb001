/**
 * The same program told otherwise: names of mms and files, places of tasks and CPUs, order of the set-up, addresses.
 */
import { CallFlag, Draw, FUZZ_CPUS, FUZZ_MMS, HUGE_FILES, Theme } from "../../assembly/abi/fuzz.js";
import type { Call } from "../kernel/listing.js";
import {
  byTask,
  callOf,
  type Draft,
  type DraftCall,
  type DraftCpu,
  IDLE,
  mmOf,
  nameOf,
  replaced,
  whoOf,
  withByte,
  without,
} from "./draft.js";
import { flagsOf, placesOf, themes } from "./table.js";

/** Base pages of an address space, of a GiB; what is moved at once. */
const PAGES = 16;
export const GIB = 4;
const UNITS = [GIB, 2, 1];
/** All mms. */
export const EVERY = -1;

export function otherwise(draft: Draft): Draft[] {
  const { cpus, setup, tasks } = draft;
  const all: Draft[] = [];
  for (let a = 0; a < FUZZ_MMS; a++) {
    for (let b = a + 1; b < FUZZ_MMS; b++) {
      all.push(merged(draft, a, b), renamed(draft, a, b));
      // In the mm that takes over, the addresses may be in use.
      for (let from = 0; from < PAGES; from += GIB) {
        for (let to = 0; to < PAGES; to += GIB) if (to !== from) all.push(merged(moved(draft, b, GIB, from, to), a, b));
      }
    }
  }
  for (let a = 0; a < tasks; a++) for (let b = a + 1; b < tasks; b++) all.push(swapTasks(draft, a, b));
  for (let a = tasks; a < FUZZ_CPUS; a++) {
    for (let b = a + 1; b < FUZZ_CPUS; b++) {
      all.push({ ...draft, cpus: replaced(replaced(cpus, a, cpus[b] as DraftCpu), b, cpus[a] as DraftCpu) });
    }
  }
  for (let from = 1; from < setup.length; from++) {
    for (let to = 0; to < from; to++) {
      const rest = without(setup, from);
      all.push({ ...draft, setup: [...rest.slice(0, to), setup[from] as DraftCall, ...rest.slice(to)] });
    }
  }
  if (draft.theme === Theme.HUGETLB) all.push(otherFiles(draft));
  else all.push(...translations(draft));
  const used = usedPages(draft);
  const mms = [...new Set(cpus.map(({ mm }) => mm))].filter((mm) => mm !== IDLE);
  for (const mm of mms.length > 1 ? [...mms, EVERY] : [EVERY]) {
    for (const unit of UNITS) {
      for (const from of new Set(used.map((page) => page & -unit))) {
        for (let to = 0; to < from; to += unit) all.push(moved(draft, mm, unit, from, to));
      }
    }
  }
  return all;
}

/** Pages that calls begin at. */
function usedPages(draft: Draft): number[] {
  const used = new Set<number>();
  mapCalls(draft, (call, what) => {
    for (const { draw, at } of addressesOf(what)) used.add(pageOf(draft, call, what, draw, call.bytes[at] as number));
    return call;
  });
  return [...used].sort((a, b) => a - b);
}

/** Tasks, with their CPUs, change places. */
export function swapTasks(draft: Draft, a: number, b: number): Draft {
  const place = (i: number): number => (i === a ? b : i === b ? a : i);
  return {
    ...draft,
    cpus: draft.cpus.map((_, i) => draft.cpus[place(i)] as DraftCpu),
    race: byTask(draft.race.map((call) => withByte(call, 1, place(whoOf(call))))),
  };
}

/** Two mms change their names. */
const renamed = (draft: Draft, a: number, b: number): Draft =>
  withNames(draft, (mm) => (mm === a ? b : mm === b ? a : mm));

/** What one mm did, another one does. */
const merged = (draft: Draft, into: number, gone: number): Draft => withNames(draft, (mm) => (mm === gone ? into : mm));

function withNames(draft: Draft, name: (mm: number) => number): Draft {
  const target = (call: DraftCall): DraftCall => {
    const switches = (flagsOf(callOf(draft, call)) & CallFlag.SWITCHES) !== 0;
    return switches ? withByte(call, 2, name((call.bytes[2] as number) % FUZZ_MMS)) : call;
  };
  return {
    ...draft,
    cpus: draft.cpus.map(({ id, mm }) => ({ id, mm: mm === IDLE ? mm : name(mm) })),
    setup: draft.setup.map((call) => withByte(call, 1, name(whoOf(call)))),
    race: draft.race.map(target),
  };
}

/** Every call changed, with what it is and the mm that it works in. */
function mapCalls(draft: Draft, change: (call: DraftCall, what: Call, mm: number) => DraftCall): Draft {
  const setup = draft.setup.map((call) => change(call, callOf(draft, call, true), whoOf(call)));
  return {
    ...draft,
    setup,
    race: draft.race.map((call) => change(call, callOf(draft, call), mmOf(draft, whoOf(call)))),
  };
}

const ADDRESSES: ReadonlySet<Draw> = new Set([Draw.RANGE, Draw.ADDRESS, Draw.DESTINATION, Draw.HUGE_RANGE]);

/** `unit` pages of an mm from page `from` on go to `to`, and those there to the first. */
export function moved(draft: Draft, mm: number, unit: number, from: number, to: number): Draft {
  const move = (page: number): number => {
    const first = page & -unit;
    if (first === from) return page + to - from;
    return first === to ? page + from - to : page;
  };
  return mapCalls(draft, (call, what, of) => {
    if (mm !== EVERY && mm !== of) return call;
    return addressesOf(what).reduce((changed, { draw, at }) => {
      const value = changed.bytes[at] as number;
      const shift = shiftOf(draft, draw);
      const page = pageOf(draft, changed, what, draw, value);
      const next = move(page);
      return next === page ? changed : withByte(changed, at, (value & 0xf0) | ((next << shift) & 15));
    }, call);
  });
}

const addressesOf = (what: Call): readonly { readonly draw: Draw; readonly at: number }[] =>
  placesOf(what).filter(({ draw }) => ADDRESSES.has(draw));

/** Sixteen places of an address space are a page each about hugetlb; elsewhere fewer pages are in reach. */
function shiftOf({ theme }: Draft, draw: Draw): number {
  if (theme === Theme.HUGETLB) return 0;
  return draw === Draw.DESTINATION || (draw === Draw.ADDRESS && theme === Theme.GUESTS) ? 1 : 2;
}

function pageOf(draft: Draft, call: DraftCall, what: Call, draw: Draw, value: number): number {
  return ((value & 15) >> shiftOf(draft, draw)) + (isLifted(draft, call, what) ? GIB : 0);
}

/** Huge pages that are said to be mapped in the first GiB are mapped in the second (assembly/fuzz/arguments.ts). */
function isLifted({ theme }: Draft, { bytes }: DraftCall, what: Call): boolean {
  const kind = placesOf(what).find(({ draw }) => draw === Draw.MAP);
  return (
    theme === Theme.HUGETLB &&
    kind !== undefined &&
    ((bytes[kind.at] as number) & 3) < 2 &&
    ((bytes[2] as number) & 15) < GIB
  );
}

/** The files of huge pages change places. */
function otherFiles(draft: Draft): Draft {
  const { world } = draft;
  const swapped = { ...draft, world: (world & ~15) | ((world & 3) << 2) | ((world >> 2) & 3) };
  return mapCalls(swapped, (call, what) =>
    placesOf(what).reduce((changed, { draw, at }) => {
      const value = changed.bytes[at] as number;
      if (draw === Draw.FILE) return withByte(changed, at, HUGE_FILES - 1 - (value % HUGE_FILES));
      return draw === Draw.MAP && (value & 3) < 2 ? withByte(changed, at, value ^ 4) : changed;
    }, call),
  );
}

/** The same calls in a theme that comes before, what is mapped and where said in its bytes. */
function translations(draft: Draft): Draft[] {
  const all: Draft[] = [];
  for (let theme = 0; theme < draft.theme; theme++) {
    for (const kind of MAPPINGS) for (const whole of [false, true]) all.push(...translated(draft, theme, kind, whole));
  }
  return all;
}

/** First bytes that mean anonymous memory or an ordinary file in some theme. */
const MAPPINGS = [0, 2, 3];
/** Bits of a range of base pages about hugetlb; elsewhere four places are one page. */
const BASE_PAGES = 0x30;

function translated(draft: Draft, theme: number, kind: number, whole: boolean): Draft[] {
  const { calls, builders } = themes[theme] as (typeof themes)[number];
  const isLarge = theme === Theme.HUGETLB;
  const change = (call: DraftCall, what: Call): DraftCall =>
    placesOf(what).reduce((changed, { draw, at }) => {
      const value = changed.bytes[at] as number;
      if (draw === Draw.MAP) return withByte(changed, at, kind);
      if (draw === Draw.ADDRESS && isLarge) return withByte(changed, at, value >> 2);
      if (draw !== Draw.RANGE) return changed;
      if (whole) return withByte(withByte(changed, at, 0), at + 1, isLarge ? 0 : 3);
      const length = changed.bytes[at + 1] as number;
      if (!isLarge) return changed;
      return withByte(withByte(changed, at, BASE_PAGES | ((value & 15) >> 2)), at + 1, Math.max(0, (length & 3) - 1));
    }, call);
  const named = (list: readonly Call[], call: DraftCall, what: Call): DraftCall =>
    withByte(change(call, what), 0, list.indexOf(what));
  const setup = draft.setup.map((call) => named(builders, call, callOf(draft, call, true)));
  const race = draft.race.map((call) => named(calls, call, callOf(draft, call)));
  const exists = [...setup, ...race].every((call) => nameOf(call) >= 0);
  return exists ? [{ ...draft, theme, setup, race }] : [];
}
