import { describe, expect, it } from "vitest";
import { Hidden } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Cpu, Entry, Mm, Tally } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const A = 0;
const B = 1;
const FLAGS = Entry.PRESENT | Entry.LEAF;

/** CPU0, CPU1 and CPU2 run A on concrete TLBs; task 0 runs on CPU0. */
function running(options: RigOptions = {}): Rig {
  const made = rig({ concrete: true, ...options });
  for (const cpu of [0, 1, 2]) made.core.loadMm(cpu, A);
  return made;
}

interface Flush {
  readonly from?: number;
  readonly to?: number;
  readonly stride?: number;
  readonly tables?: number;
  readonly full?: number;
}

/** The first steps of flush_tlb_mm_range by task 0 for A: the decision and the new generation. */
function begin(made: Rig, { from = 4, to = 6, stride = 1, tables = 0, full = 0 }: Flush = {}): void {
  made.set({
    [Reg.FLUSH_MM]: A,
    [Reg.RANGE_START]: from,
    [Reg.RANGE_END]: to,
    [Reg.STRIDE]: stride,
    [Reg.TABLES]: tables,
    [Reg.FULL]: full,
  });
  made.core.decideFull(made.task());
  made.core.nextGeneration(made.task());
}

/** Fills huge-page translations of A at 4 and 8 on a CPU; gives a function that tells which it still holds. */
function filled(made: Rig, cpu: number): () => number[] {
  const space = made.core.spaceOfMm(cpu, A);
  for (const vpn of [4n, 8n]) made.core.fill(cpu, space, vpn, 1, 15, FLAGS);
  return () => [4, 8].filter((vpn) => made.core.lookUp(cpu, space, BigInt(vpn)) !== 0);
}

const cpuWord = (made: Rig, cpu: number, field: Cpu): number => made.get(made.machine.cpu(cpu) + field);
const slotGeneration = (made: Rig, cpu: number): number =>
  cpuWord(made, cpu, Cpu.SLOTS + 2 * cpuWord(made, cpu, Cpu.SLOT) + 1);

describe("flush_tlb_mm_range", () => {
  it("raises tlb_gen and keeps the request for the receivers (X2)", () => {
    const made = running();
    begin(made, { from: 4, to: 8, tables: 1 });
    expect([made.mm(A, Mm.TLB_GENERATION), made.register(Reg.GENERATION)]).toEqual([1, 1]);
    const cpu = made.machine.cpu(0);
    const request = [Cpu.REQUEST_MM, Cpu.REQUEST_GENERATION, Cpu.REQUEST_TABLES].map((field) => made.get(cpu + field));
    expect(request).toEqual([A + 1, 1, 1]);
    expect([made.machine.long(cpu + Cpu.REQUEST_START), made.machine.long(cpu + Cpu.REQUEST_END)]).toEqual([4, 8]);
  });

  const ceiling = [
    ["as many strides as the ceiling", { from: 4, to: 6 }, 0],
    ["one stride more than the ceiling", { from: 4, to: 8 }, Hidden.CEILING],
    ["base pages where huge ones would do", { from: 4, to: 6, stride: 0 }, Hidden.CEILING],
    ["an inverted range", { from: 8, to: 4 }, Hidden.CEILING],
    ["a gather that is full anyway", { from: 4, to: 6, full: 1 }, Hidden.WHOLE_MM],
  ] as const;
  for (const [what, flush, full] of ceiling) {
    it(`goes ${full === 0 ? "page by page" : "for everything"} with ${what}`, () => {
      const made = running();
      begin(made, flush);
      expect(made.register(Reg.FULL)).toBe(full);
      expect(made.machine.tally(Tally.FULL_FLUSHES)).toBe(full === 0 ? 0 : 1);
    });
  }

  it("interrupts the other CPUs of the mm, not itself and not those of other mms", () => {
    const made = running();
    made.core.loadMm(2, B);
    begin(made);
    made.core.sendIpi(made.task());
    expect([0, 1, 2].map((cpu) => cpuWord(made, cpu, Cpu.PENDING))).toEqual([0, 1, 0]);
    expect(made.core.acknowledged(0)).toBe(0);
    made.core.handleIpi(1);
    expect(made.core.acknowledged(0)).toBe(1);
  });

  it("passes by a lazy CPU, unless tables were freed", () => {
    for (const tables of [0, 1]) {
      const made = running();
      made.core.goLazy(1);
      begin(made, { tables });
      made.core.sendIpi(made.task());
      expect([1, 2].map((cpu) => cpuWord(made, cpu, Cpu.PENDING))).toEqual([tables, 1]);
    }
  });

  it("does nothing on its own CPU when that runs another mm", () => {
    const made = running();
    const held = filled(made, 0);
    made.core.loadMm(0, B);
    begin(made);
    made.core.flushLocal(made.task());
    expect(held()).toEqual([4, 8]);
  });
});

