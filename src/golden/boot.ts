/**
 * The machine that a script is played on: the recording machine's own size, and room for what the script maps.
 *
 * The recordings were made under QEMU's TCG, which has no PCID; 1800 huge pages were free. A freed page is the next one
 * handed out, as on the kernel's free lists.
 */

import type { CoreModule } from "../core/core.js";
import { pagesOf } from "../geometry.js";
import { findBackend } from "../kernel/arch/backends.js";
import type { Edition } from "../kernel/editions.js";
import { Machine } from "../machine.js";
import type { Command } from "./script.js";

export interface PlayOptions {
  readonly edition: Edition;
  readonly module?: CoreModule;
  /** What an InputError names; the scenario's own name by default. */
  readonly source?: string;
}

export const PAGE_BYTES = 4096;
export const HUGE_LEVEL = 1;
/** CPUs of the recording machine: 0 for housekeeping, 1 to 4 for the script. */
export const CPUS = 5;
export const EVENTS_MAX = 1 << 17;
/** Pages that one gather takes on before it must flush: a local batch of 8 and 19 of 510. */
const BATCH_PAGES = 9698;

const countOf = (commands: readonly Command[], ...verbs: string[]): number =>
  commands.filter((command) => verbs.includes(command.verb)).length;

export const hugeBytes = (machine: Machine): number => pagesOf(machine.geometry, HUGE_LEVEL) * PAGE_BYTES;

/** Files of a script, in order of their making: a file's index is its number in the machine. */
export const filesOf = (commands: readonly Command[]): string[] =>
  commands.flatMap((command) => (command.verb === "file" ? [command.file] : []));

/** Boots a machine for these commands. Processes are tasks 0 and up, other threads follow. */
export function bootFor(commands: readonly Command[], options: PlayOptions): Machine {
  const backend = findBackend("x86");
  if (backend === undefined) throw new Error("there is no x86 back-end");
  const sizes = commands.flatMap((command) => ("size" in command ? [command.size] : []));
  return Machine.boot({
    geometry: "x86-64",
    edition: options.edition,
    backend,
    cpus: CPUS,
    mms: Math.max(1, countOf(commands, "proc")),
    tasks: Math.max(1, countOf(commands, "proc", "read", "spin", "park")),
    files: Math.max(1, countOf(commands, "file")),
    filePages: Math.max(1, ...sizes.map((size) => Math.ceil(size / (512 * PAGE_BYTES)))),
    vmas: 8 + 4 * countOf(commands, "mmap", "munmap", "mprotect"),
    tableFrames: 256,
    baseFrames: 4096,
    hugeFrames: 1800,
    obligations: 4096,
    batch: BATCH_PAGES,
    reuse: "immediate",
    pcid: false,
    concrete: true,
    events: EVENTS_MAX,
    ...(options.module === undefined ? {} : { module: options.module }),
  });
}
