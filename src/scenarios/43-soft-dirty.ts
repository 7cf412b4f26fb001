import type { Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

export const softDirty: Scenario = {
  name: "soft-dirty",
  aliases: [],
  title: "soft-dirty bits are cleared and nothing is flushed",
  bug: "B18(b)",
  commits: ["0758cd830494", "912efa17e512"],
  kernels: "5.6 to 5.11; stable 5.10.20",
  vulnerable: "7.1~912efa17e512",
  fixed: "7.1",
  editions: ["7.1~912efa17e512", "7.1"],
  known: "the form after the fix [S: 7.0rc6]; how the flush was lost [M].",
  story:
    "A checkpoint clears A's soft-dirty bits: every entry loses its write right, so that the next store faults " +
    "and is noted. The gather around it recorded nothing, and so flushed nothing. CPU1 has a writable, dirty " +
    "translation and goes on storing without a fault: the checkpoint takes the page for unchanged and leaves the " +
    "data out.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: anon(1, 2) }],
  cases: [
    {
      name: "checkpoint",
      tasks: [{ name: "A1", cpu: 0, mm: "A", calls: [{ call: "clear-refs", args: { start: at(1), end: at(1, 1) } }] }],
    },
  ],
  always: ["RIGHTS_OUTLIVE_CALL"],
  sometimes: ["REMOTE_HOLDER"],
};
