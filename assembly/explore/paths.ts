/**
 * What a search leaves for others: parents of states and the paths read back from them, watched words, and single steps
 * of any of its agents.
 */
import { Base } from "../abi/layout";
import { EDGE_WORDS, Hardware, LAYERS_MAX, Search } from "../abi/search";
import { kernelAgents, moveAgent, reset } from "../run";
import { base, get, logInto, logTop } from "../word";
import { frameAgents, moveSlot, reuse, saturate, slotsPerCpu } from "./hardware";
import * as space from "./space";

/** How state `state` was first reached; those of which there is no room for are not noted. */
export function noteParent(state: u32, parent: u32, agent: u32): void {
  if (state >= space.parentsMax) return;
  store<u32>(space.parentsAt + (state << 3), parent);
  store<u32>(space.parentsAt + (state << 3) + 4, agent);
}

/** Writes the watched words down for the host. */
export function watch(watched: u32): void {
  const count = space.asked(Search.WATCH_COUNT);
  let to = space.watchAt + ((count * watched) << 2);
  for (let i: u32 = 0; i < watched; i++) {
    store<u32>(to, get(load<u32>(space.watchListAt + (i << 2))));
    to += 4;
  }
  space.tell(Search.WATCH_COUNT, count + 1);
}

const layers = memory.data(4096 * 4);

/** States that are known when a layer begins. */
export function noteLayer(depth: u32, known: u32): void {
  if (depth < LAYERS_MAX) store<u32>(layers + (depth << 2), known);
}

/** First word of what `noteLayer` has noted. */
export function layersAt(): u32 {
  return <u32>layers >> 2;
}

/** Writes a transition down for the host. */
export function noteEdge(from: u32, agent: u32, key: u64): void {
  const count = space.asked(Search.EDGE_COUNT);
  const to = space.edgesAt + ((count * EDGE_WORDS) << 2);
  store<u32>(to, from);
  store<u32>(to + 4, agent);
  store<u64>(to + 8, key);
  space.tell(Search.EDGE_COUNT, count + 1);
}

/** Puts the machine at the start of the search, to follow a path. Nothing is logged from here on. */
export function restartSearch(): void {
  logInto(0, 0, 0, 0);
  reset();
  if (space.asked(Search.HARDWARE) == Hardware.SATURATED) saturate();
}

/** Moves one agent of the search, hardware agents included. */
export function followSearch(agent: u32): void {
  moveAny(agent);
  if (space.asked(Search.HARDWARE) == Hardware.SATURATED) saturate();
}

/** The step itself, without what saturated hardware does after it. */
export function moveAny(agent: u32): void {
  const perCpu = slotsPerCpu();
  if (agent < kernelAgents()) moveAgent(agent);
  else if (agent < frameAgents()) moveSlot((agent - kernelAgents()) / perCpu, (agent - kernelAgents()) % perCpu);
  else reuse(agent - frameAgents());
}

/**
 * One step of a kernel agent with the log on: gives the number of (word, old value) pairs, two words each from
 * `pathWords` on. For the test that a step writes nothing past the log.
 */
export function loggedStep(agent: u32): u32 {
  const hashed = base(Base.HASHED);
  logInto(space.logAt, space.logEnd, hashed, base(Base.STATE_END) - hashed);
  moveAgent(agent);
  const pairs = (logTop - space.logAt) >> 3;
  logInto(0, 0, 0, 0);
  return pairs;
}

/** Writes the agents that lead from the initial state to `state`, a word each, into the log; gives their number. */
export function pathTo(state: u32): u32 {
  if (state >= space.parentsMax) return 0xffffffff;
  let length: u32 = 0;
  let at = state;
  while (at != 0) {
    length++;
    at = load<u32>(space.parentsAt + (at << 3));
  }
  if (length << 2 > space.logEnd - space.logAt) return 0xffffffff;
  at = state;
  let i = length;
  while (at != 0) {
    i--;
    store<u32>(space.logAt + (i << 2), load<u32>(space.parentsAt + (at << 3) + 4));
    at = load<u32>(space.parentsAt + (at << 3));
  }
  return length;
}

/** Parent and agent of one of this worker's states, or -1 for both when they were not kept. */
export function parentOf(state: u32): u32 {
  return state < space.parentsMax ? load<u32>(space.parentsAt + (state << 3)) : 0xffffffff;
}

export function agentInto(state: u32): u32 {
  return state < space.parentsMax ? load<u32>(space.parentsAt + (state << 3) + 4) : 0xffffffff;
}

/** First word of the path that `pathTo` wrote. */
export function pathWords(): u32 {
  return space.logAt >> 2;
}
