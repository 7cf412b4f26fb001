/**
 * The sizes of a machine and what differs from machine to machine, as the macros of a model.
 */
import { Area, Base, Boot } from "../../../assembly/abi/layout.js";
import { Machine as MachineKind } from "../../../assembly/abi/operands.js";
import { Mm } from "../../../assembly/abi/records.js";
import { REGISTERS } from "../../../assembly/abi/tasks.js";
import type { Machine } from "../../machine.js";
import { registerNames } from "./ops.js";

/** PCID slots of a CPU. */
export const SLOTS = 6;

export interface Sizes {
  readonly boot: (field: Boot) => number;
  readonly cpus: number;
  readonly mms: number;
  readonly tasks: number;
  readonly files: number;
  readonly vmas: number;
  readonly frames: number;
  readonly tableFrames: number;
  readonly width: number;
  readonly locks: number;
}

export function sizesOf(machine: Machine): Sizes {
  const boot = (field: Boot): number => machine.get(Area.BOOT + field);
  const tableFrames = boot(Boot.TABLE_FRAMES);
  return {
    boot,
    cpus: boot(Boot.CPUS),
    mms: boot(Boot.MMS),
    tasks: boot(Boot.TASKS),
    files: boot(Boot.FILES),
    vmas: boot(Boot.VMAS),
    frames: machine.base(Base.FRAMES),
    tableFrames,
    width: machine.base(Base.TABLE_WORDS),
    locks: 1 + 3 * boot(Boot.MMS) + 2 * boot(Boot.FILES) + boot(Boot.VMAS) + 1 + machine.base(Base.FRAMES),
  };
}

/** A choice by a small number, as nested conditional expressions. */
const byNumber = (values: readonly number[], x: string): string =>
  values.slice(0, -1).reduceRight((rest, value, i) => `(${x} == ${i} -> ${value} : ${rest})`, `${values.at(-1)}`);

/** Bits of the CPUs that satisfy a condition. */
const bitsOf = (cpus: number, condition: (cpu: number) => string): string =>
  Array.from({ length: cpus }, (_, cpu) => `(${condition(cpu)} -> ${1 << cpu} : 0)`).join(" | ");

/** Whether the machine keeps generations in PCID slots. */
export const hasSlots = (kind: number): boolean =>
  kind === MachineKind.X86 || kind === MachineKind.X86_PTI || kind === MachineKind.X86_TCE;

/** What an invalidation by address reaches when it is asked for leaves only, and when not (hw/invalidate.ts, table). */
function scopesOf(kind: MachineKind, invpcid: boolean): readonly [leaf: string, address: string] {
  switch (kind) {
    case MachineKind.X86:
      return ["ALL_POINTERS", "ALL_POINTERS"];
    case MachineKind.X86_PTI:
      return invpcid ? ["ON_PATH", "ON_PATH"] : ["ALL_POINTERS", "ALL_POINTERS"];
    case MachineKind.X86_TCE:
    case MachineKind.X86_INVLPGB:
      return ["ON_PATH", "ON_PATH"];
    case MachineKind.RISCV:
      return ["LEAVES_ONLY", "LEAVES_ONLY"];
    default:
      return ["LEAVES_ONLY", "ON_PATH"];
  }
}

export function macros(machine: Machine): string {
  const sizes = sizesOf(machine);
  const { boot } = sizes;
  const { bits } = machine.geometry;
  const pages = [...bits.keys(), bits.length].map((level) => 2 ** bits.slice(0, level).reduce((a, b) => a + b, 0));
  const kind = boot(Boot.MACHINE);
  const define: readonly [string, string | number][] = [
    ["CPUS", sizes.cpus],
    ["MMS", sizes.mms],
    ["TASKS", sizes.tasks],
    ["FILES", sizes.files],
    ["FILE_PAGES", boot(Boot.FILE_PAGES)],
    ["VMAS", sizes.vmas],
    ["TABLE_FRAMES", sizes.tableFrames],
    ["BASE_FRAMES", boot(Boot.BASE_FRAMES)],
    ["FRAMES", sizes.frames],
    ["OBLIGATIONS", boot(Boot.OBLIGATIONS)],
    ["BATCH_SIZE", boot(Boot.BATCH)],
    ["BATCH_ROOM", boot(Boot.BATCH) + 8],
    ["CEILING", boot(Boot.CEILING)],
    ["DVM_OPS", boot(Boot.DVM_OPS)],
    ["PCID", boot(Boot.PCID)],
    ["FENCE_OPS", boot(Boot.FENCE_OPS)],
    ["SLOTS", SLOTS],
    ["HAS_SLOTS", hasSlots(kind) ? 1 : 0],
    ["IS_RISCV", kind === MachineKind.RISCV ? 1 : 0],
    ["SCOPE_OF_LEAF", scopesOf(kind, boot(Boot.INVPCID) !== 0)[0]],
    ["SCOPE_OF_ADDRESS", scopesOf(kind, boot(Boot.INVPCID) !== 0)[1]],
    ["IS_ARM64", kind === MachineKind.ARM64 || kind === MachineKind.ARM64_RANGE ? 1 : 0],
    ["HAS_RANGES", kind === MachineKind.ARM64_RANGE ? 1 : 0],
    ["LEVELS", bits.length],
    ["WIDTH", sizes.width],
    ["SPACE", pages.at(-1) as number],
    ["LOCKS", sizes.locks],
    ["LIST", 64],
    ["REGISTERS", REGISTERS],
    ["EVERY_CPU", 2 ** sizes.cpus - 1],
  ];
  return [
    ...define.map(([name, value]) => `#define ${name} ${value}`),
    `#define PAGES(l) ${byNumber(pages, "(l)")}`,
    `#define ENTRIES(l) ${byNumber(
      bits.map((b) => 2 ** b),
      "(l)",
    )}`,
    `#define PGD(m) ${byNumber(
      Array.from({ length: sizes.mms }, (_, mm) => machine.get(machine.mm(mm) + Mm.PGD)),
      "(m)",
    )}`,
    `#define RUNNING(m) (${bitsOf(sizes.cpus, (c) => `loaded[${c}] == (m) + 1`)})`,
    `#define AWAKE(m) (${bitsOf(sizes.cpus, (c) => `(loaded[${c}] == (m) + 1 && !lazy[${c}])`)})`,
    ...registerNames.map((name, i) => `#define ${name} R[me * REGISTERS + ${i}]`),
  ].join("\n");
}
