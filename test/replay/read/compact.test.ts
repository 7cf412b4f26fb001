import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../../src/error.js";
import { convert, writeTrace } from "../../../src/replay/convert.js";
import { FETCH, fileWith, LOAD, lackeyText, madeUp, pathOf, readAll, readBad, record } from "./helpers.js";
import { decodeByTheBook } from "./oracle.js";

const BLOCK = 32768;
const COUNT = 3 * BLOCK + 1000;

/** Converts records by way of lackey text; returns the plain compact form. */
async function compactOf(records: readonly bigint[], name: string): Promise<Buffer> {
  const input = fileWith(`${name}.lackey`, lackeyText(records));
  await convert({ input, output: pathOf(name), packing: "plain" });
  return readFileSync(pathOf(name));
}

/** Where blocks begin, the end mark last. */
function blocksOf(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 16; at < bytes.length; ) {
    starts.push(at);
    const streams = [4, 8, 12, 16].reduce((sum, field) => sum + bytes.readUInt32LE(at + field), 0);
    at += 24 + (bytes.readUInt32LE(at) === 0 ? 0 : streams);
  }
  return starts;
}

describe("the compact form", () => {
  const records = madeUp(COUNT);
  let bytes: Buffer;
  beforeAll(async () => {
    bytes = await compactOf(records, "whole.sdt");
  });

  it("gives back what went in, with fetches", async () => {
    const { records: back, format, end } = await readAll(pathOf("whole.sdt"));
    expect(format).toBe("compact");
    expect(back).toEqual(records);
    expect(end).toEqual({ records: COUNT, bytes: bytes.length, clipped: 0 });
  });

  it("gives back what went in, without fetches", async () => {
    const data = madeUp(100_000, false);
    await compactOf(data, "data.sdt");
    expect((await readAll(pathOf("data.sdt"))).records).toEqual(data);
  });

  it("is what docs/traces.md says: a decoder written from it alone gives the same", async () => {
    expect(decodeByTheBook(bytes)).toEqual(records);
    const events = [16, 17, 18, 20, 21].map((type) => record(type, 0x1234_5000 + type));
    const mixed = [...madeUp(40_000, false), ...events, ...madeUp(2000), ...events, ...madeUp(5000, false)];
    await writeTrace({ output: pathOf("mixed.sdt"), records: [BigUint64Array.from(mixed)], packing: "plain" });
    expect(decodeByTheBook(readFileSync(pathOf("mixed.sdt")))).toEqual(mixed);
  });

  it("of version 1 stays readable: a file of the first release", async () => {
    const path = fileURLToPath(new URL("../../fixtures/traces/made-up.sdt", import.meta.url));
    expect((await readAll(path)).records).toEqual(madeUp(3000));
  });

  it("gives back records at the edges: one record, address 0 and the last, far jumps, one block exactly", async () => {
    const last = 0xffffffffffffn;
    const edges = [0n, last, 1n, last - 1n, 0x800000000000n, 0x7fffffffffffn].flatMap((address) => [
      record(LOAD, address, 255),
      record(FETCH, address, 1),
      record(3, address, 16),
      record(2, last - address, 1),
    ]);
    const full = Array.from({ length: BLOCK }, (_, i) => record(LOAD, 64 * i, 8));
    for (const some of [edges.slice(0, 1), edges, [...edges, ...edges], full, [...full, ...edges]]) {
      await compactOf(some, "edges.sdt");
      expect((await readAll(pathOf("edges.sdt"))).records).toEqual(some);
    }
  });

  it("does not depend on how the trace arrived: a compact trace converts into itself", async () => {
    await convert({ input: pathOf("whole.sdt"), output: pathOf("again.sdt"), packing: "plain" });
    expect(readFileSync(pathOf("again.sdt")).equals(bytes)).toBe(true);
  });

  it("that is cut anywhere yields its whole blocks and says that it is cut", async () => {
    const starts = blocksOf(bytes);
    expect(starts.length).toBe(5);
    const [, second, third, fourth, mark] = starts as [number, number, number, number, number];
    const cases: [length: number, records: number][] = [
      [second, BLOCK],
      [second + 10, BLOCK],
      [third - 1, BLOCK],
      [fourth + 30, 3 * BLOCK],
      [mark, COUNT],
      [mark + 23, COUNT],
    ];
    for (const [length, count] of cases) {
      const { records: back, end } = await readAll(fileWith("cut.sdt", bytes.subarray(0, length)));
      expect(back).toEqual(records.slice(0, count));
      expect(end.cut).toEqual({ byte: length, what: "the end mark is missing" });
    }
  });

  it("that is cut in its header has no records and is cut", async () => {
    const { records: back, end } = await readAll(fileWith("cut.sdt", bytes.subarray(0, 11)));
    expect([back, end.cut?.byte]).toEqual([[], 11]);
  });

  it("with any byte altered is refused, and never yields other records", async () => {
    const [, second] = blocksOf(bytes) as [number, number];
    for (const at of [second, second + 4, second + 9, second + 20, second + 24, second + 500, bytes.length - 24]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] as number) ^ 0x10;
      const path = fileWith("altered.sdt", altered);
      const outcome = await readAll(path).catch((error: Error) => error);
      // A length that became longer than the file looks like a cut.
      if (outcome instanceof InputError) expect(outcome.message).toMatch(/byte \d+: .*(damaged|missing)/);
      else expect((outcome as { end: { cut?: unknown } }).end.cut).toBeDefined();
    }
  });

  it("with a block taken out is refused", async () => {
    const [first, second] = blocksOf(bytes) as [number, number];
    const path = fileWith("out.sdt", Buffer.concat([bytes.subarray(0, first), bytes.subarray(second)]));
    expect((await readBad(path)).message).toMatch(/blocks are missing|damaged/);
  });

  it("of another version, or sent as text, is refused with what to do", async () => {
    const other = Buffer.from(bytes);
    other[8] = 2;
    expect((await readBad(fileWith("v.sdt", other))).message).toMatch(/byte 8: made by another version.*convert/);
    const asText = Buffer.concat([bytes.subarray(0, 4), bytes.subarray(5)]);
    expect((await readBad(fileWith("t.sdt", asText))).message).toMatch(/changed as if it were text; copy it again/);
  });

  it("with anything after its end mark is refused", async () => {
    const path = fileWith("more.sdt", Buffer.concat([bytes, bytes]));
    expect((await readBad(path)).message).toContain(`byte ${bytes.length}: bytes follow the end of the trace`);
  });
});

