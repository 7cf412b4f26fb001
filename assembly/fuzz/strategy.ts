/**
 * How a schedule is drawn: uniform, PCT, partial-order sampling, weighted by what each agent has left, starvation.
 *
 *   UNIFORM  each agent that can move, with equal chance
 *   PCT      random priorities with d - 1 changes: a bug of depth d is hit with at least 1 / (n * k^(d-1)) a run, for n
 *            agents and k steps (Burckhardt et al., ASPLOS 2010)
 *   POS      every pending step has a random priority; a step that conflicts with the one taken draws a new one
 *            (Yuan, Yang and Gu, CAV 2018)
 *   URW      weighted by the steps that the agent has left, as the run before says: every interleaving equally likely
 *            when the counts are right (ASPLOS 2025, as in Shuttle)
 *   STARVE   one task is held back for a random number of steps or as long as others can move, from its first step
 *            or from any of its own on; half of the time the others go one after the other. A window of one step in a
 *            short task is met as often as any of its steps, however long the others are
 */
import { FuzzWord, Strategy } from "../abi/fuzz";
import { kernelAgents } from "../run";
import { tasks } from "../word";
import { objectOf } from "./agents";
import { word } from "./block";
import { below, belowIf, next, onceIn } from "./rng";

const AGENTS: u32 = 64;
const CHANGES: u32 = 16;
const NEVER: u32 = 0xffffffff;
/** Steps that a task is taken to have before anything is known of it. */
const GUESS: u32 = 40;

const order = memory.data(64 * 4);
const changes = memory.data(16 * 4);
const priorities = memory.data(64 * 4);
const expected = memory.data(64 * 4);
const taken = memory.data(64 * 4);
const objects = memory.data(64 * 4);

let strategy: u32 = Strategy.UNIFORM;
let changeCount: u32 = 0;
let nextChange: u32 = NEVER;
let starved: u32 = 0;
/** Steps that the starved task makes first; then, for how many steps it is held back. */
let starvedFrom: u32 = 0;
let starvedFor: u32 = 0;
let isSerial: bool = false;
/** Steps of the last run: the length that change points are drawn from. */
let lastLength: u32 = 64;

function at(base: usize, i: u32): u32 {
  return load<u32>(base + (i << 2));
}

function setAt(base: usize, i: u32, value: u32): void {
  store<u32>(base + (i << 2), value);
}

/** A new program: nothing is known of its tasks. */
export function newProgram(): void {
  for (let i: u32 = 0; i < AGENTS; i++) setAt(expected, i, GUESS);
}

/** Draws what the strategy needs before a run. The portfolio draws one of the others. */
export function startSchedule(): void {
  if (!known) learnPlaces();
  strategy = word(FuzzWord.STRATEGY);
  let depth = word(FuzzWord.DEPTH);
  if (strategy == Strategy.PORTFOLIO) {
    strategy = 1 + below(Strategy.COUNT - 1);
    depth = 2 + below(3);
  }
  const agents = kernelAgents();
  if (strategy == Strategy.PCT) startPct(agents, depth);
  else if (strategy == Strategy.POS) {
    for (let i: u32 = 0; i < agents; i++) setAt(priorities, i, next());
  } else if (strategy == Strategy.URW) memory.fill(taken, 0, AGENTS << 2);
  else if (strategy == Strategy.STARVE) startStarving(agents);
}

function startStarving(agents: u32): void {
  starved = below(tasks);
  starvedFrom = onceIn(3) ? 0 : below(max<u32>(at(expected, starved), 1));
  starvedFor = onceIn(2) ? NEVER : below(2 * lastLength);
  setAt(taken, starved, 0);
  isSerial = onceIn(2);
  if (isSerial) startPct(agents, 1);
}

function startPct(agents: u32, depth: u32): void {
  for (let i: u32 = 0; i < agents; i++) {
    // Insertion at a random place: a uniform permutation.
    const j = below(i + 1);
    setAt(order, i, at(order, j));
    setAt(order, j, i);
  }
  changeCount = depth > 1 ? min<u32>(depth - 1, CHANGES) : 0;
  for (let i: u32 = 0; i < changeCount; i++) setAt(changes, i, 1 + below(lastLength));
  nextChange = firstChangeAfter(0);
}

function firstChangeAfter(step: u32): u32 {
  let first = NEVER;
  for (let i: u32 = 0; i < changeCount; i++) {
    const change = at(changes, i);
    if (change > step && change < first) first = change;
  }
  return first;
}

