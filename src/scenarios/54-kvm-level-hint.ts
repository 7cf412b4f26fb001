import type { Scenario } from "./scenario.js";
import { at, mirroredPages } from "./words.js";

export const kvmLevelHint: Scenario = {
  name: "kvm-level-hint",
  aliases: [],
  title: "a leaf's level hint for a table that goes",
  bug: "B29(d)",
  commits: ["36e008323926"],
  kernels: "5.9 to 6.9; stable 6.1.106",
  vulnerable: "7.1~36e008323926",
  fixed: "7.1",
  editions: ["7.1~36e008323926", "7.1"],
  known: "the commit's text [T]; what a hint reaches [S: kernel.md 4.3].",
  story:
    "KVM on arm64 clears a stage-2 entry that pointed to a table, and invalidates with a hint of that entry's " +
    "level. The hint is for leaves of that level, and there are none: the base pages that the table mapped, and " +
    "the pointer to it, may stay in the vCPU's TLB after the table is free.",
  ...mirroredPages,
  cases: [
    {
      name: "unmap",
      tasks: [
        { name: "K1", cpu: 0, mm: "S", calls: [{ call: "kvm-unmap-table", args: { start: at(1), end: at(1, 1) } }] },
      ],
    },
  ],
  always: ["STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
  sometimes: ["REMOTE_HOLDER", "TABLE_FREED"],
};