describe("convert", () => {
  const records = madeUp(50_000);
  const input = fileWith("in.lackey", lackeyText(records));
  const leftovers = (): string[] => readdirSync(dirname(input)).filter((name) => name.endsWith(".tmp"));

  it("packs with gzip unless the name says otherwise, and says what it did", async () => {
    const output = pathOf("out.sdt");
    const result = await convert({ input, output });
    const accesses = records.filter((value) => value >> 56n !== 0n).length;
    expect(result).toMatchObject({ format: "lackey", packing: "gzip", records: 50_000, accesses, clipped: 0 });
    expect(result.packedBytes).toBe(statSync(output).size);
    expect(result.plainBytes).toBe(gunzipSync(readFileSync(output)).length);
    expect((await readAll(output)).records).toEqual(records);
  });

  it("leaves fetches out when asked", async () => {
    const result = await convert({ input, output: pathOf("data.sdt"), dataOnly: true });
    const data = records.filter((value) => value >> 56n !== 0n);
    expect(result.records).toBe(data.length);
    expect((await readAll(pathOf("data.sdt"))).records).toEqual(data);
  });

  it("refuses a trace that is cut, and leaves nothing behind", async () => {
    const cut = fileWith("cut.lackey", lackeyText(records).slice(0, 5000));
    const output = pathOf("never.sdt");
    await expect(convert({ input: cut, output })).rejects.toThrow(/cut.lackey:\d+: the trace is cut: .*--keep-cut/);
    expect(existsSync(output)).toBe(false);
    const kept = await convert({ input: cut, output, keepCut: true });
    expect(kept.cut?.line).toBe(kept.records + 1);
    expect(leftovers()).toEqual([]);
  });

  it("does not touch the output when the input is wrong", async () => {
    const bad = fileWith("bad.lackey", `${lackeyText(records)}oops\n`);
    const output = fileWith("old.sdt", "old");
    await expect(convert({ input: bad, output })).rejects.toThrow(/bad.lackey:50001: column 1/);
    expect(readFileSync(output, "latin1")).toBe("old");
    expect(leftovers()).toEqual([]);
  });

  it("says that a folder is not there", async () => {
    await expect(convert({ input, output: pathOf("no/such.sdt") })).rejects.toThrow(
      /no\/such.sdt: cannot be written \(ENOENT\); check the folder/,
    );
  });

  it("that is interrupted leaves nothing behind", async () => {
    const controller = new AbortController();
    const output = pathOf("interrupted.sdt");
    const onProgress = (): void => controller.abort();
    await expect(convert({ input, output, signal: controller.signal, onProgress })).rejects.toThrow(/abort/i);
    expect([existsSync(output), leftovers()]).toEqual([false, []]);
  });

  it("can write over its own input", async () => {
    const path = pathOf("self");
    writeFileSync(path, readFileSync(input));
    await convert({ input: path, output: path });
    expect((await readAll(path)).records).toEqual(records);
  });
});

describe("writeTrace", () => {
  const range = [record(19, 0x1000), record(0, 0x9000)];
  const events = [record(16, 0), record(17, 3), record(18, 0x2000, 0), ...range, record(20, 1), record(21, 2)];

  it("keeps events as they are", async () => {
    const records = madeUp(1000).flatMap((value, index) => (index % 50 === 0 ? [value, ...events] : [value]));
    const result = await writeTrace({ output: pathOf("events.sdt"), records: [BigUint64Array.from(records)] });
    expect(result.records).toBe(records.length);
    expect((await readAll(pathOf("events.sdt"))).records).toEqual(records);
    const counted = records.filter((value) => value >> 56n > 0n && value >> 56n < 16n).length;
    expect(result.accesses).toBe(counted);
  });

  it("never parts the two records of a range, in whatever batches they come (W2)", async () => {
    const all = [...madeUp(BLOCK - 1), ...range, ...madeUp(BLOCK - 3), ...range, ...madeUp(10), ...range];
    for (const size of [1000, BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK]) {
      const batches = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
        BigUint64Array.from(all.slice(i * size, (i + 1) * size)),
      );
      await writeTrace({ output: pathOf("ranges.sdt"), records: batches, packing: "plain" });
      const blocks = blocksOf(readFileSync(pathOf("ranges.sdt")));
      const bytes = readFileSync(pathOf("ranges.sdt"));
      expect(blocks.map((at) => bytes.readUInt32LE(at))).toEqual([BLOCK - 1, BLOCK - 1, 14, 0]);
      expect((await readAll(pathOf("ranges.sdt"))).records).toEqual(all);
    }
  });

  it("keeps the end of a range when fetches are left out, though it looks like one", async () => {
    await writeTrace({ output: pathOf("range.sdt"), records: [BigUint64Array.from([...range, record(FETCH, 1, 1)])] });
    await convert({ input: pathOf("range.sdt"), output: pathOf("range2.sdt"), dataOnly: true });
    expect((await readAll(pathOf("range2.sdt"))).records).toEqual(range);
  });
});
