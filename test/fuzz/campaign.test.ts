/** Campaigns: the same seed gives the same, everywhere, and the seed's race is found. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileCore } from "../../src/core/core.js";
import { strategies } from "../../src/fuzz/arena.js";
import { Campaign } from "../../src/fuzz/campaign.js";
import { fuzz } from "../../src/fuzz/fuzz.js";

const stable = (campaign: Campaign): object => ({ ...campaign.result(1) });

describe("a campaign", () => {
  it("gives the same findings, corpus and hash twice, in slices of any size, and in the debug build", () => {
    const options = { edition: "5.15", seed: 5 };
    const first = new Campaign(options);
    first.slice(3000);
    const again = new Campaign(options);
    for (let i = 0; i < 12; i++) again.slice(250);
    expect(stable(again)).toEqual(stable(first));
    const module = compileCore(readFileSync(new URL("../../build/core.debug.wasm", import.meta.url)));
    const debug = new Campaign(options, module);
    debug.slice(3000);
    expect(stable(debug)).toEqual(stable(first));
    expect(first.result(1).corpus.entries).toBeGreaterThan(100);
  });

  it("is another one with another seed", async () => {
    const [a, b] = await Promise.all([1, 2].map((seed) => fuzz({ edition: "5.15", seed, runs: 1000, shrink: false })));
    expect(a?.corpus.hash).not.toBe(b?.corpus.hash);
  });

  it("stops when it is told to and gives what it has", async () => {
    const abort = new AbortController();
    const result = await fuzz({ time: 60, signal: abort.signal, onProgress: () => abort.abort() });
    expect(result.runs).toBe(1000);
  });

  for (const strategy of strategies) {
    it(`finds the race of the seed in 5.15 with ${strategy}, from an empty corpus`, () => {
      const campaign = new Campaign({ edition: "5.15", strategy, seed: 3 });
      const isFound = (): boolean =>
        campaign.findings().some(({ kind, born }) => kind === "STALE_TRANSLATION" && born.includes("pud_clear"));
      while (!isFound() && campaign.runs < 60_000) campaign.slice(1000);
      expect(isFound()).toBe(true);
    });
  }
});
