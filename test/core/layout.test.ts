/** The memory map: regions, sizes, and the number that keeps a host and a core of different builds apart. */
import { describe, expect, it } from "vitest";
import {
  Area,
  Base,
  Boot,
  LAYOUT_VERSION,
  Run,
  VIOLATION_AREA,
  VIOLATIONS_MAX,
  Violation,
} from "../../assembly/abi/layout.js";
import { Cpu, Frame, Globals, Mm, Rest, Tally, Vma } from "../../assembly/abi/records.js";
import { GATHERS, Gather, Obligation, Task } from "../../assembly/abi/tasks.js";
import { type CoreModule, compileCore, openCore } from "../../src/core/core.js";
import { stage } from "../../src/explore/stage.js";
import { findBackend } from "../../src/kernel/arch/backends.js";
import { findEdition } from "../../src/kernel/editions.js";
import { Machine, type MachineConfig } from "../../src/machine.js";
import { scenarios } from "../../src/scenarios/index.js";
import { rig } from "./harness.js";

const EXPLORABLE_WORDS = 4096;

const CONFIG = {
  geometry: "tiny",
  edition: findEdition("5.19") as NonNullable<ReturnType<typeof findEdition>>,
  backend: findBackend("x86") as NonNullable<ReturnType<typeof findBackend>>,
  cpus: 3,
  mms: 2,
  tasks: 2,
} as const;

/** Regions of the state in their order, with the words that the records in them take. */
function stateRegions(machine: Machine): [Base, number][] {
  const boot = (field: Boot): number => machine.get(Area.BOOT + field);
  const tlbs = boot(Boot.CONCRETE) === 0 ? 0 : boot(Boot.CPUS) * machine.base(Base.TLB_WORDS);
  return [
    [Base.STATE, Tally.WORDS],
    [Base.HASHED, Globals.WORDS],
    [Base.CPU, boot(Boot.CPUS) * Cpu.WORDS],
    [Base.MM, boot(Boot.MMS) * Mm.WORDS],
    [Base.FILE, boot(Boot.FILES) * machine.base(Base.FILE_WORDS)],
    [Base.VMA, boot(Boot.VMAS) * Vma.WORDS],
    [Base.TASK, boot(Boot.TASKS) * Task.WORDS],
    [Base.GATHER, boot(Boot.TASKS) * GATHERS * machine.base(Base.GATHER_WORDS)],
    [Base.FRAME, machine.base(Base.FRAMES) * Frame.WORDS],
    [Base.REST, machine.base(Base.FRAMES) * Rest.WORDS],
    [Base.TABLE, boot(Boot.TABLE_FRAMES) * machine.base(Base.TABLE_WORDS)],
    [Base.TLB, tlbs],
    [Base.OBLIGATION, boot(Boot.OBLIGATIONS) * Obligation.WORDS],
  ];
}

const machines: readonly [string, Partial<MachineConfig>][] = [
  ["tiny", {}],
  ["tiny with concrete TLBs", { concrete: true }],
  ["x86-64", { geometry: "x86-64", baseFrames: 100, hugeFrames: 10 }],
];

describe("the regions", () => {
  for (const [name, config] of machines) {
    const machine = Machine.boot({ ...CONFIG, ...config });

    it(`of ${name} follow one another without gap or overlap and fill the state (L1)`, () => {
      const regions = stateRegions(machine);
      let at = machine.base(Base.STATE);
      for (const [region, words] of regions) {
        // A frame's record is loaded as one.
        if (region === Base.FRAME) at = (at + 3) & ~3;
        expect(machine.base(region)).toBe(at);
        at += words;
      }
      expect(machine.base(Base.STATE_END)).toBe((at + 3) & ~3);
    });

    it(`of ${name} come after the fixed areas, and what does not change after the state (L2)`, () => {
      const order = [Base.STATE, Base.STATE_END, Base.CODE, Base.SCRIPT, Base.SCHEDULE, Base.EVENT, Base.INITIAL];
      const bases = [...order, Base.END].map((region) => machine.base(region));
      expect(bases).toEqual([...bases].sort((a, b) => a - b));
      expect(machine.base(Base.STATE)).toBeGreaterThan(Area.END);
      expect(machine.base(Base.END) * 4).toBeLessThanOrEqual(machine.core.bytes().length);
      expect(machine.base(Base.END) - machine.base(Base.INITIAL)).toBe(
        machine.base(Base.STATE_END) - machine.base(Base.STATE),
      );
    });
  }

  it("are where the records of the core are, too", () => {
    const made = rig();
    const tasks = [0, 1].map((task) => made.core.gatherOf(made.task(task)) >>> 0);
    expect(tasks).toEqual([0, 1].map((i) => made.machine.base(Base.GATHER) + i * made.machine.base(Base.GATHER_WORDS)));
    expect(made.machine.base(Base.GATHER_WORDS)).toBe(Gather.WORDS + made.machine.get(Area.BOOT + Boot.BATCH) + 8);
    made.set({ 3: 77 }, 1);
    expect(made.machine.long(made.task(1) + Task.REGISTER + 2 * 3)).toBe(77);
    expect(made.core.tlbWordsPerCpu()).toBe(made.machine.base(Base.TLB_WORDS));
  });

  it("fixed by hand do not overlap", () => {
    expect(Area.BOOT + Boot.WORDS).toBeLessThanOrEqual(Area.BASE);
    expect(Area.BASE + Base.WORDS).toBeLessThanOrEqual(Area.RUN);
    expect(Area.RUN + Run.WORDS).toBeLessThanOrEqual(VIOLATION_AREA);
    expect(VIOLATION_AREA + VIOLATIONS_MAX * Violation.WORDS).toBeLessThanOrEqual(Area.END);
  });
});

describe("an explorable state", () => {
  for (const scenario of scenarios) {
    it(`of ${scenario.name} stays under 16 KiB`, () => {
      for (const which of scenario.cases) {
        const machine = stage({ scenario, which, edition: CONFIG.edition, backend: CONFIG.backend });
        expect(machine.base(Base.STATE_END) - machine.base(Base.STATE)).toBeLessThan(EXPLORABLE_WORDS);
      }
    });
  }
});

/** The smallest core: (module (memory (export "memory") 1) (func (export "layoutVersion") (result i32) i32.const n)) */
function tinyCore(version: number): CoreModule {
  const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
  const section = (id: number, body: number[]): number[] => [id, body.length, ...body];
  return compileCore(
    new Uint8Array([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, 0, 1, 0x7f]),
      ...section(3, [1, 0]),
      ...section(5, [1, 0, 1]),
      ...section(7, [2, ...text("memory"), 2, 0, ...text("layoutVersion"), 0, 0]),
      ...section(10, [1, 4, 0, 0x41, version, 0x0b]),
    ]),
  );
}

describe("a core with another layout", () => {
  it("is refused, with both numbers and the way out", () => {
    const other = LAYOUT_VERSION + 1;
    expect(() => openCore(tinyCore(other))).toThrow(
      `the core has layout ${other} and the host ${LAYOUT_VERSION}: rebuild with \`npm run build\``,
    );
  });

  it("is refused for its number alone: the same core with the right one opens", () => {
    const core = openCore(tinyCore(LAYOUT_VERSION));
    expect(core.call.layoutVersion()).toBe(LAYOUT_VERSION);
    expect(core.words().length).toBe(65536 / 4);
  });
});
