import { describe, expect, it } from "vitest";
import { Fault } from "../../assembly/abi/events.js";
import { FileRecord, Frame, Mm, Rest, Vma } from "../../assembly/abi/records.js";
import type { RawViolation } from "../../src/machine.js";
import { detailOf, kindName } from "../../src/names.js";
import { type Rig, rig } from "./harness.js";

const A = 0;
const B = 1;

/** A file page that A maps as a huge page and B shares the table of: everything is counted as it should be. */
function settled(): Rig & { page: number; table: number } {
  const made = rig();
  made.vma(A, 4, 8);
  made.vma(B, 8, 12);
  const page = made.map(A, 4, 1);
  const table = made.tableOf(A, 4, 1);
  made.share(B, 8, table);
  made.put(made.machine.frame(page) + Frame.MAPS, 1);
  made.put(made.machine.file(0) + FileRecord.WORDS, page);
  made.put(made.machine.frame(page) + Frame.REFERENCES, 2);
  made.put(made.machine.frame(table) + Frame.REFERENCES, 2);
  return Object.assign(made, { page, table });
}

function left(made: Rig): string[] {
  made.core.audit();
  return made.machine.violations().map((v: RawViolation) => detailOf(kindName(v.kind), v.holders, false) ?? "");
}

describe("audit, when all is done", () => {
  it("finds nothing where entries, caches and sharers agree with the counts (C1, C2, C3)", () => {
    expect(left(settled())).toEqual([]);
  });

  it("counts a table's sharers by references or by pt_share_count (C2)", () => {
    const made = settled();
    made.put(made.machine.frame(made.table) + Frame.REFERENCES, 1);
    expect(left(made)).toEqual([expect.stringContaining("more or fewer sharers")]);
    const other = settled();
    other.put(other.machine.frame(other.table) + Frame.REFERENCES, 1);
    other.put(other.machine.rest(other.table) + Rest.SHARE, 1);
    expect(left(other)).toEqual([]);
  });

  it.each([
    ["a map count too many (C1)", "map count", (m: ReturnType<typeof settled>) => m.machine.frame(m.page) + Frame.MAPS],
    [
      "a reference that is left over (C1)",
      "reference",
      (m: ReturnType<typeof settled>) => m.machine.frame(m.page) + Frame.REFERENCES,
    ],
    ["a held lock (C3)", "lock", (m: ReturnType<typeof settled>) => m.machine.file(0) + FileRecord.I_MMAP],
    ["an open gather (C3)", "gather", (m: ReturnType<typeof settled>) => m.machine.mm(A) + Mm.FLUSH_PENDING],
    ["a VMA that was detached and forgotten (C3)", "VMA", (m: ReturnType<typeof settled>) => vmaWord(m)],
  ] as const)("finds %s", (_, word, where) => {
    const made = settled();
    made.put(where(made), made.get(where(made)) + 1);
    expect(left(made)).toEqual([expect.stringContaining(word)]);
    expect(made.violations()).toEqual([Fault.UNBALANCED]);
  });
});

function vmaWord(made: Rig): number {
  return made.machine.vma(0) + Vma.DETACHED;
}

describe("a pointer to nothing", () => {
  it("is a violation of its own, and the step goes no further", () => {
    const made = rig();
    made.core.putPage(0);
    expect(made.machine.violations().map((v) => [kindName(v.kind), detailOf("OOPS", v.holders, false)])).toEqual([
      ["OOPS", "a page that is not there"],
    ]);
  });
});
