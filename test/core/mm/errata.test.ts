/** Faulty hardware, kernel mappings, and ASIDs that run out. */
import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Cpu, Entry, Mm } from "../../../assembly/abi/records.js";
import { type Rig, type RigOptions, rig } from "../harness.js";
import { load, step } from "../ops.js";

const PAGE = 12;

/** A (mm 0) runs on CPU0 and CPU1, with a page mapped at PAGE, global if asked for. */
function running(backend: string, options: RigOptions = {}, flags = Entry.WRITE): Rig {
  const made = rig({ backend, cpus: 2, ...options });
  made.core.loadMm(0, 0);
  made.core.loadMm(1, 0);
  made.map(0, PAGE, 0, flags);
  return made;
}

/** Runs ops of task 0 to the end of each, and the interrupts that they cause. */
function run(made: Rig, ops: readonly (readonly number[])[]): void {
  made.set({ [Reg.FLUSH_MM]: 0, [Reg.RANGE_START]: PAGE, [Reg.RANGE_END]: PAGE + 1, [Reg.STRIDE]: 0 });
  load(made, 0, ops);
  for (const _ of ops) {
    step(made, 0);
    if (made.core.isEnabled(3) === 1) step(made, 3);
  }
}

const holders = (made: Rig): number => made.owed().reduce((all, owed) => all | owed.holders, 0);

describe("a global translation", () => {
  const flush = [[Op.KERNEL_SEND], [Op.KERNEL_LOCAL], [Op.X86_WAIT_IPI]];
  const left = (backend: string, options: RigOptions): number => {
    const made = running(backend, options, Entry.WRITE | Entry.GLOBAL);
    made.clear(0, PAGE, 0);
    made.core.invalidated(0, 0, 3, 0, 0n, 0n, 0);
    expect(holders(made)).toBe(0b11);
    run(made, flush);
    return holders(made);
  };

  it("survives the flush of a context and not an invalidation of its address", () => {
    for (const backend of ["x86", "x86-pti", "x86-tce", "riscv"]) expect(left(backend, {}), backend).toBe(0);
  });

  it("survives INVLPG too on faulty hardware, as long as PCIDs are in use", () => {
    const errata = ["invlpg-global"] as const;
    expect(left("x86", { errata })).toBe(0b11);
    expect(left("x86", { errata, pcid: false })).toBe(0);
    expect(left("x86-tce", { errata })).toBe(0);
  });
});

describe("a DSB that ends early", () => {
  const twice = [[Op.TLBI], [Op.DSB], [Op.TLBI], [Op.DSB]];
  const owedAfter = (ops: readonly number[][], errata: RigOptions["errata"]): number => {
    const made = running("arm64-range", { errata: errata ?? [] });
    made.clear(0, PAGE, 0);
    run(made, ops);
    return holders(made);
  };

  it("leaves everything owed after the first, and nothing after the second", () => {
    expect(owedAfter(twice.slice(0, 2), [])).toBe(0);
    expect(owedAfter(twice.slice(0, 2), ["dsb-early"])).toBe(0b11);
    expect(owedAfter(twice, ["dsb-early"])).toBe(0);
  });
});

describe("a new generation of ASIDs", () => {
  const asid = (made: Rig): number => made.mm(0, Mm.ASID);
  const rollover = (made: Rig): void => run(made, [[Op.ASID_ROLLOVER]]);

  it("gives an mm another ASID when it is next loaded, and flushes the CPU", () => {
    const made = running("arm64");
    for (const cpu of [0, 1]) made.core.switchMm(cpu, 1);
    made.clear(0, PAGE, 0);
    rollover(made);
    made.core.switchMm(1, 0);
    expect(asid(made)).toBe(1);
    expect(holders(made)).toBe(0b01);
  });

  it("leaves an mm that is loaded somewhere its ASID", () => {
    const made = running("arm64");
    made.core.switchMm(1, 1);
    rollover(made);
    made.core.switchMm(1, 0);
    expect(asid(made)).toBe(0);
    expect(made.mm(0, Mm.ASID_EPOCH)).toBe(1);
  });

  it("leaves it to an mm that was loaded when it began, though its CPU has left it since", () => {
    const made = running("arm64");
    made.core.switchMm(0, 1);
    rollover(made);
    made.core.switchMm(1, 1);
    made.core.switchMm(1, 0);
    expect(asid(made)).toBe(0);
  });

  it("makes a TLBI for the ASID that was read before miss what the new one has", () => {
    const reaches = (isLate: boolean): number => {
      const made = running("arm64");
      for (const cpu of [0, 1]) made.core.switchMm(cpu, 1);
      if (!isLate) run(made, [[Op.READ_ASID, Reg.GENERATION]]);
      rollover(made);
      made.core.switchMm(1, 0);
      made.clear(0, PAGE, 0);
      if (isLate) run(made, [[Op.READ_ASID, Reg.GENERATION]]);
      else made.set({ [Reg.GENERATION]: 0 });
      const read = made.register(Reg.GENERATION);
      made.set({ [Reg.GENERATION]: isLate ? 1 : read });
      run(made, [[Op.TLBI_ASID, Reg.GENERATION], [Op.DSB]]);
      return holders(made) & 0b10;
    };
    expect(reaches(false)).toBe(0b10);
    expect(reaches(true)).toBe(0);
  });

  it("is no matter on x86, where every CPU has slots of its own", () => {
    const made = running("x86");
    rollover(made);
    for (const cpu of [0, 1]) made.core.switchMm(cpu, 1);
    made.core.switchMm(1, 0);
    expect(asid(made)).toBe(0);
    expect(made.get(made.machine.cpu(1) + Cpu.LOADED_MM)).toBe(1);
  });
});
