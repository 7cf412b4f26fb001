/**
 * Learning what steps use, for the search that leaves schedules out: from random runs first, then from the search.
 *
 * Protocol
 *   `learn` once; `relyOnWhatIsKnown` when a search begins; `isConfirmed` when something was learned since. A search
 *   that relied on what was not so is no proof, and is begun again with what is known now. The search that ends without
 *   such news proves what it relied on: the first step of any schedule that used more than was known would itself have
 *   been tried, because everything before it kept to what was known (docs/search.md).
 */
import { Run } from "../abi/layout";
import { Op } from "../abi/ops";
import { setPendingIsCount } from "../mm/gather";
import { enabledMask, kernelAgents, reset } from "../run";
import { codeBase, get, logInto, runWord, scriptBase, tasks } from "../word";
import { conflictsBytes, conflictsStart, knownPlaces, lockCount, signature } from "./conflicts";
import { AGENTS_MAX, noteWhoRuns } from "./persistent";
import {
  isForeign,
  news,
  overflown,
  PLACES_MAX,
  placeCount,
  placeOf,
  placesBytes,
  placesStart,
  requestOf,
  stepNoted,
} from "./places";
import { looseCpus } from "./symmetry";

/** Random runs to learn from: at least, and at most. */
const RUNS_MIN: u32 = 64;
const RUNS_MAX: u32 = 2048;

let conflictsAt: u32 = 0;
/** What was known when the search began. */
let relied: u32 = 0;
let usable: bool = false;

/** Bytes that the reduction needs, pairs of places included. */
export function reductionBytes(): u32 {
  return placesBytes() + conflictsBytes(PLACES_MAX) + 128;
}

/** Learns from random runs. The memory from byte `at` on is its own. */
export function learn(at: u32): void {
  placesStart(at);
  conflictsAt = (at + placesBytes() + 63) & ~63;
  setPendingIsCount(isPendingCount());
  logInto(0, 0, 0, 0);
  let seed: u64 = 0x2545f4914f6cdd1d;
  let last: u32 = 0;
  let quietSince: u32 = 0;
  for (let i: u32 = 0; i < RUNS_MAX && !overflown; i++) {
    seed = randomRun(seed, i & 3);
    if (news() != last) quietSince = i;
    last = news();
    if (i - quietSince >= max(RUNS_MIN, i >> 1)) break;
  }
}

/** No line of the listings treats mm->tlb_flush_pending as a bool. */
function isPendingCount(): bool {
  for (let at = codeBase; at < scriptBase; at += 4) if (get(at) == <u32>Op.PENDING && get(at + 1) < 2) return false;
  return true;
}

function next(seed: u64): u64 {
  let x = seed;
  x ^= x << 13;
  x ^= x >> 7;
  return x ^ (x << 17);
}

/** One run; the larger `style`, the longer an agent stays on. */
function randomRun(from: u64, style: u32): u64 {
  reset();
  let seed = from;
  let agent: u32 = 0;
  const stay: u32 = style == 0 ? 0 : 256 - (256 >> (2 * style - 1));
  for (let step: u32 = 0; step < runWord(Run.STEPS_MAX) && step < 4096; step++) {
    const mask = enabledMask();
    if (mask == 0) break;
    seed = next(seed);
    const on = ((mask >> agent) & 1) != 0 && (<u32>(seed >> 20) & 255) < stay;
    if (!on) agent = pick(mask, <u32>(seed >> 32));
    stepNoted(agent, placeFor(agent));
  }
  return seed;
}

function pick(mask: u64, random: u32): u32 {
  let left = random % <u32>popcnt(mask);
  let rest = mask;
  while (left > 0) {
    rest &= rest - 1;
    left--;
  }
  return <u32>ctz(rest);
}

function placeFor(agent: u32): u32 {
  return agent < tasks ? placeOf(agent) : requestOf(agent - tasks);
}

/** A search begins: works out what may be left out. The machine stands at the initial state. */
export function relyOnWhatIsKnown(): void {
  noteWhoRuns();
  for (let task: u32 = 0; task < tasks; task++) placeOf(task);
  usable = !overflown && !isForeign() && kernelAgents() < AGENTS_MAX;
  if (usable) usable = conflictsStart(conflictsAt, PLACES_MAX, looseCpus());
  relied = news();
}

/**
 * Whether what has been learned since leaves all that was relied on as it was. It is relied on too from here on, unless
 * the answer is no.
 */
export function isConfirmed(): bool {
  const count = knownPlaces();
  const cuts = lockCount;
  const before = signature(count, cuts);
  usable = !overflown && !isForeign() && conflictsStart(conflictsAt, PLACES_MAX, looseCpus());
  relied = news();
  return usable && lockCount >= cuts && signature(count, cuts) == before;
}

/** Nothing has been learned since the search began. */
export function isProven(): bool {
  return !usable || news() == relied;
}

/** The reduction does something: what tasks do is known well enough. */
export function isUsable(): bool {
  return usable;
}

export function placesKnown(): u32 {
  return placeCount;
}
