import type { CallStep, Scenario } from "./scenario.js";
import { anon, at } from "./words.js";

const unmapPage = (page: number): CallStep => ({
  call: "munmap",
  args: { start: at(1) + page, end: at(1) + page + 1 },
});

export const execSwitch: Scenario = {
  name: "exec-switch",
  aliases: [],
  title: "an interrupt between taking an mm and loading it",
  bug: "B25",
  commits: ["d53c3dfb23c4"],
  kernels: "up to 5.9",
  vulnerable: "7.1~d53c3dfb23c4",
  fixed: "7.1",
  editions: ["7.1~d53c3dfb23c4", "7.1"],
  known:
    "the sibling's text [T: 38cf307c1f20] and the aim of d53c3dfb23c4 [M]. A second thread of the mm stands for " +
    "whoever flushes it; Linux's x86 keeps interrupts off in switch_mm, and its handler stands for that of " +
    "powerpc.",
  story:
    "CPU1 is about to run A: it is in A's mask and has not loaded A. A flush interrupt for A finds another mm " +
    "loaded and takes the CPU out of the mask. Then CPU1 loads A and fills its TLB. The next flush of A asks the " +
    "mask, passes CPU1 by, and the page is freed under it.",
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "B"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: anon(1, 2) }],
  cases: [
    {
      name: "exec",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [unmapPage(0), unmapPage(1)] },
        { name: "B1", cpu: 1, mm: "B", calls: [{ call: "exec", args: { mm: 0 } }] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "RIGHTS_OUTLIVE_CALL", "STALE_WALK"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED"],
};
