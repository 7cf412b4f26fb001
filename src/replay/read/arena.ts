/**
 * The host's view of a reader's or writer's arena: its words, its input, its records.
 *
 * The memory may grow in a call of whoever shares the module, and then old views are dead: so every access asks for the
 * view again.
 */
import { ArenaPart, INPUT_BYTES, ReadWord } from "../../../assembly/abi/read.js";
import type { TraceCalls } from "../../core/traces.js";

export class Arena {
  readonly base: number;
  /** Byte addresses in the module's memory. */
  readonly input: number;
  readonly records: number;
  readonly inputBytes = INPUT_BYTES;
  #bytes: Uint8Array;
  #words: Uint32Array;

  constructor(readonly calls: TraceCalls) {
    this.base = calls.allocate(calls.arenaAt(ArenaPart.END));
    calls.prepareArena(this.base);
    this.input = this.base + calls.arenaAt(ArenaPart.INPUT);
    this.records = this.base + calls.arenaAt(ArenaPart.RECORDS);
    this.#bytes = new Uint8Array(calls.memory.buffer);
    this.#words = new Uint32Array(calls.memory.buffer);
  }

  get bytes(): Uint8Array {
    this.#renew();
    return this.#bytes;
  }

  word(index: ReadWord): number {
    this.#renew();
    return this.#words[(this.base >>> 2) + index] as number;
  }

  /** Bytes of the input part, as a view. */
  inputFrom(start: number, end: number): Uint8Array {
    return this.bytes.subarray(this.input + start, this.input + end);
  }

  /** Reads from `length` bytes of input, and moves what is left to the front. */
  read(format: number, length: number): { count: number; left: number } {
    const count = this.calls.readTrace(this.base, format, length) >>> 0;
    const consumed = this.word(ReadWord.CONSUMED);
    if (consumed > 0) this.bytes.copyWithin(this.input, this.input + consumed, this.input + length);
    return { count, left: length - consumed };
  }

  #renew(): void {
    const { buffer } = this.calls.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
  }
}
