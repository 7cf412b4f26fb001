/**
 * From compiled ops to the flow of a model: which visible ops there are, and the blocks of local ops between them.
 *
 * A listing that is spliced in twice gives the same blocks twice: jumps are relative here, so that equal blocks have
 * equal text and stand in the model once.
 */
import { Op } from "../../../assembly/abi/ops.js";
import type { CompiledOp } from "../../kernel/compile.js";
import { localOps, registerNames } from "./ops.js";

export type Program = readonly CompiledOp[];

export const isVisible = (op: CompiledOp | undefined): boolean => op === undefined || op.op >= Op.VISIBLE;

export const isJump = (op: Op): boolean =>
  op === Op.JUMP || op === Op.BRANCH_ZERO || op === Op.BRANCH_NONZERO || op === Op.BRANCH_GE || op === Op.BRANCH_EQ;

/** Where an op can go on; RETURN nowhere. */
function successors(program: Program, pc: number): number[] {
  const op = program[pc] as CompiledOp;
  const [a, b, c] = op.operands;
  switch (op.op) {
    case Op.RETURN:
      return [];
    case Op.JUMP:
      return [a];
    case Op.ACCESS:
    case Op.BRANCH_ZERO:
    case Op.BRANCH_NONZERO:
      return [pc + 1, b];
    case Op.BRANCH_GE:
    case Op.BRANCH_EQ:
      return [pc + 1, c];
    default:
      return [pc + 1];
  }
}

/** Every op that can run from `starts` on. */
export function reachable(program: Program, starts: readonly number[]): number[] {
  const seen = new Set<number>();
  const todo = [...starts];
  for (let pc = todo.pop(); pc !== undefined; pc = todo.pop()) {
    if (program[pc] === undefined || seen.has(pc)) continue;
    seen.add(pc);
    todo.push(...successors(program, pc));
  }
  return [...seen].sort((a, b) => a - b);
}

/** A local op as a statement; a jump moves xpc, which stands at the first op of the block, `first`. */
function sayLocal(program: Program, pc: number, first: number): string {
  const op = program[pc] as CompiledOp;
  const [a, b, c] = op.operands;
  const name = (reg: number): string => registerNames[reg] ?? `REGISTER_${reg}`;
  const branch = (condition: string, target: number): string =>
    `xpc = (${condition} -> ${add(target - first)} : ${add(pc + 1 - first)})`;
  switch (op.op) {
    case Op.JUMP:
      return `xpc = ${add(a - first)}`;
    case Op.BRANCH_ZERO:
      return branch(`${name(a)} == 0`, b);
    case Op.BRANCH_NONZERO:
      return branch(`${name(a)} != 0`, b);
    case Op.BRANCH_GE:
      return branch(`${name(a)} >= ${name(b)}`, c);
    case Op.BRANCH_EQ:
      return branch(`${name(a)} == ${name(b)}`, c);
    default:
      return localOps[op.op]?.(a, b, c) ?? "VIOLATE(NO_FORM)";
  }
}

const add = (distance: number): string => (distance < 0 ? `xpc - ${-distance}` : `xpc + ${distance}`);

/** Ops that are blocks of their own, because their text is long and they come often. */
const alone = (op: CompiledOp | undefined): boolean =>
  op?.op === Op.CHECK_RECORDED || op?.op === Op.CHECK_RANGE || op?.op === Op.WIDEN_RANGE;

function block(program: Program, first: number, leaders: ReadonlySet<number>): string {
  const lines: string[] = [];
  let pc = first;
  while (!isVisible(program[pc]) && (pc === first || !leaders.has(pc))) {
    const op = program[pc] as CompiledOp;
    lines.push(sayLocal(program, pc, first));
    if (isJump(op.op)) return lines.join("; ");
    pc++;
  }
  return [...lines, `xpc = ${add(pc - first)}`].join("; ");
}

/** Equal texts, once each: the ops at which one begins. */
export type Groups = ReadonlyMap<string, readonly number[]>;

export function groupBy(pcs: readonly number[], text: (pc: number) => string): Groups {
  const groups = new Map<string, number[]>();
  for (const pc of pcs) {
    const key = text(pc);
    groups.set(key, [...(groups.get(key) ?? []), pc]);
  }
  return groups;
}

/** The blocks of local ops among `pcs`, which are all that can run; `entries` are where calls begin. */
export function localBlocks(program: Program, pcs: readonly number[], entries: readonly number[]): Groups {
  const leaders = new Set(entries);
  for (const pc of pcs) {
    const op = program[pc] as CompiledOp;
    if (isVisible(op) || isJump(op.op)) for (const next of successors(program, pc)) leaders.add(next);
    if (alone(op)) leaders.add(pc).add(pc + 1);
  }
  const own = pcs.filter((pc) => leaders.has(pc) && !isVisible(program[pc]));
  return groupBy(own, (pc) => block(program, pc, leaders));
}
