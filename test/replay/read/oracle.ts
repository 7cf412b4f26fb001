/** The compact form decoded from the text of docs/traces.md alone: slowly, with BigInt, without a line of the core. */

const BITS64 = (1n << 64n) - 1n;
const ADDRESS = (1n << 48n) - 1n;
const BY_PLACE = 0x9e3779b97f4a7c15n;
const BY_COUNT = 0xc2b2ae3d27d4eb4fn;

interface Slot {
  expected: bigint;
  other: bigint;
  address: bigint;
  stride: bigint;
}

class Stream {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get isEmpty(): boolean {
    return this.#at === this.bytes.length;
  }

  byte(): number {
    return this.bytes.readUInt8(this.#at++);
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  distance(): bigint {
    const folded = this.varint();
    return (folded & 1n) === 0n ? folded >> 1n : -((folded + 1n) >> 1n);
  }
}

class Predictor {
  pc = 0n;
  since = 0;
  last = 0n;
  before = 0n;
  readonly #slots = new Map<bigint, Slot>();

  get isFar(): boolean {
    return this.since >= 8;
  }

  slot(): Slot {
    const number = this.isFar
      ? (((this.last * 31n + this.before) * BY_PLACE + 99n * BY_COUNT) & BITS64) >> 49n
      : ((((this.pc * BY_PLACE) & BITS64) >> 49n) + BigInt(this.since) * 20507n) % 32768n;
    const found = this.#slots.get(number) ?? { expected: 0n, other: 0n, address: 0n, stride: 0n };
    this.#slots.set(number, found);
    return found;
  }

  /** What holds of the next record. */
  foreseen(): bigint {
    const slot = this.slot();
    if (this.isFar || slot.expected >> 56n === 0n) return slot.expected;
    slot.address = (slot.address + slot.stride) & ADDRESS;
    return slot.expected | slot.address;
  }

  /** A record that did not hold. */
  correct(record: bigint): void {
    const slot = this.slot();
    const isNearAccess = !this.isFar && record >> 56n !== 0n;
    const now = isNearAccess ? record & ~ADDRESS : record;
    if (slot.expected !== now) {
      slot.other = slot.expected;
      slot.expected = now;
    }
    if (!isNearAccess) return;
    slot.stride = slot.address === 0n ? 0n : (record & ADDRESS) - slot.address;
    slot.address = record & ADDRESS;
  }

  advance(record: bigint): void {
    if (record >> 56n === 0n) {
      this.pc = record & ADDRESS;
      this.since = 0;
      return;
    }
    this.before = this.last;
    this.last = record & ADDRESS;
    this.since++;
  }
}

function literal(predictor: Predictor, kind: number, meta: Stream, fetches: Stream, addresses: Stream): bigint {
  const slot = predictor.slot();
  if (kind === 0 || kind === 5) return slot.other;
  if (kind === 1) return (BigInt(meta.byte()) << 48n) | ((predictor.pc + fetches.distance()) & ADDRESS);
  let head = kind === 2 ? slot.expected : slot.other;
  if (kind === 4) head = (BigInt(meta.byte()) << 56n) | (BigInt(meta.byte()) << 48n);
  const base = predictor.isFar || slot.address === 0n ? predictor.last : slot.address;
  return (head & ~ADDRESS) | ((base + addresses.distance()) & ADDRESS);
}

export function decodeByTheBook(file: Buffer): bigint[] {
  const predictor = new Predictor();
  const records: bigint[] = [];
  const take = (record: bigint): void => {
    records.push(record);
    predictor.advance(record);
  };
  for (let at = 16; file.readUInt32LE(at) !== 0; ) {
    const end = records.length + file.readUInt32LE(at);
    const lengths = [4, 8, 12, 16].map((field) => file.readUInt32LE(at + field));
    at += 24;
    const [control, meta, fetches, addresses] = lengths.map((length) => {
      at += length;
      return new Stream(file.subarray(at - length, at));
    }) as [Stream, Stream, Stream, Stream];
    while (!control.isEmpty) {
      const byte = control.byte();
      let foreseen = BigInt(byte >> 3);
      if (foreseen === 31n) foreseen += control.varint();
      for (; foreseen > 0n; foreseen--) take(predictor.foreseen());
      const record = literal(predictor, byte & 7, meta, fetches, addresses);
      predictor.correct(record);
      take(record);
    }
    while (records.length < end) take(predictor.foreseen());
  }
  return records;
}
