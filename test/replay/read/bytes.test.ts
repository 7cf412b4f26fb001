import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { convert } from "../../../src/replay/convert.js";
import { openTrace, type TraceCut } from "../../../src/replay/read/open.js";
import { champsim, drEntry, fileWith, lackeyText, madeUp, pathOf, pieces, readAll, readBad } from "./helpers.js";

const fixtures = fileURLToPath(new URL("../../fixtures/traces/", import.meta.url));
const has = (tool: string): boolean => {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

describe("a trace in pieces of any size", () => {
  const records = madeUp(3000);
  const files: Record<string, Uint8Array> = {
    lackey: Buffer.from(`==1== Lackey\n${lackeyText(records)}`),
    "drmemtrace-view": readFileSync(`${fixtures}made-up.view6.txt`),
    drmemtrace: Buffer.concat([
      drEntry(25, 0, 6),
      ...records.map((value) => drEntry(Number(value & 1n), 8, value & 0xffffffffffn)),
      drEntry(26, 0, 0),
    ]),
    champsim: Buffer.concat(records.map((value, i) => champsim(0x401000n + BigInt(i), [value & 0xffffffffffn]))),
  };

  beforeAll(async () => {
    const input = fileWith("in.lackey", lackeyText(madeUp(40_000)));
    await convert({ input, output: pathOf("in.sdt"), packing: "plain" });
    files.compact = readFileSync(pathOf("in.sdt"));
  });

  for (const format of ["lackey", "drmemtrace-view", "drmemtrace", "champsim", "compact"]) {
    it(`gives the same records: ${format}`, async () => {
      const bytes = files[format] as Uint8Array;
      const whole = await readAll(fileWith("whole", bytes));
      expect(whole.format).toBe(format);
      for (const most of [1, 2, 7, 64, 1021, 65537]) {
        if (most === 1 && bytes.length > 100_000) continue;
        const inPieces = await readAll("pieces", { bytes: pieces(bytes, most) });
        expect(inPieces).toEqual(whole);
      }
    });
  }
});

describe("a packed trace", () => {
  const records = madeUp(60_000);
  const text = lackeyText(records);
  const plain = fileWith("plain", text);
  const pack = (tool: string): Buffer => execFileSync(tool, ["-c", plain], { maxBuffer: 1 << 28 });
  const packings: [name: string, packed: Buffer, tools: boolean][] = [["gzip", gzipSync(text), true]];
  for (const tool of ["xz", "zstd"]) {
    // Without the program there is nothing to unpack; the fixtures below are packed with xz already.
    if (has(tool)) packings.push([tool, pack(tool), true], [tool, pack(tool), false]);
  }

  for (const [name, packed, tools] of packings) {
    const how = name === "gzip" ? "" : tools ? " by the program" : " by our own decoder";
    it(`gives the same records: ${name}${how}`, async () => {
      const read = await readAll(fileWith("packed", packed), { tools });
      expect(read.records).toEqual(records);
      expect(read.end).toEqual({ records: 60_000, bytes: text.length, clipped: 0 });
    });

    it(`that is cut yields what could be unpacked: ${name}${how}`, async () => {
      const length = Math.floor(packed.length * 0.7);
      const { records: back, end } = await readAll(fileWith("cut", packed.subarray(0, length)), { tools });
      expect(end.cut).toEqual({ byte: length, what: `the ${name} data ends early` });
      expect(back).toEqual(records.slice(0, back.length));
      // xz and zstd decode whole blocks, which may be larger than all of this.
      if (name === "gzip") expect(back.length).toBeGreaterThan(30_000);
    });

    it(`that is damaged is refused: ${name}${how}`, async () => {
      const damaged = Buffer.from(packed);
      for (let at = 3000; at < 3100; at++) damaged[at] = 0x55;
      const { message } = await readBad(fileWith("damaged", damaged), { tools });
      // Our zstd decoder knows no checksums: what it lets through is seen by the parser.
      const isSeenLate = name === "zstd" && !tools;
      expect(message).toMatch(isSeenLate ? /damaged:\w+/ : new RegExp(`the ${name} data is damaged`));
    });
  }

  it("can be let go of before its end, however it is packed", async () => {
    for (const [, packed, tools] of packings) {
      const path = fileWith("early", packed);
      for (let round = 0; round < 3; round++) {
        const source = await openTrace(path, { tools });
        expect((await source.next())?.count).toBeGreaterThan(0);
        await source.close();
        expect(source.end).toBeUndefined();
      }
    }
  });

  it("names faults of binary formats by the byte after unpacking, and says so", async () => {
    const bad = gzipSync(Buffer.concat([drEntry(25, 0, 6), drEntry(0, 8, 16), drEntry(99, 0, 0)]));
    expect((await readBad(fileWith("bad.gz", bad))).message).toMatch(/byte 24: .*counted after unpacking/);
  });
});

describe("real traces", () => {
  const expected: Record<string, { fetches: number; loads: number; stores: number; modifies: number }> = {
    python: { fetches: 12_295_557, loads: 3_295_572, stores: 1_443_346, modifies: 261_082 },
    sqlite: { fetches: 11_196_118, loads: 3_487_590, stores: 1_396_971, modifies: 115_439 },
    xz: { fetches: 17_756_779, loads: 3_599_628, stores: 1_364_889, modifies: 35_483 },
  };

  interface Summary {
    types: number[];
    hash: number;
    cut: TraceCut | undefined;
  }

  async function summary(path: string): Promise<Summary> {
    const source = await openTrace(path);
    const types = [0, 0, 0, 0];
    let hash = 0;
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
      const words = new Uint32Array(source.calls.memory.buffer, batch.at, 2 * batch.count);
      for (let i = 0; i < words.length; i += 2) {
        const high = words[i + 1] as number;
        types[high >>> 24] = (types[high >>> 24] ?? 0) + 1;
        hash = (Math.imul(hash ^ (words[i] as number), 0x9e3779b1) ^ high) >>> 0;
      }
    }
    return { types, hash, cut: source.end?.cut };
  }

  for (const [name, { fetches, loads, stores, modifies }] of Object.entries(expected)) {
    it(`${name}: every record, and the same ones from its compact form`, async () => {
      const path = `${fixtures}${name}.lackey.xz`;
      const text = await summary(path);
      expect(text.types).toEqual([fetches, loads, stores, modifies]);
      const result = await convert({ input: path, output: pathOf(`${name}.sdt`) });
      expect(await summary(pathOf(`${name}.sdt`))).toEqual(text);
      expect(result.accesses).toBe(5_000_000);
      expect(result.plainBytes / result.accesses).toBeLessThan(2);
      expect(result.packedBytes / result.accesses).toBeLessThan(0.5);
    });
  }
});