describe("flush_tlb_func", () => {
  it("drops the range when exactly one generation was missed", () => {
    const made = running();
    const held = filled(made, 1);
    begin(made);
    made.core.flushFunc(1, 0);
    expect(held()).toEqual([8]);
    expect(slotGeneration(made, 1)).toBe(1);
  });

  it("drops everything after a gap of generations (X1)", () => {
    const made = running();
    const held = filled(made, 1);
    begin(made, { from: 12, to: 14 });
    begin(made);
    made.core.flushFunc(1, 0);
    expect(held()).toEqual([]);
    expect(slotGeneration(made, 1)).toBe(2);
  });

  it("drops everything when the mm has a newer generation than the request", () => {
    const made = running();
    const held = filled(made, 1);
    begin(made);
    made.put(made.machine.mm(A) + Mm.TLB_GENERATION, 2);
    made.core.flushFunc(1, 0);
    expect(held()).toEqual([]);
    expect(slotGeneration(made, 1)).toBe(2);
  });

  it("drops nothing when it has caught up already", () => {
    const made = running();
    begin(made);
    made.core.flushFunc(1, 0);
    const held = filled(made, 1);
    made.core.flushFunc(1, 0);
    expect(held()).toEqual([4, 8]);
  });

  it("drops everything when the request says so", () => {
    const made = running();
    const held = filled(made, 1);
    begin(made, { full: 1 });
    made.core.flushFunc(1, 0);
    expect(held()).toEqual([]);
  });

  it("takes a CPU that runs another mm out of the cpumask", () => {
    const made = running();
    made.core.loadMm(1, B);
    made.put(made.machine.mm(A) + Mm.CPUMASK, 0b111);
    begin(made);
    made.core.flushFunc(1, 0);
    expect(made.mm(A, Mm.CPUMASK)).toBe(0b101);
  });

  it("makes a lazy CPU leave the mm", () => {
    const made = running();
    made.core.goLazy(1);
    begin(made, { tables: 1 });
    made.core.flushFunc(1, 0);
    expect([cpuWord(made, 1, Cpu.LOADED_MM), cpuWord(made, 1, Cpu.LAZY)]).toEqual([0, 0]);
    expect(made.mm(A, Mm.CPUMASK)).toBe(0b101);
  });

  it("answers the lowest sender first and leaves the others waiting (X2)", () => {
    const made = running();
    made.put(made.machine.task(1) + Task.CPU, 2);
    begin(made);
    made.core.sendIpi(made.task());
    made.set({ [Reg.FLUSH_MM]: A, [Reg.RANGE_START]: 8, [Reg.RANGE_END]: 10, [Reg.STRIDE]: 1 }, 1);
    made.core.nextGeneration(made.task(1));
    made.core.sendIpi(made.task(1));
    expect(cpuWord(made, 1, Cpu.PENDING)).toBe(0b101);
    made.core.handleIpi(1);
    expect(cpuWord(made, 1, Cpu.PENDING)).toBe(0b100);
    made.core.handleIpi(2);
    expect([0, 2].map((cpu) => made.core.acknowledged(cpu))).toEqual([1, 0]);
  });
});

