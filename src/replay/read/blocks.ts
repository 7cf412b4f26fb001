/**
 * Makes the blocks of a compact trace from records that come in batches of any size.
 *
 * Invariants
 *   W1  Blocks are filled to the brim, so that the file does not depend on how the records arrived.
 *   W2  But the two records of a range are in one block: readers hand out block by block.
 */
import { RECORDS_MAX } from "../../../assembly/abi/read.js";
import { RecordType } from "../../../assembly/abi/replay.js";
import type { TraceCalls } from "../../core/traces.js";
import { Arena } from "./arena.js";
import type { PackedFile } from "./pack.js";

export class BlockWriter {
  records = 0;
  /** Loads, stores and modifies. */
  accesses = 0;
  /** Of the compact form. */
  bytes = 0;
  readonly #arena: Arena;
  #filled = 0;
  /** The next record is the end of a range, whatever its type looks like. */
  #isRangeOpen = false;

  constructor(
    calls: TraceCalls,
    readonly file: PackedFile,
    readonly dataOnly: boolean,
  ) {
    this.#arena = new Arena(calls);
  }

  begin(): Promise<void> {
    return this.#write(this.#arena.calls.writeHeader(this.#arena.base));
  }

  /** Takes `count` records at byte address `at` of the shared memory. */
  async add(at: number, count: number): Promise<void> {
    for (let from = 0; from < count; ) {
      const taken = Math.min(count - from, RECORDS_MAX - this.#filled);
      const target = this.#arena.records + 8 * this.#filled;
      this.#arena.bytes.copyWithin(target, at + 8 * from, at + 8 * (from + taken));
      from += taken;
      this.#filled += this.#sift(target, taken);
      if (this.#filled === RECORDS_MAX) await this.#block();
    }
  }

  async finish(): Promise<void> {
    this.#isRangeOpen = false;
    if (this.#filled > 0) await this.#block();
    await this.#write(this.#arena.calls.writeEnd(this.#arena.base));
  }

  /** Counts what is there; without fetches, moves the others together. Returns how many are left. */
  #sift(at: number, count: number): number {
    const { bytes } = this.#arena;
    let kept = 0;
    for (let record = 0; record < count; record++) {
      const type = bytes[at + 8 * record + 7] as number;
      const isEnd = this.#isRangeOpen;
      this.#isRangeOpen = !isEnd && type === RecordType.INVALIDATE_RANGE;
      if (!isEnd && type > RecordType.FETCH && type < RecordType.FLUSH_ALL) this.accesses++;
      if (this.dataOnly && !isEnd && type === RecordType.FETCH) continue;
      if (kept < record) bytes.copyWithin(at + 8 * kept, at + 8 * record, at + 8 * record + 8);
      kept++;
    }
    return kept;
  }

  async #block(): Promise<void> {
    // The first half of a range waits for the second.
    const count = this.#isRangeOpen ? this.#filled - 1 : this.#filled;
    const length = this.#arena.calls.writeBlock(this.#arena.base, count);
    this.records += count;
    await this.#write(length);
    const { bytes, records } = this.#arena;
    if (count < this.#filled) bytes.copyWithin(records, records + 8 * count, records + 8 * this.#filled);
    this.#filled -= count;
  }

  async #write(length: number): Promise<void> {
    this.bytes += length;
    // A copy: the file may still be busy with it when the next block is made.
    await this.file.write(this.#arena.inputFrom(0, length).slice());
  }
}
