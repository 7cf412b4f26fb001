import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const invlpgGlobal: Scenario = {
  name: "invlpg-global",
  aliases: [],
  title: "INVLPG leaves a global translation while PCIDs are in use",
  bug: "B27(a)",
  commits: ["ce0b15d11ad8"],
  kernels: "up to 6.3 on Alder Lake, Raptor Lake and Gracemont; stable 6.1.31",
  vulnerable: "7.1~ce0b15d11ad8",
  fixed: "7.1",
  editions: ["7.1~ce0b15d11ad8", "7.1"],
  known: "the kernel's list of models and what it does about them [S: 7.0rc6]; vunmap without its lazy purge [D].",
  story:
    "The kernel unmaps a page of its own and asks every CPU to invalidate it. With PCIDs in use, INVLPG of this " +
    "hardware drops what is tagged with the current one and leaves what is global, as the kernel's mappings are. " +
    "The page is freed, and CPU1 still translates to it. The kernel's answer is not to use PCIDs there.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  errata: ["invlpg-global"],
  setup: [{ cpu: 0, mm: "A", calls: [...anon(3, 0), { call: "vmap", args: { start: at(3) } }] }],
  cases: [
    { name: "vunmap", tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "vunmap", args: { start: at(3) } }] }] },
  ],
  always: ["STALE_TRANSLATION"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED"],
};
