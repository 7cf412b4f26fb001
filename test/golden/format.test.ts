import { describe, expect, it } from "vitest";
import { InputError } from "../../src/error.js";
import { parseGolden } from "../../src/golden/format.js";

const file = (ops: unknown): string =>
  JSON.stringify({ meta: { format: "kt-golden/1", label: "k" }, scenarios: [{ name: "s", ops }] });

const reject = (text: string): string => {
  try {
    parseGolden(text, "x.json");
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return "accepted";
};

describe("parseGolden", () => {
  it("gives the line, the page tables, the status and the flushes of an operation", () => {
    const ev = [
      ["gather", "P0"],
      ["flush", "P0", "0x1000", "0x3000", 12, 1, "caller"],
    ];
    const [op] =
      parseGolden(file([{ op: "P0 status t=0", r: [0, 0, 36, 0], x: "fault=7 reading=0 val=163", ev }]), "x")
        .scenarios[0]?.ops ?? [];
    const flush = { mm: "P0", range: [0x1000, 0x3000], strideShift: 12, freedTables: true };
    const status = { fault: 7, reading: false, value: 163 };
    expect(op).toEqual({ line: "P0 status t=0", outcomes: [{ ptesKb: 36, status, flushes: [flush] }] });
  });

  it("gives every outcome when the repeats differ", () => {
    const outcomes = [1, 2].map((n) => ({ n, r: [0, 0, 28 + n, 0] }));
    const parsed = parseGolden(file([{ op: "P0 touch 0 4k", outcomes }]), "x").scenarios[0]?.ops[0];
    expect(parsed?.outcomes.map(({ ptesKb }) => ptesKb)).toEqual([29, 30]);
  });

  it("counts a repeated flush as often as it happened, and knows a flush of the whole mm", () => {
    const flush = ["flush", "P0", "ALL", "", 12, 0, "caller"];
    const ev = [
      ["x", 2, flush],
      ["xblock", 3, [["gather", "P0"], flush]],
      ["x", 9, ["free_table", "pte"]],
    ];
    const outcome = parseGolden(file([{ op: "P0 exit", r: [0, 0, -1, 0], ev }]), "x").scenarios[0]?.ops[0]?.outcomes[0];
    expect(outcome?.flushes).toHaveLength(5);
    expect(outcome?.flushes?.[0]?.range).toBe("all");
    expect(outcome?.ptesKb).toBeUndefined();
  });

  it("knows no flushes where only counts were recorded, and reads x of a status alone", () => {
    const ev = [["histogram"], ["flush", 513]];
    const parsed = parseGolden(file([{ op: "P0 peek 0x1000", r: [0, 0, 28, 0], x: "val=1", ev }]), "x");
    expect(parsed.scenarios[0]?.ops[0]?.outcomes).toEqual([{ ptesKb: 28 }]);
  });

  it("says what is wrong with a file that is no recording, on one line with a remedy", () => {
    const remedy = "give a recording in the format kt-golden/1";
    expect(reject("{")).toMatch(/^x\.json: not JSON: .*; give a recording/);
    expect(reject("[]")).toBe(`x.json: the file is "[]", not an object; ${remedy}`);
    expect(reject('{"meta":{"format":"kt-golden/2"}}')).toContain(
      'the format is "\\"kt-golden/2\\"", not "kt-golden/1"',
    );
    expect(reject('{"meta":{}}')).toContain("the format is missing");
    expect(reject(file("none"))).toContain("s: ops is");
    expect(reject(file([{ op: 1 }]))).toContain("s, op 0: op is");
    expect(reject(file([{ op: "P0 exit", outcomes: [] }]))).toContain("s, op 0: outcomes is empty");
    expect(reject(file([{ op: "P0 status t=0", x: "alive" }]))).toContain("not fault=N reading=0|1 val=N");
    expect(reject(file([{ op: "P0 exit", ev: [["flush", "P0", "0xzz", "0x1000", 12, 0]] }]))).toContain("flush of");
  });
});
