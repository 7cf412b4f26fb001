/**
 * Calls, written as bytes: what a new program is made of, and what is put into a changed one.
 *
 * Half of the new programs have half of the calls, or three quarters, switched off: what a rare mixture hides, a
 * program of two kinds of call shows (swarm). A program about hugetlb is often about one GiB.
 */
import {
  CALL_BYTES,
  CallEntry,
  CallFlag,
  FUZZ_CPUS,
  LOAD_CALL,
  MMAP_CALL,
  MREMAP_CALL,
  MUNMAP_CALL,
  Theme,
} from "../abi/fuzz";
import { get } from "../word";
import { input, listOf, namedIn } from "./block";
import { tasksOf, themeOf } from "./program";
import { below, next, onceIn } from "./rng";

let muted: u64 = 0;
/** The GiB that a program about hugetlb is about, in sixteenths of the space; 0 when it is about no single one. */
let focus: u32 = 0;
/** Huge pages that every mapping has from there on; 0: mappings have whole GiBs. */
let extent: u32 = 0;

/** Byte `i` of the input. */
export function setByte(i: u32, value: u32): void {
  store<u8>(input + i, <u8>value);
}

/** Calls of the set-up and of the race. */
export function setCounts(setup: u32, race: u32): void {
  setByte(5, setup);
  setByte(6, race);
}

/** A call that is not switched off. */
export function drawCall(): u32 {
  const calls = get(listOf(themeOf(), false));
  let call = below(calls);
  let tries: u32 = 0;
  while (((muted >> <u64>call) & 1) != 0 && tries < 64) {
    call = below(calls);
    tries++;
  }
  return call;
}

/** Half of the time some calls are switched off. */
export function drawSwarm(): void {
  muted = 0;
  if (onceIn(2)) return;
  muted = ((<u64>next()) << 32) | <u64>next();
  if (onceIn(2)) muted |= ((<u64>next()) << 32) | <u64>next();
}

function fillCall(at: u32, call: u32, who: u32): void {
  store<u8>(at, <u8>call);
  store<u8>(at + 1, <u8>who);
  store<u32>(at + 2, next());
  store<u16>(at + 6, <u16>next());
}

function flagsOf(call: u32): u32 {
  return get(namedIn(listOf(themeOf(), false), call) + CallEntry.FLAGS);
}

/** A call of the race. Of huge pages, mostly where the mappings are; to an mm that a CPU runs, more often than not. */
export function fillRace(at: u32): void {
  const call = drawCall();
  fillCall(at, call, next());
  if ((flagsOf(call) & CallFlag.SWITCHES) != 0 && onceIn(2)) store<u8>(at + 2, load<u8>(input + 1 + below(FUZZ_CPUS)));
  if (themeOf() == Theme.HUGETLB) aim(at);
}

/** Where the mappings are. */
function aim(at: u32): void {
  if (focus != 0 && !onceIn(4)) store<u8>(at + 2, <u8>((below(3) << 4) | (focus + 2 * below(2))));
  else if (onceIn(2)) store<u8>(at + 2, <u8>((below(3) << 4) | (4 + 2 * below(4))));
}

/** What is mapped goes to right behind where it was: into the middle of another GiB as often as not. */
export function fillMove(at: u32): void {
  fillCall(at, MREMAP_CALL, next());
  fillExtent(at);
  // A huge page is two sixteenths of the space.
  store<u8>(at + 4, <u8>(focus + 2 * extent));
}

/** The range that all mappings have, in huge pages. */
function fillExtent(at: u32): void {
  store<u8>(at + 2, <u8>((2 << 4) | focus));
  store<u8>(at + 3, <u8>(extent - 1));
}