describe("switch_mm_irqs_off", () => {
  it("moves the CPU from one cpumask to the other and takes the next PCID slot", () => {
    const made = running();
    made.core.loadMm(1, B);
    expect([A, B].map((mm) => made.mm(mm, Mm.CPUMASK))).toEqual([0b101, 0b010]);
    expect([made.core.spaceOfMm(1, A), made.core.spaceOfMm(1, B), made.core.spaceOfCpu(1)]).toEqual([1, 2, 2]);
  });

  it("keeps what the old PCID holds, and finds the slot again on the way back", () => {
    const made = running();
    const held = filled(made, 1);
    made.core.loadMm(1, B);
    made.core.loadMm(1, A);
    expect(held()).toEqual([4, 8]);
    expect(made.core.spaceOfCpu(1)).toBe(1);
  });

  it("catches up on the way back when a generation was missed (X1)", () => {
    const made = running();
    const held = filled(made, 1);
    made.core.loadMm(1, B);
    begin(made);
    made.core.loadMm(1, A);
    expect(held()).toEqual([]);
    expect(slotGeneration(made, 1)).toBe(1);
  });

  it("catches up when a lazy CPU runs the mm again", () => {
    const made = running();
    const held = filled(made, 1);
    made.core.goLazy(1);
    begin(made);
    made.core.sendIpi(made.task());
    expect(held()).toEqual([4, 8]);
    made.core.loadMm(1, A);
    expect(held()).toEqual([]);
    expect(cpuWord(made, 1, Cpu.LAZY)).toBe(0);
  });

  it("hands six slots out round robin, and empties the one that it takes from another mm", () => {
    const made = rig({ mms: 7, cpus: 1, concrete: true, tableFrames: 9 });
    made.core.loadMm(0, A);
    const held = filled(made, 0);
    for (const mm of [1, 2, 3, 4, 5]) {
      made.core.loadMm(0, mm);
      expect(made.core.spaceOfCpu(0)).toBe(mm + 1);
    }
    expect(held()).toEqual([4, 8]);
    made.core.loadMm(0, 6);
    expect(made.core.spaceOfCpu(0)).toBe(1);
    expect(held()).toEqual([]);
    expect(made.core.spaceOfMm(0, A)).toBe(0);
    expect(made.mm(A, Mm.HOLDERS)).toBe(0);
    made.core.loadMm(0, A);
    expect(made.core.spaceOfCpu(0)).toBe(2);
    expect(made.core.spaceOfMm(0, 1)).toBe(0);
  });

  it("discharges what a slot that is taken away was owed for", () => {
    const made = rig({ mms: 7, cpus: 1, tableFrames: 11 });
    made.core.loadMm(0, A);
    made.map(A, 6, 1);
    made.clear(A, 6, 1);
    for (const mm of [1, 2, 3, 4, 5]) made.core.loadMm(0, mm);
    expect(made.owed()).toHaveLength(1);
    made.core.loadMm(0, 6);
    expect(made.owed()).toEqual([]);
  });

  it("has only slot 0 without PCID, and every switch empties it", () => {
    const made = running({ pcid: false });
    const held = filled(made, 1);
    made.core.loadMm(1, B);
    expect(held()).toEqual([]);
    expect(made.core.spaceOfCpu(1)).toBe(1);
  });
});

describe("leave_mm", () => {
  it("keeps translations under their PCID, and drops them without one", () => {
    for (const pcid of [true, false]) {
      const made = running({ pcid });
      const held = filled(made, 1);
      made.core.unloadMm(1);
      expect(held()).toEqual(pcid ? [4, 8] : []);
      expect(made.mm(A, Mm.CPUMASK)).toBe(0b101);
      expect(made.mm(A, Mm.HOLDERS)).toBe(pcid ? 0b111 : 0b101);
    }
  });

  it("of a CPU that runs no mm does nothing", () => {
    const made = rig();
    made.core.unloadMm(1);
    expect(cpuWord(made, 1, Cpu.LOADED_MM)).toBe(0);
  });
});
