import type { Scenario } from "./scenario.js";
import { anon, at, guestPage, kvmOf } from "./words.js";

export const kvmTruncated: Scenario = {
  name: "kvm-truncated",
  aliases: [],
  title: "a count of unflushed entries loses its upper half",
  bug: "B29(c)",
  commits: ["88bf56d04bc3"],
  kernels: "2.6.37 to 5.10",
  vulnerable: "7.1~88bf56d04bc3",
  fixed: "7.1",
  editions: ["7.1~88bf56d04bc3", "7.1"],
  known: "the diff [T]; since when [M]. The counter starts at 2^32 - 1 instead of being counted up.",
  story:
    "KVM drops an entry while it synchronizes a shadow page, counts it, and leaves the flush to the next " +
    "notifier. The count is a long and is OR-ed into an int: when it is a multiple of 2^32, nothing is left of " +
    "it. The notifier finds no entry for the page, sees no reason to flush, and the page is freed under the vCPU.",
  geometry: "tiny",
  mms: ["A", "S"],
  cpus: ["A", "S", null],
  files: [1],
  setup: [
    { cpu: 0, mm: "A", calls: anon(1, 1) },
    { cpu: 1, mm: "S", calls: [kvmOf(0), guestPage(at(1))] },
  ],
  cases: [
    {
      name: "dontneed",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [{ call: "dontneed", args: { start: at(1), end: at(1) + 1 } }] },
        {
          name: "K1",
          cpu: 2,
          mm: "S",
          calls: [{ call: "kvm-sync-page", args: { start: at(1), value: 2 ** 32 - 1 } }],
        },
      ],
    },
  ],
  always: ["STALE_TRANSLATION"],
  sometimes: ["PAGE_FREED"],
};
