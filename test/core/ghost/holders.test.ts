/**
 * Who may hold anything of an mm (obligations.ts, G1).
 */
import { describe, expect, it } from "vitest";
import { Scope } from "../../../assembly/abi/operands.js";
import { Cpu, Mm } from "../../../assembly/abi/records.js";
import { type Rig, type RigOptions, rig } from "../harness.js";

const [A, B] = [0, 1];

/** CPU0 and CPU1 run A, CPU2 runs B. */
function running(options: RigOptions = {}): Rig {
  const made = rig(options);
  made.core.loadMm(0, A);
  made.core.loadMm(1, A);
  made.core.loadMm(2, B);
  return made;
}

describe("the CPUs that may hold translations of an mm (G1)", () => {
  it("are added when they load it and stay when they switch away with a PCID", () => {
    const made = running();
    made.core.loadMm(0, B);
    expect([A, B].map((mm) => made.mm(mm, Mm.HOLDERS))).toEqual([0b011, 0b101]);
  });

  it("go when they drop the whole context while another mm is loaded", () => {
    const made = running();
    made.core.loadMm(0, B);
    made.invalidate(0, A, Scope.CONTEXT);
    expect(made.mm(A, Mm.HOLDERS)).toBe(0b010);
  });

  it("stay when they drop the whole context and go on running it: they may fill again at once", () => {
    const made = running();
    made.invalidate(0, A, Scope.CONTEXT);
    expect(made.mm(A, Mm.HOLDERS)).toBe(0b011);
  });

  it("are those that run it after a broadcast of the whole address space", () => {
    const made = running({ backend: "arm64" });
    made.core.loadMm(0, B);
    made.core.issued(2, A, Scope.CONTEXT, 0, 0n, 0n);
    made.core.completed(2, A, Scope.CONTEXT, 0, 0n, 0n, 0);
    expect([A, B].map((mm) => made.mm(mm, Mm.HOLDERS))).toEqual([0b010, 0b101]);
  });

  it("are those too that load it between a broadcast that found nobody and its end", () => {
    const made = running({ backend: "arm64" });
    for (const cpu of [0, 1]) made.core.loadMm(cpu, B);
    const issuer = made.machine.cpu(2);
    made.put(issuer + Cpu.ISSUED, 1);
    made.put(issuer + Cpu.REQUEST_MM, A + 1);
    made.put(issuer + Cpu.ISSUED_SCOPE, Scope.CONTEXT);
    made.core.issued(2, A, Scope.CONTEXT, 0, 0n, 0n);
    made.core.loadMm(1, A);
    made.core.completed(2, A, Scope.CONTEXT, 0, 0n, 0n, 0);
    expect(made.mm(A, Mm.HOLDERS)).toBe(0b010);
  });
});
