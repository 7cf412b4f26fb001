/** What the bytes of an input mean stays as it is: new calls go to the end of the list, nothing else changes. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fuzzOne } from "../../src/fuzz/one.js";
import { randomCalls } from "../../src/fuzz/table.js";

interface Known {
  readonly input: string;
  readonly program: unknown;
}

const known: Known[] = JSON.parse(readFileSync(new URL("../fixtures/fuzz/inputs.json", import.meta.url), "utf8"));
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

describe("the decoding of inputs", () => {
  for (const [i, { input, program }] of known.entries()) {
    it(`gives input ${i} (${input.length / 2} bytes) the program that it had`, () => {
      expect(fuzzOne(bytesOf(input), { edition: "5.15", backend: "x86" }).program).toEqual(program);
    });
  }

  it("is pinned for most calls", () => {
    const pinned = new Set(JSON.stringify(known.map(({ program }) => program)).match(/(?<="call":")[^"]+/g));
    expect(pinned.size).toBeGreaterThan(randomCalls.length / 2);
  });
});
