/**
 * The process of a model: who can move, what the mover does, and what that asks of the oracle. One turn of its loop is
 * one step of the machine.
 */
import { Area, Base, Boot } from "../../../assembly/abi/layout.js";
import { type Reg, Reg as Register } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Globals, Tally } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { InputError } from "../../error.js";
import type { CompiledOp } from "../../kernel/compile.js";
import type { Machine } from "../../machine.js";
import { type Groups, groupBy, isJump, isVisible, localBlocks, type Program, reachable } from "./flow.js";
import { localOps, lockExpression, registerNames, unsaidForBasePages, unsaidForMirrors, visibleOps } from "./ops.js";

/** A call of a task's script: where its listing begins and what its registers are. */
interface ScriptCall {
  readonly entry: number;
  readonly values: readonly (readonly [reg: number, value: number])[];
}

interface TaskFlow {
  readonly task: number;
  readonly cpu: number;
  readonly script: readonly ScriptCall[];
  /** Visible ops that it can come to. */
  readonly visible: readonly number[];
}

/** Reads a task's script as the core does: entry, number of arguments, then register and 64-bit value of each. */
function scriptOf(machine: Machine, from: number, to: number): ScriptCall[] {
  const base = machine.base(Base.SCRIPT);
  const calls: ScriptCall[] = [];
  for (let at = from; at < to; ) {
    const count = machine.get(base + at + 1);
    const values = Array.from({ length: count }, (_, i) => {
      const word = base + at + 2 + 3 * i;
      return [machine.get(word), machine.long(word + 1)] as const;
    });
    calls.push({ entry: machine.get(base + at), values });
    at += 2 + 3 * count;
  }
  return calls;
}

/** A return that is one step with what came before it. */
const isAtOnce = (op: CompiledOp): boolean => op.op === Op.RETURN && op.operands[1] !== 0;

const isSayable = (op: CompiledOp): boolean => {
  const takesLock = op.op === Op.LOCK_READ || op.op === Op.LOCK_WRITE || op.op === Op.TRYLOCK_WRITE;
  if (takesLock && lockExpression(op.operands[0], () => "") === undefined) return false;
  // A return that is one step with what came before it and promises something is not said yet.
  if (isAtOnce(op) && op.operands[0] !== 0) return false;
  return isJump(op.op) || op.op === Op.RETURN || localOps[op.op] !== undefined || visibleOps[op.op] !== undefined;
};

function mustSay(op: CompiledOp, hugeOnly: boolean): void {
  if (isSayable(op) || unsaidForMirrors.has(op.op) || (hugeOnly && unsaidForBasePages.has(op.op))) return;
  throw new InputError(`the op of "${op.text}" in ${op.fn} (op ${op.op}) has no Promela form yet`, {
    source: "export",
    remedy: "choose a scenario and edition from the table in docs/promela.md",
  });
}

const any = (name: string, values: readonly number[]): string => values.map((v) => `${name} == ${v}`).join(" || ");

/** Options of a choice by a number, one a group: `:: name == 3 -> text`. */
const options = (name: string, groups: Groups): string =>
  [...groups].map(([text, pcs], i) => `     /* ${pcs.join(" ")} */\n     :: ${name} == ${i + 1} -> ${text}`).join("\n");

/** For each op, the number of its group; 0 for none. */
function numbers(groups: Groups, length: number): number[] {
  const found = new Array<number>(length).fill(0);
  [...groups.values()].forEach((pcs, i) => {
    for (const pc of pcs) found[pc] = i + 1;
  });
  return found;
}

/** The model's hardware does what it is told, and has no secondary MMU. */
function refuse(what: string): never {
  const remedy = "choose a scenario from the table in docs/promela.md";
  throw new InputError(`${what} no Promela form yet`, { source: "export", remedy });
}

export class Model {
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #tasks: readonly TaskFlow[];
  readonly #pcs: readonly number[];

