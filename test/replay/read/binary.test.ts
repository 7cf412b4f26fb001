import { describe, expect, it } from "vitest";
import {
  champsim,
  drEntry,
  FETCH,
  fileWith,
  LOAD,
  readAll,
  readBad,
  record,
  STORE,
  SWITCH_ASID,
  SWITCH_CPU,
} from "./helpers.js";

const HEADER = drEntry(25, 0, 6);
const FOOTER = drEntry(26, 0, 0);
const thread = (tid: number): Buffer => drEntry(22, 4, tid);
const process = (pid: number): Buffer => drEntry(24, 4, pid);
const cpu = (number: bigint | number): Buffer => drEntry(28, 3, number);
const drTrace = (...entries: Buffer[]): Buffer => Buffer.concat([HEADER, ...entries, FOOTER]);
const drRecords = async (...entries: Buffer[]): Promise<bigint[]> =>
  (await readAll(fileWith("a.trace", drTrace(...entries)))).records;

describe("DynamoRIO's binary trace", () => {
  it("becomes fetches, loads and stores", async () => {
    const { records, format, end } = await readAll(
      fileWith("a.trace", drTrace(drEntry(10, 3, 0x401000), drEntry(0, 8, 0x7ffd1fded688n), drEntry(1, 4, 0x5000))),
    );
    expect(format).toBe("drmemtrace");
    expect(end).toEqual({ records: 3, bytes: 60, clipped: 0 });
    expect(records).toEqual([record(FETCH, 0x401000, 3), record(LOAD, 0x7ffd1fded688n, 8), record(STORE, 0x5000, 4)]);
  });

  it("takes every kind of instruction for a fetch, but one that was not fetched", async () => {
    const kinds = [10, 11, 12, 13, 14, 15, 16, 31, 48, 49];
    const expected = kinds.map((_, index) => record(FETCH, 0x1000 + 8 * index, 5));
    expect(await drRecords(...kinds.map((kind, index) => drEntry(kind, 5, 0x1000 + 8 * index)))).toEqual(expected);
    expect(await drRecords(drEntry(29, 2, 0x1000), drEntry(0, 1, 0x2000))).toEqual([record(LOAD, 0x2000, 1)]);
  });

  it("unfolds a bundle into the instructions that follow the last one", async () => {
    const bundle = drEntry(17, 3, 0);
    bundle.set([2, 15, 1], 4);
    expect(await drRecords(drEntry(10, 4, 0x1000), bundle)).toEqual([
      record(FETCH, 0x1000, 4),
      record(FETCH, 0x1004, 2),
      record(FETCH, 0x1006, 15),
      record(FETCH, 0x1015, 1),
    ]);
  });

  it("counts the iterations of a string instruction as one fetch", async () => {
    const maybe = drEntry(30, 3, 0x1000);
    expect(await drRecords(maybe, drEntry(0, 8, 0x2000), maybe, drEntry(0, 8, 0x2008))).toEqual([
      record(FETCH, 0x1000, 3),
      record(LOAD, 0x2000, 8),
      record(LOAD, 0x2008, 8),
    ]);
  });

  it("skips prefetches, cache flushes, encodings and other markers", async () => {
    const skipped = [2, 3, 6, 9, 18, 19, 20, 21, 23, 27, 32, 46, 47].map((type) => drEntry(type, 8, 0x9000));
    expect(await drRecords(...skipped, drEntry(28, 2, 12345), drEntry(0, 1, 0x10))).toEqual([record(LOAD, 0x10, 1)]);
  });

  it("numbers CPUs and processes in the order in which they come", async () => {
    const load = drEntry(0, 1, 0x10);
    const one = record(LOAD, 0x10, 1);
    const start = [thread(500), process(400), cpu(6), load];
    // Bits above the twelfth are the socket; all ones say that the CPU is not known.
    const other = [thread(501), process(401), cpu(0x2003), load, cpu(0xffffffffffffffffn), load];
    const back = [thread(500), load, cpu(6), load, thread(502), process(400), load];
    expect(await drRecords(...start, ...other, ...back)).toEqual([
      one,
      record(SWITCH_ASID, 1),
      record(SWITCH_CPU, 1),
      one,
      one,
      record(SWITCH_ASID, 0),
      one,
      record(SWITCH_CPU, 0),
      one,
      one,
    ]);
  });

  it("without its footer is cut", async () => {
    const whole = drTrace(drEntry(0, 8, 0x1000), drEntry(1, 8, 0x2000));
    const noFooter = await readAll(fileWith("cut.trace", whole.subarray(0, -12)));
    expect([noFooter.records.length, noFooter.end.cut]).toEqual([2, { byte: 36, what: "the footer is missing" }]);
    const inside = await readAll(fileWith("cut.trace", whole.subarray(0, 31)));
    expect([inside.records.length, inside.end.cut]).toEqual([1, { byte: 31, what: "the last record is not whole" }]);
  });

  it("with a record of an unknown type is refused by byte", async () => {
    const path = fileWith("bad.trace", drTrace(drEntry(0, 8, 0x1000), drEntry(77, 8, 0x1000)));
    const { count, message } = await readBad(path);
    expect(count).toBe(1);
    expect(message).toContain(`${path}:byte 24: a record of a type that does not exist`);
  });

  it("with anything after its footer is refused", async () => {
    const path = fileWith("bad.trace", Buffer.concat([drTrace(drEntry(0, 8, 0x1000)), HEADER]));
    expect((await readBad(path)).message).toContain(`${path}:byte 36: bytes follow the end of the trace`);
  });
});

