/**
 * The fuzzer's block of shared words, and its regions behind the machine's.
 */
import {
  CALLS_MAX,
  CallEntry,
  CORPUS_MAX,
  CorpusEntry,
  Decoded,
  FuzzWord,
  INPUT_MAX,
  RACE_MAX,
  SEEN_BYTES,
  SETUP_MAX,
  SIGNATURES_MAX,
  Signature,
  Theme,
} from "../abi/fuzz";
import { Base, Boot } from "../abi/layout";
import { reserve } from "../boot";
import { ops, seenAt, setCoverage } from "../ghost/coverage";
import { base, boot, get, stateBase } from "../word";
import { learnSites, siteWords } from "./touched";

export const block: usize = memory.data(48 * 4, 16);

export function word(field: u32): u32 {
  return load<u32>(block + (field << 2));
}

export function setWord(field: u32, value: u32): void {
  store<u32>(block + (field << 2), value);
}

export function count(field: u32, amount: u32): void {
  setWord(field, word(field) + amount);
}

export let table: u32 = 0;
let lists: u32 = 0;
export let lines: u32 = 0;
export let decoded: u32 = 0;
/** Byte addresses. */
export let input: u32 = 0;
export let schedule: u32 = 0;
export let entries: u32 = 0;
export let findings: u32 = 0;
let booted: u32 = 0;
/** What the host has booted the machine with: a program may do without. */
export let pcid: u32 = 0;

/** A list of calls: how many, then their numbers in the table. */
const LIST: u32 = 1 + CALLS_MAX;

/** The calls of a theme, or those that a set-up may make. */
export function listOf(theme: u32, builds: bool): u32 {
  return lists + (2 * theme + (builds ? 1 : 0)) * LIST;
}

/** Entry of the table that `byte` names in a list. */
export function namedIn(list: u32, byte: u32): u32 {
  return table + get(list + 1 + (byte % get(list))) * CallEntry.WORDS;
}

function stateBytes(): u32 {
  return (base(Base.STATE_END) - base(Base.STATE)) << 2;
}

/** Lays out the regions and keeps the present state as the one that every program begins with. False without memory. */
export function fuzzStart(): bool {
  let at = (base(Base.END) + 3) & ~3;
  table = at;
  at += CALLS_MAX * CallEntry.WORDS;
  lists = at;
  at += Theme.COUNT * 2 * LIST;
  lines = at;
  at += (boot(Boot.CODE) + 1) >> 1;
  decoded = at;
  at += (1 + SETUP_MAX + RACE_MAX) * Decoded.WORDS;
  const inputWord = (at + 3) & ~3;
  at = inputWord + (INPUT_MAX >> 2);
  const scheduleWord = at;
  // One more: the runner writes an agent behind the last one that it keeps.
  at += (INPUT_MAX >> 2) + 1;
  const guide = at;
  at += INPUT_MAX >> 2;
  entries = at;
  at += CORPUS_MAX * CorpusEntry.WORDS;
  findings = at;
  at += SIGNATURES_MAX * Signature.WORDS;
  const seen = at;
  at += SEEN_BYTES >> 2;
  const sites = at;
  at += siteWords();
  booted = (at + 3) & ~3;
  at = booted + (stateBytes() >> 2);
  if (!reserve(at)) return false;
  memory.fill(block, 0, FuzzWord.WORDS << 2);
  memory.fill(table << 2, 0, (at - table) << 2);
  input = inputWord << 2;
  schedule = scheduleWord << 2;
  setWord(FuzzWord.TABLE, table);
  setWord(FuzzWord.LISTS, lists);
  setWord(FuzzWord.LINES, lines);
  setWord(FuzzWord.DECODED, decoded);
  setWord(FuzzWord.INPUT, inputWord);
  setWord(FuzzWord.SCHEDULE, scheduleWord);
  setWord(FuzzWord.ENTRIES, entries);
  setWord(FuzzWord.FINDINGS, findings);
  setWord(FuzzWord.SEEN, seen);
  setWord(FuzzWord.END, at);
  setWord(FuzzWord.GUIDE, guide);
  setWord(FuzzWord.OPS, <u32>(ops >> 2));
  setCoverage(seen << 2);
  learnSites(sites);
  memory.copy(booted << 2, stateBase << 2, stateBytes());
  pcid = boot(Boot.PCID);
  return true;
}

export function resetToBoot(): void {
  memory.copy(stateBase << 2, booted << 2, stateBytes());
}

/** Forgets every feature that was seen. */
export function forgetFeatures(): void {
  memory.fill(seenAt, 0, SEEN_BYTES);
  setWord(FuzzWord.FEATURES, 0);
}

/** Word index of the shared block. */
export function fuzzBlock(): u32 {
  return <u32>(block >> 2);
}
