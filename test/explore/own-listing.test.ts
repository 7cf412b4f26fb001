/**
 * What a user brings: a path written as a listing, called from a scenario of their own.
 */
import { describe, expect, it } from "vitest";
import { Reg } from "../../assembly/abi/operands.js";
import {
  at,
  type Call,
  check,
  ops as k,
  type Line,
  listing,
  type Scenario,
  scenarios,
  since,
  until,
} from "../../src/index.js";

/** A path that lets go of a shared table; `lines` come before i_mmap is dropped. */
const leave = (lines: readonly Line[]): Call => ({
  name: "leave",
  arguments: { start: Reg.START, end: Reg.END },
  listing: listing("mm/mine.c", "leave_shared_table", [
    k.find_vma(Reg.START),
    k.if_zero(Reg.VMA, "out"),
    k.move(Reg.ADDRESS, Reg.START),
    k.vma_index(),
    k.lock_write(k.I_MMAP),
    k.walk(Reg.ADDRESS, k.PMD),
    k.if_zero(Reg.ENTRY, "unlock"),
    k.pud_clear(k.I_MMAP),
    k.table_put(),
    ...lines,
    ...at("unlock", k.unlock(k.I_MMAP)),
    ...at("out", k.ret(true)),
  ]),
});

const flush: readonly Line[] = [
  k.move(Reg.FLUSH_MM, Reg.MM),
  k.set(Reg.STRIDE, k.PMD),
  k.move(Reg.RANGE_START, Reg.START),
  k.move(Reg.RANGE_END, Reg.END),
  { kind: "arch", name: "flush_tlb_range" },
];

const scenario = (call: Call): Scenario => {
  const seed = scenarios[0] as Scenario;
  const first = seed.cases[0]?.tasks ?? [];
  const mine = { name: "A1", cpu: 0, mm: "A", calls: [{ call, args: { start: 4, end: 8 } }] };
  return { ...seed, name: "mine", cases: [{ name: "leave", tasks: [mine, ...first.slice(1)] }] };
};

const verdictOf = async (lines: readonly Line[], edition = "5.15"): Promise<string | undefined> => {
  const { results } = await check({ scenarios: [scenario(leave(lines))], editions: [edition], backends: ["x86"] });
  expect(results[0]?.violations.every((violation) => violation.confirmed)).toBe(true);
  return results[0]?.verdict;
};

describe("a listing of one's own", () => {
  it("is found wrong without its flush and right with it", async () => {
    expect(await verdictOf([])).toBe("violated");
    expect(await verdictOf(flush)).toBe("holds");
  });

  it("can differ by edition like ours", async () => {
    const lines = [since("5.16", "mine", ...flush), until("5.16", "mine", k.set(Reg.TMP, 0))];
    expect(await verdictOf(lines, "5.15")).toBe("violated");
    expect(await verdictOf(lines, "5.16")).toBe("holds");
  });

  it("is refused when it jumps to a label that is not there", async () => {
    await expect(verdictOf([k.jump("nowhere")])).rejects.toThrow("leave_shared_table: there is no label nowhere");
  });
});
