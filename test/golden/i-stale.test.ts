import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compareGolden, sayDisagreement } from "../../src/golden/compare.js";
import { parseGolden } from "../../src/golden/format.js";
import { findEdition } from "../../src/kernel/editions.js";
const root = new URL("../fixtures/golden/", import.meta.url);
const load = (k: string) => parseGolden(readFileSync(new URL(`${k}/i_stale.json`, root), "utf8"), k);
describe("x", () => {
  for (const [k, e] of [["5.10.223-prefix", "5.15"], ["5.10.223", "5.16"]] as const)
    it(k, () => {
      const t = performance.now();
      const a = compareGolden(load(k), { edition: findEdition(e)! });
      console.log(performance.now() - t, a.compared, a.disagreements.map(sayDisagreement).join("\n"));
      expect(a.compared.status).toBe(1);
    });
});
