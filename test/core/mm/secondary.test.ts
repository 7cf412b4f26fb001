import { describe, expect, it } from "vitest";
import { Fault } from "../../../assembly/abi/events.js";
import { Reg } from "../../../assembly/abi/operands.js";
import { Op } from "../../../assembly/abi/ops.js";
import { Frame, Mm } from "../../../assembly/abi/records.js";
import { type Rig, rig } from "../harness.js";
import { load, step } from "../ops.js";

const [A, S] = [0, 1];

/** A (mm 0) runs on CPU0 and maps a page at 4; S (mm 1) runs on CPU1 and mirrors A. */
function mirrored(): { made: Rig; page: number } {
  const made = rig({ backend: "precise" });
  made.core.loadMm(0, A);
  made.core.loadMm(1, S);
  const page = made.map(A, 4, 0);
  run(made, [Op.MIRROR], { [Reg.MM]: S, [Reg.NEW_START]: A });
  return { made, page };
}

function run(made: Rig, op: readonly number[], registers: Partial<Record<Reg, number>>): void {
  made.set(registers);
  load(made, 0, [op]);
  step(made, 0);
}

/** What a local op leaves in TMP: it runs before the task's end. */
function local(made: Rig, op: readonly number[], registers: Partial<Record<Reg, number>>): number {
  made.set(registers);
  load(made, 0, [op]);
  return made.register(Reg.TMP);
}

describe("a secondary MMU", () => {
  it("is found from the mm that it mirrors, and from no other", () => {
    const { made } = mirrored();
    expect(local(made, [Op.SECONDARY, Reg.TMP], { [Reg.MM]: S })).toBe(0);
    expect(local(made, [Op.SECONDARY, Reg.TMP], { [Reg.MM]: A })).toBe(1);
    expect(made.register(Reg.MM)).toBe(S);
  });

  it("looks up what the other maps, and nothing where it maps nothing", () => {
    const { made, page } = mirrored();
    run(made, [Op.MIRRORED, Reg.TMP, 0], { [Reg.MM]: S, [Reg.START]: 4 });
    expect([made.register(Reg.TMP), made.register(Reg.PAGE)]).toEqual([1, page]);
    run(made, [Op.MIRRORED, Reg.TMP, 0], { [Reg.MM]: S, [Reg.START]: 5 });
    expect([made.register(Reg.TMP), made.register(Reg.PAGE)]).toEqual([0, 0]);
  });

  it("lets no fault finish while an invalidation is under way, nor one that began before it", () => {
    const { made } = mirrored();
    const retry = (seen: number): number =>
      local(made, [Op.NOTIFY_RETRY, Reg.TMP, Reg.INDEX], { [Reg.MM]: S, [Reg.INDEX]: seen });
    expect(retry(0)).toBe(0);
    made.put(made.machine.mm(S) + Mm.PAGE_TABLE_LOCK, 0x80000001);
    run(made, [Op.NOTIFY, 1], { [Reg.MM]: S });
    expect(retry(0)).toBe(1);
    run(made, [Op.NOTIFY, 0], { [Reg.MM]: S });
    expect([retry(0), retry(1)]).toEqual([1, 0]);
    expect(made.violations()).toEqual([]);
  });

  it("counts invalidations under its lock only", () => {
    const { made } = mirrored();
    run(made, [Op.NOTIFY, 1], { [Reg.MM]: S });
    expect(made.violations()).toEqual([Fault.LOCK_NOT_HELD]);
  });

  it("that still maps a page when it is freed is stale use by its vCPUs (N1)", () => {
    const { made, page } = mirrored();
    made.mapFrame(S, 4, 0, page);
    made.clear(A, 4, 0);
    made.core.invalidated(0, A, 3, 0, 0n, 0n, 0);
    expect(made.owed()).toEqual([]);
    made.core.putPage(page);
    expect(made.violations()).toEqual([Fault.STALE_TRANSLATION]);
    expect(made.owed()).toMatchObject([{ mm: S, start: 4, frame: page, holders: 0b10 }]);
    expect(made.frame(page, Frame.GENERATION)).toBe(1);
  });

  it("counts what it drops without a flush beyond 32 bits, of which an int keeps none", () => {
    const { made, page } = mirrored();
    made.mapFrame(S, 4, 0, page);
    run(made, [Op.DROP_UNFLUSHED, Reg.TMP, 0], { [Reg.MM]: S, [Reg.START]: 4, [Reg.VALUE]: 2 ** 32 - 1 });
    run(made, [Op.COUNT_DIRTY], { [Reg.MM]: S, [Reg.VALUE]: 2 ** 32 - 1 });
    expect(local(made, [Op.TLBS_DIRTY, Reg.TMP], { [Reg.MM]: S })).toBe(2 ** 32);
    expect(local(made, [Op.TRUNCATE, Reg.TMP], {})).toBe(0);
  });
});