describe("ChampSim's trace", () => {
  it("becomes the fetch, the loads and the stores of each instruction", async () => {
    const trace = Buffer.concat([
      champsim(0x401000n),
      champsim(0x401004n, [0x7ffd1fded688n, 0n, 0x1000n], [0x2000n]),
      champsim(0xffffffff81000000n, [1n, 2n, 3n, 4n], [5n, 6n]),
    ]);
    const { records, format, end } = await readAll(fileWith("a.champsimtrace", trace));
    expect(format).toBe("champsim");
    expect(end.cut).toBeUndefined();
    expect(records).toEqual([
      record(FETCH, 0x401000, 1),
      record(FETCH, 0x401004, 1),
      record(LOAD, 0x7ffd1fded688n, 1),
      record(LOAD, 0x1000, 1),
      record(STORE, 0x2000, 1),
      record(FETCH, 0xffff81000000n, 1),
      ...[1, 2, 3, 4].map((address) => record(LOAD, address, 1)),
      record(STORE, 5, 1),
      record(STORE, 6, 1),
    ]);
  });

  it("that ends inside a record is cut", async () => {
    const trace = Buffer.concat([champsim(0x401000n), champsim(0x401004n)]);
    const { records, end } = await readAll(fileWith("cut.champsim", trace.subarray(0, 100)));
    expect([records.length, end.cut]).toEqual([1, { byte: 100, what: "the last record is not whole" }]);
  });

  it("with flags that are none is refused by byte", async () => {
    const good = Array.from({ length: 100 }, (_, i) => champsim(0x401000n + BigInt(4 * i)));
    const bad = champsim(0x501000n);
    bad[9] = 7;
    const path = fileWith("bad.champsim", Buffer.concat([...good, bad]));
    const { count, message } = await readBad(path);
    expect(count).toBe(100);
    expect(message).toContain(`${path}:byte 6408: not a ChampSim record`);
  });
});

describe("a file that is no trace", () => {
  const cases: [name: string, content: string | Uint8Array, what: string][] = [
    ["nothing", "", "the file is empty"],
    ["only empty lines", "\n\n\n", "holds no memory access"],
    ["prose", "It was a dark night.\n", ':1: not a trace that is read here: "It was a dark night."'],
    ["only valgrind's messages", "==1== Lackey\n==1== \n", "holds no memory access"],
    ["zeros", new Uint8Array(1000), "not a trace that is read here"],
    ["a program", Buffer.from("7f454c4602010100000000000000000003003e00", "hex"), "not a trace that is read here"],
    ["a DynamoRIO trace of nothing", drTrace(), "holds no memory access"],
  ];
  for (const [name, content, what] of cases) {
    it(`is refused in a line: ${name}`, async () => {
      const { message } = await readBad(fileWith("none", content));
      expect(message).toContain(what);
      expect(message).toMatch(/; (give|record) /);
    });
  }
});
