import { describe, expect, it } from "vitest";
import { Hidden } from "../../../assembly/abi/events.js";
import { Run } from "../../../assembly/abi/layout.js";
import { Reg, Scope } from "../../../assembly/abi/operands.js";
import { Cpu, Entry, Mm, Tally } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const A = 0;
const FLAGS = Entry.PRESENT | Entry.LEAF;

/** CPU0 and CPU1 run A; task 0 is on CPU0, task 1 on CPU1. */
function running(backend: string, options: RigOptions = {}): Rig {
  const made = rig({ backend, ...options });
  for (const cpu of [0, 1]) {
    made.core.loadMm(cpu, A);
    made.put(made.machine.task(cpu) + Task.CPU, cpu);
  }
  return made;
}

interface Range {
  readonly from?: number;
  readonly to?: number;
  readonly stride?: number;
  readonly tables?: number;
  readonly full?: number;
}

function setRange(made: Rig, { from = 6, to = 8, stride = 1, tables = 0, full = 0 }: Range, task = 0): void {
  made.set(
    {
      [Reg.FLUSH_MM]: A,
      [Reg.RANGE_START]: from,
      [Reg.RANGE_END]: to,
      [Reg.STRIDE]: stride,
      [Reg.TABLES]: tables,
      [Reg.FULL]: full,
    },
    task,
  );
}

function tlbi(made: Rig, range: Range = {}, task = 0, hint = 0): void {
  setRange(made, range, task);
  made.core.tlbi(made.task(task), hint);
}

/** A's huge page at 6 has been cleared. */
function owing(backend = "arm64-range", options: RigOptions = {}): Rig {
  const made = running(backend, options);
  made.map(A, 6, 1);
  made.clear(A, 6, 1);
  return made;
}

describe("the limits of __flush_tlb_range (kernel.md 4.3)", () => {
  const decided = (backend: string, range: Range, geometry = "tiny"): [number, number, number] => {
    const made = running(backend, { geometry });
    setRange(made, range);
    made.core.decideLimits(made.task());
    return [made.register(Reg.FULL), made.register(Reg.RANGE_START), made.register(Reg.RANGE_END)];
  };
  const GIB = 2 ** 18;
  const HUGE = 512;

  it("without range operations: the whole ASID from MAX_DVM_OPS strides on", () => {
    expect(decided("arm64", { from: 4, to: 6 })[0]).toBe(0);
    expect(decided("arm64", { from: 4, to: 8 })[0]).toBe(Hidden.DVM_LIMIT);
    expect(decided("arm64", { from: 0, to: 511 * HUGE }, "x86-64")[0]).toBe(0);
    expect(decided("arm64", { from: 0, to: GIB }, "x86-64")[0]).toBe(Hidden.DVM_LIMIT);
    expect(decided("arm64", { from: 0, to: 512, stride: 0 }, "x86-64")[0]).toBe(Hidden.DVM_LIMIT);
  });

  it("with range operations: the whole ASID only from 8 GiB on", () => {
    expect(decided("arm64-range", { from: 0, to: GIB }, "x86-64")[0]).toBe(0);
    expect(decided("arm64-range", { from: 0, to: 8 * GIB - HUGE }, "x86-64")[0]).toBe(0);
    expect(decided("arm64-range", { from: 0, to: 8 * GIB }, "x86-64")[0]).toBe(Hidden.DVM_LIMIT);
  });

  it("round the range to the stride first", () => {
    expect(decided("arm64-range", { from: 5, to: 7 })).toEqual([0, 4, 8]);
    expect(decided("arm64", { from: 5, to: 7 })[0]).toBe(Hidden.DVM_LIMIT);
  });

  it("do not hold on the precise machine, which hides nothing", () => {
    expect(decided("precise", { from: 5, to: 16 })).toEqual([0, 5, 16]);
    expect(decided("precise", { full: 1 })[0]).toBe(Hidden.WHOLE_MM);
  });

  it("do not matter to a flush that is full anyway", () => {
    expect(decided("arm64", { from: 4, to: 6, full: 1 })[0]).toBe(Hidden.WHOLE_MM);
  });
});