/** Place of each set bit of each mask of eight bits: a loop that ends where chance says is guessed wrong. */
const places = memory.data(256 * 8, 16);

let known: bool = false;

function learnPlaces(): void {
  known = true;
  for (let mask: u32 = 0; mask < 256; mask++) {
    let k: u32 = 0;
    for (let bit: u32 = 0; bit < 8; bit++) {
      if (((mask >> bit) & 1) != 0) store<u8>(places + (mask << 3) + k++, <u8>bit);
    }
  }
}

/** The set bit number `k` of `mask`. */
function nthBit(mask: u64, k: u32): u32 {
  if (mask < 256) return load<u8>(places + ((<usize>mask) << 3) + k);
  let rest = k > 0 ? mask & (mask - 1) : mask;
  rest = k > 1 ? rest & (rest - 1) : rest;
  for (let left: u32 = 2; left < k; left++) rest &= rest - 1;
  return <u32>ctz(rest);
}

function uniform(mask: u64): u32 {
  return nthBit(mask, belowIf((mask & (mask - 1)) != 0, <u32>popcnt(mask)));
}

/** Place in the order of the first agent that can move. */
function highest(mask: u64): u32 {
  let place: u32 = 0;
  while (((mask >> <u64>at(order, place)) & 1) == 0) place++;
  return place;
}

/** At a change point the agent that would run falls below all others, also when it alone can move. */
function pct(mask: u64, step: u32): u32 {
  if (step == nextChange) {
    const from = highest(mask);
    const agent = at(order, from);
    const last = kernelAgents() - 1;
    for (let i = from; i < last; i++) setAt(order, i, at(order, i + 1));
    setAt(order, last, agent);
    nextChange = firstChangeAfter(step);
  }
  return at(order, highest(mask));
}

function pos(mask: u64): u32 {
  let rest = mask;
  let best: u32 = 0;
  let most: u32 = 0;
  while (rest != 0) {
    const agent = <u32>ctz(rest);
    rest &= rest - 1;
    setAt(objects, agent, objectOf(agent));
    if (at(priorities, agent) >= most) {
      most = at(priorities, agent);
      best = agent;
    }
  }
  const object = at(objects, best);
  rest = mask;
  while (rest != 0) {
    const agent = <u32>ctz(rest);
    rest &= rest - 1;
    if (agent == best || (object != 0 && at(objects, agent) == object)) setAt(priorities, agent, next());
  }
  return best;
}

function left(agent: u32): u32 {
  const total = at(expected, agent);
  const done = at(taken, agent);
  return total > done ? total - done : 1;
}

function urw(mask: u64): u32 {
  let rest = mask;
  let sum: u32 = 0;
  while (rest != 0) {
    sum += left(<u32>ctz(rest));
    rest &= rest - 1;
  }
  let point = below(sum);
  rest = mask;
  let agent = <u32>ctz(rest);
  while (point >= left(agent)) {
    point -= left(agent);
    rest &= rest - 1;
    agent = <u32>ctz(rest);
  }
  setAt(taken, agent, at(taken, agent) + 1);
  return agent;
}

function starve(mask: u64): u32 {
  const others = mask & ~((<u64>1) << (<u64>starved));
  const own = at(taken, starved);
  let rest = mask;
  if (starvedFor != 0 && own >= starvedFrom && others != 0) {
    starvedFor--;
    rest = others;
  }
  const agent = isSerial ? at(order, highest(rest)) : uniform(rest);
  if (agent == starved) setAt(taken, starved, own + 1);
  return agent;
}

/** The agent that moves next; `mask` has at least one. */
export function pick(mask: u64, step: u32): u32 {
  switch (strategy) {
    case Strategy.PCT:
      return pct(mask, step);
    case Strategy.POS:
      return pos(mask);
    case Strategy.URW:
      return urw(mask);
    case Strategy.STARVE:
      return starve(mask);
    default:
      return uniform(mask);
  }
}

/** A run has ended after `steps`: its counts are what the next one expects. */
export function endSchedule(steps: u32): void {
  lastLength = max<u32>(steps, 8);
  if (strategy == Strategy.STARVE) setAt(expected, starved, at(taken, starved));
  if (strategy != Strategy.URW) return;
  const agents = kernelAgents();
  for (let i: u32 = 0; i < agents; i++) setAt(expected, i, at(taken, i));
}

/** As if no run had been. */
export function forgetLength(): void {
  lastLength = 64;
}
