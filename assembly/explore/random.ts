/**
 * Random schedules, drawn inside the core: uniform over the enabled agents, or PCT (priorities with d - 1 changes).
 *
 * Every schedule has its own seed, the campaign's seed plus its number, so any one can be drawn again alone.
 * The bytes of the last schedule stay in the schedule region.
 *
 * Reference: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
 */

import { Status } from "../abi/events";
import { Area, Base, Boot, Run } from "../abi/layout";
import { Tally } from "../abi/records";
import { agentCount, deadlocked, enabledMask, isFinished, kernelAgents, reset, stepAgent } from "../run";
import { base, boot, get, getLong, putLong, runWord, setRun, tally } from "../word";

let rng: u64 = 0;

function seedRng(seed: u64): void {
  rng = seed * 0x9e3779b97f4a7c15 + 0xd1b54a32d192ed03;
  next();
  next();
}

/** xorshift64*: 32 good bits a draw. */
function next(): u32 {
  rng ^= rng >> 12;
  rng ^= rng << 25;
  rng ^= rng >> 27;
  return <u32>((rng * 0x2545f4914f6cdd1d) >> 32);
}

function below(bound: u32): u32 {
  return <u32>((<u64>next() * <u64>bound) >> 32);
}

/** The set bit number `k` of `mask`. */
function nthBit(mask: u64, k: u32): u32 {
  // Two or three can move as a rule: selects for the first two, because a loop that ends at random is a branch
  // predicted wrongly.
  let rest = k > 0 ? mask & (mask - 1) : mask;
  rest = k > 1 ? rest & (rest - 1) : rest;
  for (let left: u32 = 2; left < k; left++) rest &= rest - 1;
  return <u32>ctz(rest);
}

// PCT: the agents in order of priority, highest first, and the steps at which the one that would run falls to the end.
const order = memory.data(64 * 4);
const changes = memory.data(16 * 4);
let changeCount: u32 = 0;
let nextChange: u32 = 0;

const NEVER: u32 = 0xffffffff;

function drawPriorities(depth: u32, length: u32): void {
  const agents = kernelAgents();
  for (let i: u32 = 0; i < agents; i++) {
    // Insertion at a random place: a uniform permutation.
    const j = below(i + 1);
    store<u32>(order + (i << 2), load<u32>(order + (j << 2)));
    store<u32>(order + (j << 2), i);
  }
  changeCount = depth > 1 ? min<u32>(depth - 1, 16) : 0;
  for (let i: u32 = 0; i < changeCount; i++) store<u32>(changes + (i << 2), 1 + below(length));
  nextChange = firstChangeAfter(0);
}

function firstChangeAfter(step: u32): u32 {
  let first = NEVER;
  for (let i: u32 = 0; i < changeCount; i++) {
    const change = load<u32>(changes + (i << 2));
    if (change > step && change < first) first = change;
  }
  return first;
}

/** Place in the order of the first agent that can move. */
function highest(mask: u64): u32 {
  let at = <u32>order;
  while (((mask >> <u64>load<u32>(at)) & 1) == 0) at += 4;
  return at;
}

/** At a change point the agent that would run falls below all others, also when it alone can move. */
function pickPct(mask: u64, step: u32): u32 {
  if (step == nextChange) {
    demote(highest(mask));
    nextChange = firstChangeAfter(step);
  }
  return load<u32>(highest(mask));
}

function demote(from: u32): void {
  const agent = load<u32>(from);
  const last = <u32>order + ((kernelAgents() - 1) << 2);
  for (let at = from; at < last; at += 4) store<u32>(at, load<u32>(at + 4));
  store<u32>(last, agent);
}

let lastLength: u32 = 64;

/** Draws and follows one schedule from the initial state. */
function runOne(seed: u64, depth: u32): u32 {
  const bytes = base(Base.SCHEDULE) << 2;
  const room = boot(Boot.SCHEDULE);
  const stepsMax = runWord(Run.STEPS_MAX);
  const stop = runWord(Run.STOP_MASK);
  const agents = agentCount();
  const hardware = agents > kernelAgents();
  let used: u32 = 0;
  let steps: u32 = 0;
  reset();
  seedRng(seed);
  if (depth > 0) drawPriorities(depth, lastLength);
  let status: u32 = Status.RUNNING;
  while (status == Status.RUNNING) {
    const mask = enabledMask();
    if (mask == 0) {
      status = isFinished() ? <u32>Status.FINISHED : deadlocked();
      continue;
    }
    let agent: u32 = 0;
    const single = (mask & (mask - 1)) == 0 && !hardware;
    if (hardware) agent = pickWithHardware(mask, agents);
    else if (depth > 0) agent = pickPct(mask, steps + 1);
    else agent = single ? <u32>ctz(mask) : nthBit(mask, below(<u32>popcnt(mask)));
    if (!single && used < room) store<u8>(bytes + used++, <u8>agent);
    stepAgent(agent);
    steps++;
    if ((get(tally(Tally.VIOLATIONS)) & stop) != 0) status = Status.STOPPED;
    else if (steps >= stepsMax) status = Status.BOUNDED;
  }
  if (status == Status.FINISHED) lastLength = steps;
  setRun(Run.SCHEDULE_LENGTH, used);
  return status;
}

/** Uniform over kernel agents that can move and every hardware agent. */
function pickWithHardware(mask: u64, agents: u32): u32 {
  const kernel = <u32>popcnt(mask);
  const k = below(kernel + agents - kernelAgents());
  return k < kernel ? nthBit(mask, k) : kernelAgents() + (k - kernel);
}

/** Runs Run.RUNS schedules, or fewer when one meets the stop mask. Gives the last status. */
export function runRandom(): u32 {
  const runs = runWord(Run.RUNS);
  const depth = runWord(Run.PCT_DEPTH);
  const seed = getLong(Area.RUN + Run.SEED);
  let steps: u64 = 0;
  let done: u32 = 0;
  let status: u32 = Status.FINISHED;
  let seen: u32 = 0;
  let kinds: u32 = 0;
  let veiled: u32 = 0;
  lastLength = 64;
  while (done < runs) {
    setRun(Run.VIOLATIONS, 0);
    status = runOne(seed + <u64>done, depth);
    steps += <u64>get(tally(Tally.STEPS));
    seen |= get(tally(Tally.SOMETIMES));
    kinds |= get(tally(Tally.VIOLATIONS));
    veiled |= get(tally(Tally.HIDDEN));
    done++;
    if (status == Status.STOPPED || status == Status.DEADLOCKED) break;
  }
  setRun(Run.RUNS_DONE, done);
  setRun(Run.FOUND_AT, status == Status.STOPPED || status == Status.DEADLOCKED ? done : 0);
  setRun(Run.SOMETIMES, seen);
  setRun(Run.KINDS, kinds);
  setRun(Run.HIDDEN, veiled);
  putLong(Area.RUN + Run.STEPS_DONE, steps);
  setRun(Run.STATUS, status);
  return status;
}
