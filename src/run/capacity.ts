/**
 * How much room a log needs: measured on a first pass over it, so that the machines are neither too small nor too big.
 *
 * Everything here is an upper bound that is nearly exact; what is left over are a few frames.
 */
import { Frame, Rest, Vma } from "../../assembly/abi/records.js";
import { InputError } from "../error.js";
import type { HugeFiles } from "./files.js";
import { HUGE } from "./pages.js";
import type { Space } from "./space.js";

/** Most of each kind at one time. */
export interface Needs {
  readonly mms: number;
  readonly vmas: number;
  /** Page tables, without the top level of each mm. */
  readonly tables: number;
  readonly basePages: number;
  readonly hugePages: number;
  readonly files: number;
  /** Huge pages of the largest file. */
  readonly filePages: number;
  /** Translations of one mm, and of huge pages over all of them: what can be owed at one time. */
  readonly translations: number;
}

interface Counts {
  vmas: number;
  tables: number;
  basePages: number;
  hugePages: number;
}

const nothing = (): Counts => ({ vmas: 0, tables: 0, basePages: 0, hugePages: 0 });

/** Follows the address spaces and keeps the peaks. */
export class Gauge {
  readonly #known = new Map<Space, Counts>();
  readonly #now = nothing();
  readonly #most = nothing();
  #translations = 0;

  /** Called whenever a space may have changed. */
  see(space: Space): void {
    this.#replace(space, {
      vmas: space.mappings.length,
      tables: space.tables,
      basePages: space.basePages,
      hugePages: space.hugePages / HUGE,
    });
  }

  gone(space: Space): void {
    this.#replace(space, nothing());
    this.#known.delete(space);
  }

  #replace(space: Space, counts: Counts): void {
    const before = this.#known.get(space) ?? nothing();
    for (const kind of ["vmas", "tables", "basePages", "hugePages"] as const) {
      this.#now[kind] += counts[kind] - before[kind];
      this.#most[kind] = Math.max(this.#most[kind], this.#now[kind]);
    }
    this.#translations = Math.max(this.#translations, counts.basePages + counts.tables);
    this.#known.set(space, counts);
  }

  needs(mms: number, files: HugeFiles): Needs {
    const { vmas, tables, basePages, hugePages } = this.#most;
    return {
      mms: Math.max(mms, 1),
      vmas,
      tables,
      basePages,
      hugePages: files.cachedMax,
      files: files.countMax,
      filePages: files.pagesMax,
      translations: this.#translations + hugePages,
    };
  }
}

/** Pages that a gather of the kernel can hold before it must flush: 8 + 19 * 510, up to 6.11. */
const BATCH = 9698;
const OBLIGATIONS_MAX = 1 << 20;
const OBLIGATION_WORDS = 12;
const TABLE_WORDS = 512;
/** A PFN has 24 bits in an entry. */
const FRAMES_MAX = 1 << 24;
const BYTES_MAX = 1.4 * 2 ** 30;

export interface Capacity {
  readonly mms: number;
  readonly vmas: number;
  readonly tableFrames: number;
  readonly baseFrames: number;
  readonly hugeFrames: number;
  readonly files: number;
  readonly filePages: number;
  readonly obligations: number;
  readonly batch: number;
}

/** Throws an InputError when so many machines of this size would take too much memory. */
export function capacityFor(needs: Needs, machines: number, source: string): Capacity {
  const capacity: Capacity = {
    mms: needs.mms,
    vmas: needs.vmas + 8,
    tableFrames: needs.tables + needs.mms + 64,
    baseFrames: needs.basePages + 64,
    hugeFrames: needs.hugePages + 16,
    files: Math.max(needs.files, 1),
    filePages: Math.max(needs.filePages, 1),
    obligations: Math.min(2 * (needs.translations + BATCH), OBLIGATIONS_MAX),
    batch: BATCH,
  };
  const frames = capacity.tableFrames + capacity.baseFrames + capacity.hugeFrames;
  const words =
    frames * (Frame.WORDS + Rest.WORDS) +
    capacity.tableFrames * TABLE_WORDS +
    capacity.vmas * Vma.WORDS +
    capacity.files * capacity.filePages +
    capacity.obligations * OBLIGATION_WORDS;
  const bytes = 4 * words * machines;
  if (bytes <= BYTES_MAX && frames < FRAMES_MAX && needs.mms <= 4096) return capacity;
  const pages = needs.basePages + needs.hugePages;
  const wants = `${needs.mms} address spaces, ${needs.tables} page tables and ${pages} pages`;
  throw new InputError(`simulating it needs ${wants} at one time, ${Math.ceil(bytes / 2 ** 20)} MiB of memory`, {
    source,
    remedy: "choose a touch policy that touches less (first or none), fewer editions, or a shorter log",
  });
}
