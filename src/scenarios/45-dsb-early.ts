import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const dsbEarly: Scenario = {
  name: "dsb-early",
  aliases: ["repeat-tlbi"],
  title: "a DSB ends while the old translation is still in use",
  bug: "B27(b)",
  commits: ["d9ff80f83ecb"],
  kernels: "arm64 on cores of the REPEAT_TLBI list, until each was added to it",
  vulnerable: "7.1~d9ff80f83ecb",
  fixed: "7.1",
  editions: ["7.1~d9ff80f83ecb", "7.1"],
  known: "the workaround and its list [S: 6.12.117]; the commit that brought it, for the first core of the list [M].",
  story:
    "A gives a page back: TLBI, DSB, and the page is freed. On these cores the DSB may end while an access of " +
    "CPU1 through the old translation is still under way, so the page is in use after it was freed. The " +
    "workaround issues the TLBI and the DSB twice: when the second has ended, what the first should have waited " +
    "for is over.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  errata: ["dsb-early"],
  setup: [{ cpu: 0, mm: "A", calls: anon(1, 1) }],
  cases: [
    {
      name: "dontneed",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "dontneed", args: { start: at(1), end: at(1) + 1 } }] }],
    },
  ],
  always: ["STALE_TRANSLATION", "RIGHTS_OUTLIVE_CALL"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED"],
};
