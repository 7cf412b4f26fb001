/**
 * The declarations of a model: its state at the start of the race as initial values.
 */
import { Base, Boot } from "../../../assembly/abi/layout.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Cpu, FileRecord, Frame, Globals, Mm, Rest, Tally, Vma } from "../../../assembly/abi/records.js";
import { Gather, Obligation, REGISTERS, Task } from "../../../assembly/abi/tasks.js";
import type { Machine } from "../../machine.js";
import { type Sizes, SLOTS, sizesOf } from "./sizes.js";

const NO_FILE = 32767;

type Row = readonly [type: string, name: string, values: readonly number[]];

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function cpuRows(machine: Machine, sizes: Sizes): Row[] {
  const of = (field: number): number[] => range(sizes.cpus).map((c) => machine.get(machine.cpu(c) + field));
  const slots = (word: number): number[] =>
    range(sizes.cpus * SLOTS).map((i) =>
      machine.get(machine.cpu(Math.floor(i / SLOTS)) + Cpu.SLOTS + 2 * (i % SLOTS) + word),
    );
  return [
    ["byte", "loaded", of(Cpu.LOADED_MM)],
    ["bit", "lazy", of(Cpu.LAZY)],
    ["byte", "ipi", of(Cpu.PENDING)],
    ["bit", "irq_off", of(Cpu.IRQ_OFF)],
    ["byte", "syncs", of(Cpu.SYNCS)],
    ["byte", "slot", of(Cpu.SLOT)],
    ["byte", "next_slot", of(Cpu.NEXT_SLOT)],
    ["byte", "slot_mm", slots(0)],
    ["byte", "slot_generation", slots(1)],
    ["byte", "q_mm", of(Cpu.REQUEST_MM)],
    ["short", "q_start", of(Cpu.REQUEST_START)],
    ["short", "q_end", of(Cpu.REQUEST_END)],
    ["byte", "q_stride", of(Cpu.REQUEST_STRIDE).map((word) => word & 255)],
    ["byte", "q_full", range(sizes.cpus).map((c) => fullOf(machine, c))],
    ["byte", "q_generation", of(Cpu.REQUEST_GENERATION)],
    ["byte", "q_tables", of(Cpu.REQUEST_TABLES)],
    ["bit", "q_issued", of(Cpu.ISSUED)],
    ["byte", "q_scope", of(Cpu.ISSUED_SCOPE).map((word) => word & 255)],
    ["byte", "q_hint", of(Cpu.ISSUED_HINT)],
    ["byte", "q_runners", of(Cpu.RUNNERS)],
  ];
}

/** The reason of a full flush, which the core keeps beside the stride or the scope. */
function fullOf(machine: Machine, cpu: number): number {
  const at = machine.cpu(cpu);
  return (machine.get(at + Cpu.REQUEST_STRIDE) >>> 8) | (machine.get(at + Cpu.ISSUED_SCOPE) >>> 8);
}

function mmAndFileRows(machine: Machine, sizes: Sizes): Row[] {
  const mm = (field: Mm): number[] => range(sizes.mms).map((m) => machine.get(machine.mm(m) + field));
  const file = (field: FileRecord): number[] => range(sizes.files).map((f) => machine.get(machine.file(f) + field));
  const pages = sizes.boot(Boot.FILE_PAGES);
  const cached = range(sizes.files * pages).map((i) =>
    machine.get(machine.file(Math.floor(i / pages)) + FileRecord.WORDS + (i % pages)),
  );
  return [
    ["byte", "mm_generation", mm(Mm.TLB_GENERATION)],
    ["byte", "cpumask", mm(Mm.CPUMASK)],
    ["byte", "holders", mm(Mm.HOLDERS)],
    ["byte", "gathers", mm(Mm.FLUSH_PENDING)],
    ["byte", "tables", mm(Mm.TABLES)],
    ["byte", "batch_pending", mm(Mm.BATCH_PENDING)],
    ["byte", "batch_flushed", mm(Mm.BATCH_FLUSHED)],
    ["short", "file_size", file(FileRecord.SIZE)],
    ["hidden byte", "file_level", file(FileRecord.LEVEL)],
    ["byte", "cache", cached],
  ];
}

