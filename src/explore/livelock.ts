/**
 * Livelocks: a part of the states in which the tasks can go round for ever, although each of them that can move does.
 *
 * The search writes every transition down. Two states that can reach each other are of one component; a component with
 * a transition in it can be gone round. Going round is only a livelock when the scheduler may be fair to everybody:
 * some agent that can move in all states of the component, and moves in none of its transitions, is starved there, and
 * a fair scheduler would let it out. So a task that spins for a lock while its holder stands still is no livelock; two
 * tasks that each let the other pass, for ever, are one.
 */
import { EDGE_NEW, EDGE_WORDS } from "../../assembly/abi/search.js";

/** A component that can be gone round fairly: its states, from the nearest on, and who moves in it. */
export interface Livelock {
  /** Number of the state that is nearest to the start: states are numbered in the order of discovery. */
  readonly nearest: number;
  readonly states: number;
  readonly agents: readonly number[];
  /** Agents that move from that state back to it, in order. */
  readonly round: readonly number[];
}

/** More than this many transitions are not kept, unless asked for. */
export const EDGES_KEPT = 4_000_000;

export class TransitionGraph {
  readonly #numbers = new Map<number, number>();
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #agent: number[] = [];
  readonly #most: number;
  #states = 0;
  /** Not every transition was kept: the states from the last one on are not judged. */
  overflow = false;

  constructor(most = EDGES_KEPT) {
    this.#most = most;
  }

  /** Takes transitions as the core wrote them. */
  add(words: Uint32Array): void {
    for (let at = 0; at < words.length && !this.overflow; at += EDGE_WORDS) {
      const [from, agent, low, high] = words.subarray(at, at + 4) as unknown as [number, number, number, number];
      // 53 of the 64 bits: as unlikely to be wrong as the graph is small.
      const key = high * 2 ** 21 + (low >>> 11);
      if (agent >= EDGE_NEW) this.#numbers.set(key, this.#states++);
      const to = this.#numbers.get(key);
      if (from === 0xffffffff || to === undefined) continue;
      if (this.#from.length === this.#most) {
        this.overflow = true;
        break;
      }
      this.#from.push(from);
      this.#to.push(to);
      this.#agent.push(agent % EDGE_NEW);
    }
  }

