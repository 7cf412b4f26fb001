/** Failing allocations, interrupts that are off, the halves of an mm switch, a table that is taken out. */
import { describe, expect, it } from "vitest";
import { Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Cpu, Mm, Rest } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { type Rig, rig } from "../harness.js";
import { load, step } from "../ops.js";

function running(backend = "x86"): Rig {
  const made = rig({ backend });
  made.core.loadMm(0, 0);
  made.core.loadMm(1, 1);
  return made;
}

/** Runs one op of task 0, with registers. */
function run(made: Rig, op: readonly number[], registers: Partial<Record<Reg, number>>): void {
  made.set({ [Reg.MM]: 0, ...registers });
  load(made, 0, [op]);
  step(made, 0);
}

describe("a table batch without a page", () => {
  it("leaves the table in PAGE, unqueued, as often as was asked for, and then queues again", () => {
    const made = running();
    made.map(0, 4, 0);
    made.clear(0, 4, 0);
    run(made, [Op.FAIL_BATCHES], { [Reg.VALUE]: 1 });
    const answers: number[] = [];
    for (const _ of [1, 2, 3]) {
      run(made, [Op.FREE_NEXT_TABLE, Reg.TMP], { [Reg.START]: 0, [Reg.END]: 16 });
      answers.push(made.register(Reg.TMP));
    }
    expect(answers).toEqual([3, 1, 0]);
  });
});

describe("interrupts that are off", () => {
  it("keep a flush interrupt waiting", () => {
    const made = running();
    made.put(made.machine.cpu(0) + Cpu.PENDING, 2);
    expect(made.core.isEnabled(2)).toBe(1);
    run(made, [Op.IRQ_OFF, 1], {});
    expect(made.core.isEnabled(2)).toBe(0);
    run(made, [Op.IRQ_OFF, 0], {});
    expect(made.core.isEnabled(2)).toBe(1);
  });
});

describe("a switch of mm in two steps", () => {
  it("is in the mask of the next mm before it has loaded it, and in that of the last one until then", () => {
    const made = running();
    made.put(made.task(0) + Task.CPU, 0);
    run(made, [Op.SWITCH_BEGIN], { [Reg.NEW_START]: 1 });
    expect([made.mm(0, Mm.CPUMASK), made.mm(1, Mm.CPUMASK)]).toEqual([1, 0b11]);
    expect(made.get(made.machine.cpu(0) + Cpu.LOADED_MM)).toBe(1);
    run(made, [Op.SWITCH_END], { [Reg.NEW_START]: 1 });
    expect([made.mm(0, Mm.CPUMASK), made.mm(1, Mm.CPUMASK)]).toEqual([0, 0b11]);
    expect(made.get(made.machine.cpu(0) + Cpu.LOADED_MM)).toBe(2);
    expect(made.get(made.task(0) + Task.MM)).toBe(1);
  });

  it("gives the same as the switch in one", () => {
    const [halves, whole] = [running(), running()];
    run(halves, [Op.SWITCH_BEGIN], { [Reg.NEW_START]: 1 });
    run(halves, [Op.SWITCH_END], { [Reg.NEW_START]: 1 });
    whole.core.switchMm(0, 1);
    const words = (made: Rig): number[] =>
      Array.from({ length: Cpu.WORDS }, (_, i) => made.get(made.machine.cpu(0) + i));
    expect(words(halves)).toEqual(words(whole));
  });
});

describe("a table that is taken out", () => {
  it("is owed as a pointer, no longer has a parent, and is left in PAGE", () => {
    const made = running();
    made.map(0, 4, 0);
    const table = made.tableOf(0, 4, 0);
    made.clear(0, 4, 0);
    made.core.invalidated(0, 0, 3, 0, 0n, 0n, 0);
    run(made, [Op.UNHOOK_TABLE, 1], { [Reg.ADDRESS]: 4 });
    expect(made.register(Reg.PAGE)).toBe(table);
    expect(made.rest(table, Rest.PARENTS)).toBe(0);
    expect(made.owed().map((owed) => [owed.level, owed.frame])).toEqual([[17, table]]);
    run(made, [Op.UNHOOK_TABLE, 1], { [Reg.ADDRESS]: 4 });
    expect(made.register(Reg.PAGE)).toBe(0);
  });
});