function vmaRows(machine: Machine, sizes: Sizes): Row[] {
  const of = (field: Vma): number[] => range(sizes.vmas).map((v) => machine.get(machine.vma(v) + field));
  return [
    ["byte", "v_mm", of(Vma.MM)],
    ["short", "v_start", of(Vma.START)],
    ["short", "v_end", of(Vma.END)],
    ["byte", "v_flags", of(Vma.FLAGS)],
    ["byte", "v_file", of(Vma.FILE)],
    ["short", "v_offset", of(Vma.OFFSET)],
    ["byte", "v_task", of(Vma.DETACHED)],
    ["bit", "v_in_tree", of(Vma.IN_TREE)],
  ];
}

function frameRows(machine: Machine, sizes: Sizes): Row[] {
  const of = (field: Frame): number[] => range(sizes.frames).map((f) => machine.get(machine.frame(f) + field));
  const rest = (field: Rest): number[] => range(sizes.frames).map((f) => machine.get(machine.rest(f) + field));
  const stack = new Array<number>(sizes.frames).fill(0);
  const counts = range(3).map((pool) => {
    const head = machine.get(machine.base(Base.STATE) + Tally.WORDS + Globals.FREE_TABLE + pool);
    const list: number[] = [];
    for (let f = head; f !== 0; f = machine.get(machine.frame(f) + Frame.USE)) list.unshift(f);
    const first = 1 + range(pool).reduce((sum, p) => sum + sizes.boot(Boot.TABLE_FRAMES + p), 0);
    list.forEach((f, i) => {
      stack[first + i] = f;
    });
    return list.length;
  });
  const words = sizes.tableFrames * sizes.width;
  return [
    ["byte", "kind", range(sizes.frames).map((f) => machine.kind(f))],
    ["short", "owner", range(sizes.frames).map((f) => machine.owner(f))],
    ["byte", "refs", of(Frame.REFERENCES)],
    ["byte", "maps", of(Frame.MAPS)],
    ["byte", "generation", of(Frame.GENERATION)],
    ["byte", "parents", rest(Rest.PARENTS)],
    ["byte", "share", rest(Rest.SHARE)],
    ["short", "content", rest(Rest.VALUE)],
    ["bit", "dirty", rest(Rest.DIRTY)],
    ["byte", "free_count", counts],
    ["byte", "free_stack", stack],
    ["short", "pt", range(words).map((i) => machine.get(machine.base(Base.TABLE) + i))],
  ];
}

function taskRows(machine: Machine, sizes: Sizes): Row[] {
  const of = (field: Task): number[] => range(sizes.tasks).map((t) => machine.get(machine.task(t) + field));
  const words = machine.base(Base.GATHER_WORDS);
  const gather = (field: number): number[] =>
    range(sizes.tasks).map((t) => machine.get(machine.base(Base.GATHER) + t * words + field));
  const room = sizes.boot(Boot.BATCH) + 8;
  return [
    ["short", "pc", of(Task.PC)],
    ["bit", "done", of(Task.DONE)],
    ["byte", "calls", range(sizes.tasks).map(() => 1)],
    ["byte", "task_mm", of(Task.MM)],
    ["short", "ranks", of(Task.RANKS)],
    ["byte", "sig", of(Task.SIGNAL)],
    ["short", "seen", of(Task.VALUE)],
    ["short", "R", range(sizes.tasks * REGISTERS).map((i) => registerValue(machine, i))],
    ["byte", "g_mm", gather(Gather.MM)],
    ["short", "g_start", gather(Gather.START)],
    ["short", "g_end", gather(Gather.END)],
    ["byte", "g_bits", gather(Gather.BITS)],
    ["byte", "g_count", gather(Gather.COUNT)],
    [
      "byte",
      "g_batch",
      range(sizes.tasks * room).map((i) =>
        machine.get(machine.base(Base.GATHER) + Math.floor(i / room) * words + Gather.WORDS + (i % room)),
      ),
    ],
  ];
}

