/**
 * The successors of one state: each step is taken, its few writes are noted, and it is undone.
 *
 * Protocol
 *   `begin`, a step, `end`; again for each agent. While a step is undone its fingerprint is computed from the words
 *   that it changed, and its log entries keep the new values instead of the old, so that the few successors that turn
 *   out to be new can be made again (`redo`, `undoAgain`) without a second step.
 */
import { get, logTop, setLogTop } from "../word";
import { change, fingerprintOf, obligationSum, secondChange } from "./fingerprint";
import { enliven, takenSecond, takenSum } from "./queue";
import { isSymmetric, noteChange, noteSuccessor, symmetricKey } from "./symmetry";

/** Successors of one state at most: agents. */
export const SUCCESSORS_MAX: u32 = 4096;

const enum Move {
  AGENT,
  /** Log entries, bytes [FROM, TO). */
  FROM,
  TO,
  /** Sum, fingerprint, and both again for the second half of a wide one. */
  SUM = 4,
  KEY = 6,
  SECOND_SUM = 8,
  SECOND_KEY = 10,
  WORDS = 12,
}

const moves = memory.data(4096 * 12 * 4);
export let moveCount: u32 = 0;
let wide: bool = false;

export function setWide(on: bool): void {
  wide = on;
}

function moveAt(i: u32): u32 {
  return <u32>moves + i * (Move.WORDS << 2);
}

export function agentOf(i: u32): u32 {
  return load<u32>(moveAt(i), Move.AGENT << 2);
}

export function keyOf(i: u32): u64 {
  return load<u64>(moveAt(i), Move.KEY << 2);
}

export function secondKeyOf(i: u32): u64 {
  return load<u64>(moveAt(i), Move.SECOND_KEY << 2);
}

export function sumOf(i: u32): u64 {
  return load<u64>(moveAt(i), Move.SUM << 2);
}

export function secondSumOf(i: u32): u64 {
  return load<u64>(moveAt(i), Move.SECOND_SUM << 2);
}

export function noMoves(logFirst: u32): void {
  moveCount = 0;
  setLogTop(logFirst);
}

/** A step begins. */
export function begin(agent: u32): void {
  store<u32>(moveAt(moveCount), agent, Move.AGENT << 2);
  store<u32>(moveAt(moveCount), logTop, Move.FROM << 2);
}

/** The step has been taken: notes it and undoes it. `sum` and `second` are those of the state before it. */
export function end(sum: u64, second: u64): void {
  const move = moveAt(moveCount);
  const from = load<u32>(move, Move.FROM << 2);
  const obligations = obligationSum();
  const symmetric = isSymmetric();
  let total = sum;
  let other = second;
  if (symmetric) noteSuccessor();
  let at = logTop;
  store<u32>(move, at, Move.TO << 2);
  while (at > from) {
    at -= 8;
    const entry = load<u64>(at);
    const word = <u32>entry;
    const old = <u32>(entry >> 32);
    const now = load<u32>(word << 2);
    store<u32>(word << 2, old);
    store<u64>(at, <u64>word | ((<u64>now) << 32));
    total += change(word, old, now);
    if (wide) other += secondChange(word, old, now);
    if (symmetric) noteChange(word, old, now);
  }
  store<u64>(move, total, Move.SUM << 2);
  store<u64>(move, symmetric ? symmetricKey(total) : fingerprintOf(total + obligations), Move.KEY << 2);
  if (wide) {
    store<u64>(move, other, Move.SECOND_SUM << 2);
    store<u64>(move, fingerprintOf(other - obligations), Move.SECOND_KEY << 2);
  }
  moveCount++;
}

/**
 * A successor that differs only in the two words of a TLB slot: what it is is known without a step. `obligations` is
 * their sum, which hardware does not change.
 */
export function noteSlot(agent: u32, slot: u32, entry: u32, generation: u32, obligations: u64): void {
  const move = moveAt(moveCount);
  let to = logTop;
  let total = takenSum;
  const old = get(slot);
  const oldGeneration = get(slot + 1);
  store<u32>(move, agent, Move.AGENT << 2);
  store<u32>(move, to, Move.FROM << 2);
  store<u64>(to, <u64>slot | ((<u64>entry) << 32));
  total += change(slot, old, entry);
  to += 8;
  if (oldGeneration != generation) {
    store<u64>(to, <u64>(slot + 1) | ((<u64>generation) << 32));
    total += change(slot + 1, oldGeneration, generation);
    to += 8;
  }
  store<u32>(move, to, Move.TO << 2);
  store<u64>(move, total, Move.SUM << 2);
  store<u64>(move, fingerprintOf(total + obligations), Move.KEY << 2);
  if (wide) {
    let other = takenSecond + secondChange(slot, old, entry);
    if (oldGeneration != generation) other += secondChange(slot + 1, oldGeneration, generation);
    store<u64>(move, other, Move.SECOND_SUM << 2);
    store<u64>(move, fingerprintOf(other - obligations), Move.SECOND_KEY << 2);
  }
  setLogTop(to);
  moveCount++;
}

/** Makes successor `i` again; its words come alive. */
export function redo(i: u32): void {
  swap(load<u32>(moveAt(i), Move.FROM << 2), load<u32>(moveAt(i), Move.TO << 2));
}

function swap(from: u32, to: u32): void {
  let at = from;
  while (at < to) {
    const entry = load<u64>(at);
    const word = <u32>entry;
    const now = load<u32>(word << 2);
    store<u32>(word << 2, <u32>(entry >> 32));
    store<u64>(at, <u64>word | ((<u64>now) << 32));
    enliven(word);
    at += 8;
  }
}

export function undoAgain(i: u32): void {
  const from = load<u32>(moveAt(i), Move.FROM << 2);
  let at = load<u32>(moveAt(i), Move.TO << 2);
  while (at > from) {
    at -= 8;
    const entry = load<u64>(at);
    const now = load<u32>((<u32>entry) << 2);
    store<u32>((<u32>entry) << 2, <u32>(entry >> 32));
    store<u64>(at, <u64>(<u32>entry) | ((<u64>now) << 32));
  }
}