/** Three calls of one task: it leaves its mm for another one, does something there, and comes back. */
export function fillAway(at: u32): void {
  const calls = get(listOf(themeOf(), false));
  let call = below(calls);
  let tries: u32 = 0;
  while ((flagsOf(call) & CallFlag.SWITCHES) == 0 && tries < 64) {
    call = below(calls);
    tries++;
  }
  const who = below(tasksOf());
  const home: u32 = load<u8>(input + 1 + who);
  fillCall(at, call, who);
  store<u8>(at + 2, <u8>(home + 1 + below(2)));
  fillRace(at + CALL_BYTES);
  store<u8>(at + CALL_BYTES + 1, <u8>who);
  fillCall(at + 2 * CALL_BYTES, call, who);
  store<u8>(at + 2 * CALL_BYTES + 2, <u8>home);
}

/** The call before, once more by the same task, with arguments of its own. */
export function fillAgain(at: u32): void {
  const before = at - CALL_BYTES;
  fillCall(at, load<u8>(before), load<u8>(before + 1));
  if (themeOf() == Theme.HUGETLB) aim(at);
}

/** Three calls of one task: a range is unmapped, something else is mapped there, and touched. */
export function fillReuse(at: u32, who: u32): void {
  fillRace(at);
  store<u8>(at + 1, <u8>who);
  store<u8>(at, <u8>MUNMAP_CALL);
  // One huge page more often than not, so that its neighbour keeps the table.
  if (focus != 0 && !onceIn(4)) {
    store<u8>(at + 2, <u8>((2 << 4) | (focus + 2 * below(2))));
    store<u8>(at + 3, 0);
  }
  const mapping = at + CALL_BYTES;
  fillCall(mapping, MMAP_CALL, load<u8>(at + 1));
  store<u16>(mapping + 2, load<u16>(at + 2));
  fillCall(mapping + CALL_BYTES, LOAD_CALL, load<u8>(at + 1));
  store<u8>(mapping + CALL_BYTES + 2, load<u8>(at + 2) & 15);
}

/** mmap is the builder with a mapping to draw: it takes the most bytes of them. */
function mapper(): u32 {
  const list = listOf(themeOf(), true);
  const builders = get(list);
  let best: u32 = 0;
  let most: u32 = 0;
  for (let i: u32 = 0; i < builders; i++) {
    const count = get(namedIn(list, i) + CallEntry.COUNT);
    if (count <= most) continue;
    most = count;
    best = i;
  }
  return best;
}

/** Whole GiBs of the first file from its start, more often than not: what tables are shared for. */
export function fillMapping(at: u32, mm: u32): void {
  fillCall(at, mapper(), mm);
  if (onceIn(4)) return;
  if (themeOf() != Theme.HUGETLB) {
    // All of the first GiB, of any kind.
    store<u8>(at + 2, 0);
    store<u8>(at + 3, 3);
    store<u8>(at + 5, 0);
    return;
  }
  const start: u32 = focus != 0 ? focus : (1 + below(2)) << 2;
  store<u8>(at + 2, <u8>(start | (below(2) << 4)));
  store<u8>(at + 3, <u8>below(2));
  if (extent != 0) fillExtent(at);
  store<u8>(at + 4, <u8>(focus == 0 && onceIn(4) ? next() : 0));
  store<u8>(at + 5, 0);
  store<u8>(at + 6, 0);
}

/** An access near where the mappings are. */
export function fillTouch(at: u32, mm: u32): void {
  const builders = get(listOf(themeOf(), true));
  let call = below(builders);
  if (call == mapper()) call = (call + 1) % builders;
  fillCall(at, call, mm);
  if (themeOf() != Theme.HUGETLB) return;
  const pages: u32 = extent != 0 ? extent : 2;
  store<u8>(at + 2, <u8>(focus != 0 ? focus + 2 * below(pages) : 4 + below(8)));
}

/**
 * Where huge pages are from now on, in sixteenths of the space; 0: anywhere. How many of them every mapping has; 0:
 * whole GiBs.
 */
export function aimAt(place: u32, pages: u32): void {
  focus = place;
  extent = pages;
}

/** No call is switched off, and none is aimed at a GiB. */
export function anyCall(): void {
  muted = 0;
  aimAt(0, 0);
}