describe("TLBI and DSB", () => {
  it("discharge every CPU, and only when the issuer has waited", () => {
    const made = owing();
    tlbi(made);
    expect(made.owed().map(({ holders }) => holders)).toEqual([0b011]);
    made.core.dsb(made.task());
    expect(made.owed()).toEqual([]);
    expect(made.machine.tally(Tally.TLBIS)).toBe(1);
  });

  it("complete only what the same CPU has issued", () => {
    const made = owing();
    tlbi(made);
    made.core.dsb(made.task(1));
    expect(made.owed()).toHaveLength(1);
    made.core.dsb(made.task(0));
    expect(made.owed()).toEqual([]);
  });

  it("leave what was cleared after the TLBI (G3)", () => {
    const made = running("arm64-range");
    made.map(A, 6, 1);
    tlbi(made);
    made.clear(A, 6, 1);
    made.core.dsb(made.task());
    expect(made.owed()).toHaveLength(1);
  });

  it("with the wrong level hint discharge nothing", () => {
    const made = owing();
    tlbi(made, {}, 0, 1);
    made.core.dsb(made.task());
    expect(made.owed()).toHaveLength(1);
    tlbi(made, {}, 0, 2);
    made.core.dsb(made.task());
    expect(made.owed()).toEqual([]);
  });

  it("leave pointers alone unless tables were recorded (c2ff4764e03e)", () => {
    for (const tables of [0, 1]) {
      const made = running("arm64-range");
      made.map(A, 6, 1);
      made.clear(A, 6, 2);
      tlbi(made, { from: 4, to: 8, tables });
      made.core.dsb(made.task());
      expect(made.owed().map(({ level }) => level & 15)).toEqual(tables === 1 ? [] : [2]);
    }
  });

  it("of the whole ASID reach everything of the mm", () => {
    const made = running("arm64");
    made.map(A, 6, 1);
    made.clear(A, 6, 2);
    tlbi(made, { from: 0, to: 0, full: Hidden.WHOLE_MM });
    expect(made.get(made.machine.cpu(0) + Cpu.ISSUED_SCOPE) & 255).toBe(Scope.CONTEXT);
    made.core.dsb(made.task());
    expect(made.owed()).toEqual([]);
  });

  it("a DSB without a TLBI does nothing", () => {
    const made = owing();
    made.core.dsb(made.task());
    expect(made.owed()).toHaveLength(1);
  });
});

describe("a CPU that switches away between TLBI and DSB of the whole ASID", () => {
  it("may have filled again after the TLBI had reached it: it stays a holder (G1)", () => {
    const made = running("arm64");
    tlbi(made, { full: Hidden.WHOLE_MM });
    made.core.loadMm(1, 1);
    made.core.dsb(made.task());
    expect(made.mm(A, Mm.HOLDERS)).toBe(0b011);
  });

  it("may have come and gone in between", () => {
    const made = running("arm64");
    tlbi(made, { full: Hidden.WHOLE_MM });
    made.core.loadMm(2, A);
    made.core.loadMm(2, 1);
    made.core.dsb(made.task());
    expect(made.mm(A, Mm.HOLDERS)).toBe(0b111);
  });

  it("is no holder any more when it was away all the time", () => {
    const made = running("arm64");
    made.core.loadMm(1, 1);
    tlbi(made, { full: Hidden.WHOLE_MM });
    made.core.dsb(made.task());
    expect(made.mm(A, Mm.HOLDERS)).toBe(0b001);
    expect(made.get(made.machine.cpu(0) + Cpu.RUNNERS)).toBe(0);
  });
});

describe("concrete TLBs", () => {
  for (const early of [1, 0]) {
    it(`drop their entries at the ${early === 1 ? "TLBI" : "DSB"}, as the run chooses`, () => {
      const made = running("arm64-range", { concrete: true });
      made.machine.setRun(Run.TLBI_EARLY, early);
      for (const cpu of [0, 1]) made.core.fill(cpu, made.core.spaceOfMm(cpu, A), 6n, 1, 15, FLAGS);
      const held = (): number[] => [0, 1].filter((cpu) => made.core.lookUp(cpu, made.core.spaceOfMm(cpu, A), 6n) !== 0);
      tlbi(made);
      expect(held()).toEqual(early === 1 ? [] : [0, 1]);
      made.core.dsb(made.task());
      expect(held()).toEqual([]);
    });
  }

  it("are tagged by the mm's ASID on every CPU, loaded or not", () => {
    const made = running("arm64");
    expect([0, 1, 2].map((cpu) => made.core.spaceOfMm(cpu, 1))).toEqual([2, 2, 2]);
    expect([0, 1, 2].map((cpu) => made.core.spaceOfCpu(cpu))).toEqual([1, 1, 0]);
  });
});
