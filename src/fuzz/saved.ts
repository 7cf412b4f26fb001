/**
 * A campaign as bytes: what its core knows (random numbers, corpus, features, signatures), what the host has counted.
 *
 * Layout: a line of JSON, then the words of the regions. Saved at a multiple of a thousand runs, a campaign goes on as
 * if it had not been stopped.
 */
import { CorpusEntry, FuzzWord, SEEN_BYTES, Signature } from "../../assembly/abi/fuzz.js";
import { InputError } from "../error.js";
import type { Arena } from "./arena.js";
import type { Campaign } from "./campaign.js";
import type { FuzzOptions } from "./fuzz.js";

const SCHEMA = "shootdown/campaign@3";
const KEPT = [FuzzWord.RNG, FuzzWord.RNG + 1, FuzzWord.CORPUS, FuzzWord.FEATURES, FuzzWord.SIGNATURES];
const COUNTED = [FuzzWord.BOUNDED, FuzzWord.OVERFLOWED, FuzzWord.REJECTED];

interface Header {
  readonly schema: string;
  /** The calls that inputs name by number, and the lines that signatures name. */
  readonly listings: string;
  readonly options: Campaign["options"];
  readonly runs: number;
  readonly steps: number;
  readonly programs: number;
  readonly words: readonly number[];
  readonly found: Campaign["found"];
}

/** The regions of the core that are kept: corpus, signatures, features. */
function regions(arena: Arena): Uint32Array[] {
  const words = arena.machine.core.words();
  const part = (from: number, length: number): Uint32Array => words.subarray(from, from + length);
  return [
    part(arena.get(FuzzWord.ENTRIES), arena.get(FuzzWord.CORPUS) * CorpusEntry.WORDS),
    part(arena.get(FuzzWord.FINDINGS), arena.get(FuzzWord.SIGNATURES) * Signature.WORDS),
    part(arena.get(FuzzWord.SEEN), SEEN_BYTES / 4),
  ];
}

/** Fingerprint of the ops of all calls: a corpus and its features belong to these. */
function listingsOf(arena: Arena): string {
  let hash = 0xcbf29ce484222325n;
  for (const op of arena.machine.program) {
    for (const value of [op.op, ...op.operands]) hash = BigInt.asUintN(64, (hash ^ BigInt(value)) * 0x100000001b3n);
  }
  return hash.toString(16);
}

export function saveCampaign(campaign: Campaign): Uint8Array {
  const { arena, options, runs, steps, programs, found } = campaign;
  const words = [...KEPT, ...COUNTED].map((field) => arena.get(field));
  const header: Header = { schema: SCHEMA, listings: listingsOf(arena), options, runs, steps, programs, words, found };
  const text = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const parts = regions(arena).map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  const bytes = new Uint8Array(text.length + parts.reduce((sum, part) => sum + part.length, 0));
  bytes.set(text);
  let at = text.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const damaged = (what: string): InputError =>
  new InputError(what, { source: "campaign", remedy: "take another folder, or delete the file to begin anew" });

function headerOf(bytes: Uint8Array): { header: Header; rest: Uint8Array } {
  const end = bytes.indexOf(10);
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(end, 0)))) as Header;
    if (header.schema === SCHEMA) return { header, rest: bytes.slice(end + 1) };
  } catch {
    // Not JSON: said below.
  }
  throw damaged("this is no saved campaign");
}

/** Puts a new campaign where the saved one was. Its parameters must be the same. */
export function restoreCampaign(campaign: Campaign, bytes: Uint8Array): void {
  const { header, rest } = headerOf(bytes);
  const { arena } = campaign;
  for (const [name, value] of Object.entries(campaign.options)) {
    const saved = header.options[name as keyof typeof header.options];
    if (saved !== value) throw damaged(`the saved campaign has ${name} ${saved}, not ${value}`);
  }
  if (header.listings !== listingsOf(arena)) throw damaged("the saved campaign was made with other listings");
  [...KEPT, ...COUNTED].forEach((field, i) => {
    arena.set(field, header.words[i] ?? 0);
  });
  const parts = regions(arena);
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  if (rest.length !== size) throw damaged(`the saved campaign has ${rest.length} bytes after its head, not ${size}`);
  let at = 0;
  for (const part of parts) {
    new Uint8Array(part.buffer, part.byteOffset, part.byteLength).set(rest.subarray(at, at + part.byteLength));
    at += part.byteLength;
  }
  campaign.runs = header.runs;
  campaign.steps = header.steps;
  campaign.programs = header.programs;
  campaign.found.push(...header.found);
}

/** The parameters of a saved campaign, for one that goes on with them. */
export const savedOptions = (bytes: Uint8Array): Campaign["options"] & FuzzOptions => headerOf(bytes).header.options;