  /** Throws an InputError when an op that can run has no Promela form. */
  constructor(machine: Machine, hugeOnly: boolean) {
    this.#machine = machine;
    this.#program = machine.program;
    if (machine.get(Area.BOOT + Boot.ERRATA) !== 0) refuse("faulty hardware has");
    if (machine.get(machine.base(Base.STATE) + Tally.WORDS + Globals.MIRRORS) !== 0) refuse("secondary MMUs have");
    let from = 0;
    this.#tasks = this.#count(Boot.TASKS).map((task) => {
      const record = machine.task(task);
      const to = machine.get(record + Task.SCRIPT_END);
      // The scripts of the race stand one behind the other; those of the set-up have been written over.
      const script = scriptOf(machine, from, to);
      from = to;
      const pcs = reachable(
        this.#program,
        script.map((call) => call.entry),
      );
      const visible = pcs.filter((pc) => isVisible(this.#program[pc]));
      return { task, cpu: machine.get(record + Task.CPU), script, visible };
    });
    const entries = this.#tasks.flatMap(({ script }) => script.map((call) => call.entry));
    this.#pcs = reachable(this.#program, entries);
    const several = this.#tasks.some(({ script }) => script.length > 1);
    if (several && this.#pcs.some((pc) => isAtOnce(this.#program[pc] as CompiledOp)))
      refuse("a return that is one step with what came before it, and another call after it, have");
    for (const pc of this.#pcs) mustSay(this.#program[pc] as CompiledOp, hugeOnly);
  }

  #count(field: Boot): number[] {
    return Array.from({ length: this.#machine.get(Area.BOOT + field) }, (_, i) => i);
  }

  /** What a task waits for at a visible op, over the registers of that task. */
  #waits({ task, cpu }: TaskFlow, pc: number): string {
    const op = this.#program[pc] as CompiledOp;
    const name = (reg: Reg): string => `R[${task} * REGISTERS + ${reg}]`;
    switch (op.op) {
      case Op.LOCK_READ:
        return `lck[${lockExpression(op.operands[0], name)}] < WRITE_HELD`;
      case Op.LOCK_WRITE:
        return `lck[${lockExpression(op.operands[0], name)}] == 0`;
      case Op.X86_WAIT_IPI:
        return this.#count(Boot.CPUS)
          .map((c) => `(ipi[${c}] & ${1 << cpu}) == 0`)
          .join(" && ");
      case Op.SLEEP:
        return `lck[${lockExpression(op.operands[0], name)}] == 0`;
      case Op.SYNC_WAIT:
        return `syncs[${cpu}] == 0`;
      case Op.AWAIT_CLEAR:
        return `pt[NUMBER(PGD(${name(Register.NEW_START)}), INDEX_OF(${name(Register.START)}, 2)) - 1] == 0`;
      default:
        return "1";
    }
  }

  /** CAN_MOVE_t: a condition over the state. */
  canMove(): string {
    return this.#tasks
      .map((flow) => {
        const groups = [...groupBy(flow.visible, (pc) => this.#waits(flow, pc))].filter(([text]) => text !== "1");
        const pc = `pc[${flow.task}]`;
        const lines = groups.map(([text, pcs]) => `  ((${any(pc, pcs)}) -> (${text}) : \\\n`);
        const closed = `${lines.join("")}  1${")".repeat(lines.length)}`;
        return `#define CAN_MOVE_${flow.task} (!done[${flow.task}] && ( \\\n${closed}))`;
      })
      .join("\n");
  }

  /** The listings, as a comment: what the numbers of pc mean. */
  listing(): string {
    const line = (pc: number): string => {
      const op = this.#program[pc] as CompiledOp;
      return `   ${String(pc).padStart(4)} ${isVisible(op) ? "*" : " "} ${op.fn}: ${op.text.replaceAll("*/", "* /")}`;
    };
    return `/* The listings; a star marks an op that begins a step.\n${this.#pcs.map(line).join("\n")}\n*/`;
  }

  #visible(pc: number): string {
    const op = this.#program[pc] as CompiledOp;
    const [a, b, c] = op.operands;
    if (op.op === Op.RETURN) return `returned(${a})`;
    // A fault goes on elsewhere in the same listing: relative, like the jumps.
    if (op.op === Op.ACCESS) return `access(${a !== 0 ? 1 : 0}, ${b - pc})`;
    return (isSayable(op) ? visibleOps[op.op]?.(a, b, c) : undefined) ?? "VIOLATE(NO_FORM)";
  }

  /** The next call of a task's script, or its end. */
  #nextCall(): string {
    const lines = this.#tasks.flatMap(({ task, script }) =>
      script.slice(1).map(({ entry, values }, i) => {
        const set = values.map(([reg, value]) => `${registerNames[reg] ?? `REGISTER_${reg}`} = ${value}; `).join("");
        return `  :: me == ${task} && calls[me] == ${i + 1} -> ${set}xpc = ${entry}`;
      }),
    );
    return `inline next_call()
{
  if
${lines.join("\n")}
  :: else -> done[me] = 1; xpc = pc[me]
  fi;
  if :: done[me] :: else -> calls[me] = calls[me] + 1; MM = task_mm[me]; sig[me] = 0 fi
}
inline returned(promised)
{
  if :: promised != 0 -> call_returned(promised == 2) :: else fi;
  call_ends();
  if :: ranks[me] != 0 || g_mm[me] != 0 -> VIOLATE(UNBALANCED) :: else fi;
  for (xi : 0 .. REGISTERS - 1) { R[me * REGISTERS + xi] = 0 };
  next_call()
}`;
  }

  /** A return that is one step with what came before it comes right after the local ops. */
  atOnce(): string {
    const pcs = this.#pcs.filter((pc) => isAtOnce(this.#program[pc] as CompiledOp));
    if (pcs.length === 0) return "";
    return ` if :: !done[me] && (${any("xpc", pcs)}) -> pc[me] = xpc; returned(0) :: else fi;`;
  }

  /** Some task sleeps in a wait queue. */
  #asleep(): string {
    const sleeps = this.#tasks.map(({ task, visible }) => {
      const pcs = visible.filter((pc) => this.#program[pc]?.op === Op.SLEEP);
      return pcs.length === 0 ? "0" : `(!done[${task}] && (${any(`pc[${task}]`, pcs)}))`;
    });
    return sleeps.join(" || ");
  }

  /** Every task has finished and no interrupt waits. */
  finished(): string {
    const idle = this.#count(Boot.CPUS).map((c) => `ipi[${c}] == 0`);
    return [...this.#tasks.map(({ task }) => `done[${task}]`), ...idle].join(" && ");
  }

  /** The process. A turn: someone who can move is chosen, and the rest follows without a choice. */
  process(interrupts: boolean): string {
    const { length } = this.#program;
    const entries = this.#tasks.flatMap(({ script }) => script.map((call) => call.entry));
    const visible = groupBy(
      this.#pcs.filter((pc) => isVisible(this.#program[pc])),
      (pc) => this.#visible(pc),
    );
    const local = localBlocks(this.#program, this.#pcs, entries);
    const table = (name: string, groups: Groups): string =>
      `hidden short ${name}[${length}] = { ${numbers(groups, length).join(", ")} };`.replaceAll(
        /(.{100,110}?,) /g,
        "$1\n  ",
      );
    const movers = this.#tasks.map(
      ({ task, cpu }) => `     :: d_step { CAN_MOVE_${task} -> me = ${task}; agent = ${task}; cpu = ${cpu} }`,
    );
    return `${table("visible_of", visible)}
${table("local_of", local)}
${this.#nextCall()}
/* The visible op at pc, and its number in the tables above. */
inline visible_op()
{
  xgroup = visible_of[pc[me]];
  xpc = pc[me] + 1;
  if
${options("xgroup", visible)}
  fi
}
/* The local ops after it, up to the next visible one. */
inline local_ops()
{
  do
  :: local_of[xpc] == 0 -> break
  :: else ->
     xgroup = local_of[xpc];
     if
${options("xgroup", local)}
     :: else
     fi
  od
}
active proctype machine()
{
end:
  do
  :: atomic {
     if
${[...movers, ...(interrupts ? this.#interrupts() : [])].join("\n")}
     fi;
     one_step() }
  :: atomic { timeout && !(${this.finished()}) ->
     if :: ${this.#asleep()} -> VIOLATE(LOST_WAKE_UP) :: else -> VIOLATE(DEADLOCK) fi }
  od
}
`;
  }

  /** The flush interrupt of each CPU: the lowest sender first. */
  #interrupts(): string[] {
    const tasks = this.#tasks.length;
    return this.#count(Boot.CPUS).map(
      (c) =>
        `     :: d_step { ipi[${c}] != 0 && !irq_off[${c}] -> me = TASKS; agent = ${tasks + c}; cpu = ${c};\n` +
        `        kcpu = ${c}; flushing = 1;\n` +
        `        ksender = 0; do :: (ipi[${c}] & (1 << ksender)) != 0 -> break :: else -> ksender = ksender + 1 od;\n` +
        `        ipi[${c}] = ipi[${c}] & ~(1 << ksender) }`,
    );
  }
}
