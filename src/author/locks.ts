/**
 * Locks along every path of a compiled listing: does a call return with one, or run past its last line?
 *
 * Both ways of a branch are followed, except where the same question was answered before and nothing has been written
 * since: "if the tables differ" around a lock and around its unlock are one decision. A trylock is held on the way on
 * which its result is not zero.
 */
import { Op } from "../../assembly/abi/ops.js";
import type { CompiledOp } from "../kernel/compile.js";
import { alsoWrites, labelOf, registersOf } from "./op-facts.js";

/** A path that ends badly. */
export interface Leak {
  /** The line that took the lock, or the last line of a listing without an end. */
  readonly taken: CompiledOp;
  /** Where the path ends. */
  readonly end: CompiledOp;
  readonly what: "held" | "endless";
  /** The last branch on the way, and whether it was taken. */
  readonly turn?: string;
}

/** More than any listing of ours needs; beyond it nothing is said, and the search itself is left to find it. */
const STATES_MAX = 50_000;

/** What is known on a path: where each held lock was taken, and how questions were answered. */
interface State {
  readonly pc: number;
  readonly held: ReadonlyMap<number, number>;
  readonly known: ReadonlyMap<string, boolean>;
  readonly turn?: string;
}

const keyOf = ({ pc, held, known }: State): string =>
  `${pc}|${[...held.keys()].sort().join()}|${[...known].map(String).sort().join(";")}`;

/** The question that a branch asks, and the answer on which it jumps. */
function questionOf({ op, operands }: CompiledOp): readonly [string, boolean] | undefined {
  const [a, b] = operands;
  if (op === Op.BRANCH_ZERO) return [`zero ${a}`, true];
  if (op === Op.BRANCH_NONZERO) return [`zero ${a}`, false];
  if (op === Op.BRANCH_GE) return [`ge ${a} ${b}`, true];
  if (op === Op.BRANCH_EQ) return [`eq ${a} ${b}`, true];
  return undefined;
}

/** What stays known after an op: nothing about the registers that it may write. */
function forget(known: ReadonlyMap<string, boolean>, { op, operands }: CompiledOp): Map<string, boolean> {
  const written = new Set([...registersOf(op).map((place) => String(operands[place])), ...implicit(op)]);
  const kept = [...known].filter(([question]) => !question.split(" ").some((word) => written.has(word)));
  const after = new Map(kept);
  if (op === Op.SET) after.set(`zero ${operands[0]}`, operands[1] === 0);
  return after;
}

const implicit = (op: Op): string[] => (alsoWrites.get(op) ?? []).map(String);

function without(held: ReadonlyMap<number, number>, lock: number): Map<number, number> {
  const left = new Map(held);
  left.delete(lock);
  return left;
}

/** The states that one op leads to. */
function next(state: State, line: CompiledOp): State[] {
  const { pc, held } = state;
  const { op, operands } = line;
  const [lock] = operands;
  const question = questionOf(line);
  if (question !== undefined) return branch(state, line, question);
  if (op === Op.JUMP) return [{ ...state, pc: lock }];
  if (op === Op.ACCESS)
    return [
      { ...state, pc: operands[1] },
      { ...state, pc: pc + 1 },
    ];
  const known = forget(state.known, line);
  const on = { ...state, pc: pc + 1, known };
  if (op === Op.LOCK_READ || op === Op.LOCK_WRITE) return [{ ...on, held: new Map(held).set(lock, pc) }];
  if (op === Op.UNLOCK) return [{ ...on, held: without(held, lock) }];
  if (op === Op.LOCK_HELD) return [{ ...on, known: new Map(known).set(`zero ${operands[0]}`, !held.has(operands[1])) }];
  if (op !== Op.TRYLOCK_WRITE) return [on];
  const got = `zero ${operands[2]}`;
  return [
    { ...on, held: new Map(held).set(lock, pc), known: new Map(known).set(got, false) },
    { ...on, known: new Map(known).set(got, true) },
  ];
}

function branch(state: State, line: CompiledOp, [question, jumpsOn]: readonly [string, boolean]): State[] {
  const target = line.operands[labelOf.get(line.op) ?? 0] as number;
  const answer = state.known.get(question);
  const way = (is: boolean): State => ({
    ...state,
    pc: is === jumpsOn ? target : state.pc + 1,
    known: new Map(state.known).set(question, is),
    turn: `${line.text}${is === jumpsOn ? "" : " (not taken)"}`,
  });
  return answer === undefined ? [way(true), way(false)] : [way(answer)];
}

/** The first bad end of a listing that was compiled at offset 0, or nothing. */
export function findLeak(code: readonly CompiledOp[]): Leak | undefined {
  const seen = new Set<string>();
  const open: State[] = [{ pc: 0, held: new Map(), known: new Map() }];
  for (let state = open.pop(); state !== undefined && seen.size < STATES_MAX; state = open.pop()) {
    const key = keyOf(state);
    if (seen.has(key)) continue;
    seen.add(key);
    const line = code[state.pc];
    const turn = state.turn === undefined ? {} : { turn: state.turn };
    if (line === undefined) {
      const last = code.at(-1);
      return last === undefined ? undefined : { taken: last, end: last, what: "endless", ...turn };
    }
    if (line.op !== Op.RETURN) open.push(...next(state, line));
    else {
      const [taken] = state.held.values();
      if (taken !== undefined) return { taken: code[taken] as CompiledOp, end: line, what: "held", ...turn };
    }
  }
  return undefined;
}