  /** First transition of each state; they come state by state, in their order. */
  #firsts(): Int32Array {
    const firsts = new Int32Array(this.#states + 1).fill(-1);
    for (let i = this.#from.length - 1; i >= 0; i--) firsts[this.#from[i] as number] = i;
    firsts[this.#states] = this.#from.length;
    for (let s = this.#states - 1; s >= 0; s--) if (firsts[s] === -1) firsts[s] = firsts[s + 1] as number;
    return firsts;
  }

  /** Component of each state (Tarjan, without recursion). */
  #components(firsts: Int32Array): Int32Array {
    const count = this.#states;
    const component = new Int32Array(count).fill(-1);
    const index = new Int32Array(count).fill(-1);
    const low = new Int32Array(count);
    const cursor = new Int32Array(count);
    const open: number[] = [];
    const path: number[] = [];
    let time = 0;
    let components = 0;
    const enter = (s: number): void => {
      index[s] = low[s] = time++;
      cursor[s] = firsts[s] as number;
      open.push(s);
      path.push(s);
    };
    for (let root = 0; root < count; root++) {
      if (index[root] !== -1) continue;
      enter(root);
      while (path.length > 0) {
        const s = path[path.length - 1] as number;
        const edge = cursor[s] as number;
        if (edge < (firsts[s + 1] as number)) {
          cursor[s] = edge + 1;
          const to = this.#to[edge] as number;
          if (index[to] === -1) enter(to);
          else if (component[to] === -1) low[s] = Math.min(low[s] as number, index[to] as number);
          continue;
        }
        path.pop();
        const parent = path[path.length - 1];
        if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[s] as number);
        if (low[s] !== index[s]) continue;
        let member = -1;
        while (member !== s) {
          member = open.pop() as number;
          component[member] = components;
        }
        components++;
      }
    }
    return component;
  }

  /** Every livelock, the nearest first. */
  livelocks(): Livelock[] {
    const firsts = this.#firsts();
    const component = this.#components(firsts);
    // Of the last state some transitions are missing: whoever made them may be starved there.
    const cut = this.overflow ? this.#from.at(-1) : undefined;
    interface Part {
      nearest: number;
      states: number;
      always: bigint;
      inside: bigint;
    }
    const parts = new Map<number, Part>();
    for (let s = 0; s < this.#states; s++) {
      let enabled = s === cut ? -1n : 0n;
      let inside = 0n;
      for (let edge = firsts[s] as number; edge < (firsts[s + 1] as number); edge++) {
        const bit = 1n << BigInt(this.#agent[edge] as number);
        enabled |= bit;
        if (component[this.#to[edge] as number] === component[s]) inside |= bit;
      }
      const id = component[s] as number;
      const part = parts.get(id);
      if (part === undefined) parts.set(id, { nearest: s, states: 1, always: enabled, inside });
      else {
        part.states++;
        part.always &= enabled;
        part.inside |= inside;
      }
    }
    const found = [...parts.values()].filter(({ inside, always }) => inside !== 0n && (always & ~inside) === 0n);
    return found
      .sort((a, b) => a.nearest - b.nearest)
      .map(({ nearest, states, inside }) => {
        const round = this.#round(firsts, component, nearest, inside);
        return { nearest, states, agents: agentsIn(inside), round };
      });
  }

  /** A round from `start` that is fair: the nearest transition that is still missing, again and again, and back. */
  #round(firsts: Int32Array, component: Int32Array, start: number, movers: bigint): number[] {
    const ableAt = (state: number): bigint => {
      let able = 0n;
      for (let edge = firsts[state] as number; edge < (firsts[state + 1] as number); edge++)
        able |= 1n << BigInt(this.#agent[edge] as number);
      return able;
    };
    const round: number[] = [];
    let at = start;
    let moved = 0n;
    /** Agents that could move in every state so far. */
    let always = ableAt(start);
    const walk = (wanted: (edge: number) => boolean): boolean => {
      const edges = this.#shortest(firsts, component, at, wanted);
      for (const edge of edges ?? []) {
        round.push(this.#agent[edge] as number);
        moved |= 1n << BigInt(this.#agent[edge] as number);
        at = this.#to[edge] as number;
        always &= ableAt(at);
      }
      return edges !== undefined;
    };
    const isNew = (edge: number): boolean => ((movers & ~moved) >> BigInt(this.#agent[edge] as number)) % 2n === 1n;
    const frees = (edge: number): boolean => (always & ~movers & ~ableAt(this.#to[edge] as number)) !== 0n;
    while ((movers & ~moved) !== 0n && walk(isNew));
    while ((always & ~movers) !== 0n && walk(frees));
    if (at !== start) walk((edge) => this.#to[edge] === start);
    return round;
  }

  /** The fewest transitions within the component of `start` of which the last is `wanted`. */
  #shortest(
    firsts: Int32Array,
    component: Int32Array,
    start: number,
    wanted: (edge: number) => boolean,
  ): number[] | undefined {
    const into = new Map<number, number>([[start, -1]]);
    const queue = [start];
    for (const state of queue) {
      for (let edge = firsts[state] as number; edge < (firsts[state + 1] as number); edge++) {
        const to = this.#to[edge] as number;
        if (component[to] !== component[start]) continue;
        if (wanted(edge)) return [...this.#back(into, state), edge];
        if (into.has(to)) continue;
        into.set(to, edge);
        queue.push(to);
      }
    }
    return undefined;
  }

  /** The transitions that a breadth-first walk came to `state` by. */
  #back(into: ReadonlyMap<number, number>, state: number): number[] {
    const edges: number[] = [];
    for (let edge = into.get(state) as number; edge !== -1; edge = into.get(this.#from[edge] as number) as number)
      edges.unshift(edge);
    return edges;
  }
}

function agentsIn(mask: bigint): number[] {
  const agents: number[] = [];
  for (let agent = 0, rest = mask; rest !== 0n; agent++, rest >>= 1n) if ((rest & 1n) === 1n) agents.push(agent);
  return agents;
}
