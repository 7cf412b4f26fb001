import { describe, expect, it } from "vitest";
import { Hidden } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Cpu, Mm } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { type Rig, type RigOptions, rig } from "../harness.js";
import { load, step } from "../ops.js";

/** A (mm 0) runs on CPU0 and CPU1, B on CPU2. */
function running(options: RigOptions = {}): Rig {
  const made = rig({ backend: "riscv", ...options });
  made.core.loadMm(0, 0);
  made.core.loadMm(1, 0);
  made.core.loadMm(2, 1);
  return made;
}

/** The flush of task 0 for mm 0 over [start, end) in strides of `stride`. */
function ask(made: Rig, start: number, end: number, stride = 1, tables = 0): void {
  load(made, 0, [[Op.RISCV_LIMITS], [Op.RISCV_SEND], [Op.RISCV_FENCE_LOCAL], [Op.X86_WAIT_IPI]]);
  made.set({ [Reg.FLUSH_MM]: 0, [Reg.RANGE_START]: start, [Reg.RANGE_END]: end, [Reg.STRIDE]: stride });
  made.set({ [Reg.TABLES]: tables, [Reg.FULL]: 0 });
  made.core.settle(made.task(0), made.get(made.task(0) + Task.PC) - 1);
}

const full = (made: Rig): number => made.register(Reg.FULL);

describe("a riscv flush", () => {
  it("goes by address up to the threshold, and by ASID above it or for freed tables", () => {
    const decided = (start: number, end: number, stride: number, tables = 0): number => {
      const made = running();
      ask(made, start, end, stride, tables);
      return full(made);
    };
    expect(decided(4, 6, 1)).toBe(0);
    expect(decided(4, 8, 1)).toBe(Hidden.FENCE_LIMIT);
    expect(decided(4, 5, 0)).toBe(0);
    expect(decided(4, 5, 0, 1)).toBe(Hidden.WHOLE_MM);
  });

  it("asks every CPU of the mask, the lazy one too, and waits for all", () => {
    const made = running();
    made.core.goLazy(1);
    made.map(0, 4, 1);
    made.clear(0, 4, 1);
    expect(made.owed()).toMatchObject([{ holders: 0b011 }]);
    ask(made, 4, 6);
    step(made, 0);
    expect(made.get(made.machine.cpu(1) + Cpu.PENDING)).toBe(0b001);
    step(made, 0);
    expect(made.owed()).toMatchObject([{ holders: 0b010 }]);
    expect(made.core.isEnabled(0)).toBe(0);
    step(made, 3);
    expect(made.owed()).toEqual([]);
    step(made, 0);
  });

  it("keeps a CPU in the mask that has switched away, and fences there by ASID", () => {
    const made = running();
    made.core.switchMm(1, 1);
    expect(made.mm(0, Mm.CPUMASK)).toBe(0b011);
    made.map(0, 4, 1);
    made.clear(0, 4, 1);
    ask(made, 4, 6);
    step(made, 0);
    step(made, 3);
    expect(made.owed()).toMatchObject([{ holders: 0b001 }]);
  });

  it("of one address leaves the pointer to a table, and of an ASID does not", () => {
    for (const tables of [0, 1]) {
      const made = running();
      made.map(0, 4, 1);
      made.clear(0, 4, 2);
      ask(made, 4, 6, 1, tables);
      step(made, 0);
      step(made, 0);
      const kept = made.owed().filter((owed) => (owed.holders & 1) !== 0);
      expect(kept.map((owed) => owed.level & 16)).toEqual(tables === 0 ? [16] : []);
    }
  });
});