function registerValue(machine: Machine, i: number): number {
  const reg = i % REGISTERS;
  const value = machine.register(Math.floor(i / REGISTERS), reg as Reg);
  if (value === 0) return 0;
  if (reg === Reg.ENTRY || reg === Reg.NEW_ENTRY) return value - machine.base(Base.TABLE) + 1;
  return value === 0xffffffff ? NO_FILE : value;
}

/** Number of the lock whose word this is: the order of the lock macros in rules.ts. */
function lockWords(machine: Machine, sizes: Sizes): number[] {
  return [
    0,
    ...range(sizes.mms).map((m) => machine.mm(m) + Mm.MMAP_LOCK),
    ...range(sizes.mms).map((m) => machine.mm(m) + Mm.PAGE_TABLE_LOCK),
    ...range(sizes.files).map((f) => machine.file(f) + FileRecord.I_MMAP),
    ...range(sizes.files).map((f) => machine.file(f) + FileRecord.FAULT_MUTEX),
    0,
    ...range(sizes.vmas).map((v) => machine.vma(v) + Vma.LOCK),
    0,
    ...range(sizes.frames - 1).map((f) => machine.rest(f + 1) + Rest.LOCK),
    ...range(sizes.mms).map((m) => machine.mm(m) + Mm.VMA_WRITE),
  ];
}

function oweRows(machine: Machine, sizes: Sizes): Row[] {
  const words = lockWords(machine, sizes);
  const of = (field: Obligation): number[] =>
    range(sizes.boot(Boot.OBLIGATIONS)).map((i) => machine.get(machine.obligation(i) + field));
  const lockValue = (word: number): number => (word === 0 ? 0 : machine.get(word));
  return [
    ["short", "lck", words.map(lockValue).map((v) => (v & 0xff) | (v >= 0x80000000 ? 16384 : 0))],
    ["byte", "owed", [machine.obligations()]],
    ["byte", "fail_batches", [machine.get(machine.base(Base.STATE) + Tally.WORDS + Globals.FAIL_BATCHES)]],
    ["byte", "o_mm", of(Obligation.MM)],
    ["short", "o_start", of(Obligation.START)],
    ["byte", "o_level", of(Obligation.LEVEL)],
    ["byte", "o_frame", of(Obligation.FRAME)],
    ["byte", "o_generation", of(Obligation.GENERATION)],
    ["byte", "o_holders", of(Obligation.HOLDERS)],
    ["byte", "o_issued", of(Obligation.ISSUED)],
    ["byte", "o_flags", of(Obligation.FLAGS)],
    ["byte", "o_guard", of(Obligation.GUARD).map((word) => Math.max(0, words.indexOf(word)))],
    ["byte", "o_by", of(Obligation.BY)],
    ["byte", "o_due", of(Obligation.DUE)],
  ];
}

const MOST: Readonly<Record<string, number>> = { bit: 1, byte: 255, short: 32767, "hidden byte": 255 };

function declare([type, name, values]: Row): string {
  const wrong = values.find((value) => value < 0 || value > (MOST[type] as number));
  if (wrong !== undefined) throw new RangeError(`${name} holds ${wrong}, which no ${type} can hold`);
  // An array of zeros is what Promela begins with.
  const initial = values.every((value) => value === 0) ? "" : ` = { ${values.join(", ")} }`;
  if (name === "owed" || name === "fail_batches") return `${type} ${name} = ${values[0]};`;
  // SPIN has no array of nothing: what is never used has one.
  return `${type} ${name}[${Math.max(1, values.length)}]${initial};`;
}

/** Every word of the state that a later step can read, with its value at the start of the race. */
export function declarations(machine: Machine): string {
  const sizes = sizesOf(machine);
  const rows = [
    ...cpuRows(machine, sizes),
    ...mmAndFileRows(machine, sizes),
    ...vmaRows(machine, sizes),
    ...frameRows(machine, sizes),
    ...taskRows(machine, sizes),
    ...oweRows(machine, sizes),
  ];
  return rows.map(declare).join("\n");
}
