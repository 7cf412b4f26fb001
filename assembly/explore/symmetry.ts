/**
 * Symmetry: states that differ only in which of several interchangeable CPUs or mms is which have one fingerprint.
 *
 * CPUs on which no task of the race runs are interchangeable. What such a CPU is in a state is its column: the words of
 * its record and its TLB, its bit in every mask of CPUs, its part in each obligation. A state's fingerprint is the hash
 * of everything else, and the sum of the mixed hashes of the columns: two states have the same exactly when some
 * permutation of these CPUs makes one of the other.
 * For mms that are interchangeable (twins.ts) this is done for each permutation of them, and what comes out is added
 * up.
 *
 * Protocol
 *   `symmetryStart` when a search begins, at the initial state; `noteTaken` when a state is about to be expanded; while
 *   a successor is undone, `noteSuccessor`, `noteChange` for each word, `symmetricKey`.
 *
 * Invariants
 *   Z1  A column is one CPU's alone: no word of one names another of these CPUs, and no two obligations are alike but
 *       for their holders. A state in which that is not so is pinned: its fingerprint is the ordinary one.
 *   Z2  The core treats these CPUs alike: it goes through masks, and never takes the first of several (a CPU that sends
 *       interrupts runs a task). test/explore/symmetry.test.ts steps permuted states side by side.
 */
import { Base, Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Cpu } from "../abi/records";
import { Obligation, Task } from "../abi/tasks";
import { obligationCount } from "../ghost/lookup";
import { base, boot, cpuAt, cpus, get, obligationAt, stateBase, taskAt, tasks } from "../word";
import { fingerprintOf, keyOfWord, obligationSum, secondKeyOfWord, spread } from "./fingerprint";
import { mix } from "./hash";
import { initialOf, liveCount, liveWord } from "./queue";
import { noteMasks } from "./roles";
import { dropTwin, findTwins, homeOf, Role, roleOf, rolesStart, twinBytes, twinCount, valueBy } from "./twins";

const M1: u64 = 0x9e3779b97f4a7c15;
const M2: u64 = 0xd6e8feb86659fd93;
/** Sums of one permutation: of everything else, then of the column of each CPU. */
const ROW: u32 = 33;

/** CPUs that are interchangeable, a bit set; the first of them. */
let loose: u32 = 0;
let first: u32 = 0;
let using: bool = false;
/** Two CPUs wait for one to serve them; and that was so in an earlier pass of this search. */
let tied: bool = false;
let wasTied: bool = false;
/** Of each word of the state, the CPU + 1 in whose column it is. */
let columnsAt: u32 = 0;
/** Sums of the initial state, of the state that is expanded, of its successor; and words in each that break Z1. */
const initial = <u32>memory.data(24 * 33 * 8);
const taken = <u32>memory.data(24 * 33 * 8);
const sums = <u32>memory.data(24 * 33 * 8);
let pinsInitial: u32 = 0;
let pinsTaken: u32 = 0;
let pins: u32 = 0;
/** Hashes of obligations without the CPUs, to find those that are alike. */
const OBLIGATIONS_MAX: u32 = 64;
const bare = memory.data(64 * 8);
/** Obligations of the successor, as the ordinary fingerprint takes them. */
let obligations: u64 = 0;

export function isSymmetric(): bool {
  return using;
}

/** CPUs that are interchangeable, a bit set. */
export function looseCpus(): u32 {
  return loose;
}

export function symmetryBytes(stateWords: u32): u32 {
  return stateWords + twinBytes(stateWords) + 128;
}

/** A search begins, at its initial state. The memory from `at` on is its own. */
export function symmetryStart(at: u32, asked: bool): void {
  using = false;
  tied = false;
  loose = 0;
  if (!asked) return;
  const words = base(Base.OBLIGATION) - stateBase;
  columnsAt = at;
  memory.fill(columnsAt, 0, words);
  rolesStart((at + words + 63) & ~63, words);
  noteMasks();
  findLoose();
  if (!wasTied) findTwins();
  using = loose != 0 || twinCount() > 1;
  if (!using) return;
  memory.fill(initial, 0, 24 * ROW * 8);
  pins = 0;
  for (let word = base(Base.HASHED); word < base(Base.OBLIGATION); word++) account(initial, word, get(word), 1);
  pinsInitial = pins;
  keepFitting();
  using = loose != 0 || twinCount() > 1;
}

/** A search begins, and nothing is known of it. */
export function forgetTies(): void {
  wasTied = false;
}

/**
 * Which of two waiting CPUs is served first goes by their numbers: then the mms that run on them are not alike, and
 * the search must begin again without exchanging them.
 */
export function mustNotExchange(): bool {
  if (!tied || twinCount() == 1) return false;
  wasTied = true;
  return true;
}

/** No task of the race runs on them. */
function findLoose(): void {
  loose = cpus == 32 ? 0xffffffff : (1 << cpus) - 1;
  for (let task: u32 = 0; task < tasks; task++) loose &= ~(1 << get(taskAt(task) + Task.CPU));
  if (popcnt(loose) < 2) loose = 0;
  first = <u32>ctz(loose);
  const tlbWords = boot(Boot.CONCRETE) != 0 ? base(Base.TLB_WORDS) : 0;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    if (((loose >> cpu) & 1) == 0) continue;
    memory.fill(columnsAt + cpuAt(cpu) - stateBase, <u8>(cpu + 1), Cpu.WORDS);
    memory.fill(columnsAt + base(Base.TLB) + cpu * tlbWords - stateBase, <u8>(cpu + 1), tlbWords);
  }
}

/** The word that stands for `word` of the CPU in every column. */
function likeFirst(word: u32, cpu: u32): u32 {
  return word - (cpu - first) * (word < base(Base.TLB) ? <u32>Cpu.WORDS : base(Base.TLB_WORDS));
}

function rowOf(area: u32, twin: u32): u32 {
  return area + twin * (ROW << 3);
}

function raise(row: u32, column: u32, amount: u64): void {
  store<u64>(row + (column << 3), load<u64>(row + (column << 3)) + amount);
}

/** What a word of this value adds to the sums (`sign` 1), or takes from them (-1). */
function account(area: u32, word: u32, value: u32, sign: u64): void {
  const role = roleOf(word);
  if (value == 0 && role < <u32>Role.CPU) return;
  if (role == Role.OWN) return;
  const column = <u32>load<u8>(columnsAt + word - stateBase);
  const key = column != 0 ? likeFirst(word, column - 1) : word;
  const named = role == Role.CPUS || role == Role.SENDERS ? value & loose : 0;
  if (role == Role.SENDERS && popcnt(value & 0x7fffffff) > 1) tied = true;
  if ((column != 0 && named != 0) || (role == Role.PIN && value != 0)) pins += <u32>sign;
  for (let twin: u32 = 0; twin < twinCount(); twin++) {
    const row = rowOf(area, twin);
    const home = homeOf(twin, key);
    raise(row, column, sign * keyOfWord(home) * spread(seenAs(twin, word, role, value & ~named)));
    let rest = named;
    while (rest != 0) {
      raise(row, <u32>ctz(rest) + 1, sign * secondKeyOfWord(home) * M1);
      rest &= rest - 1;
    }
  }
}

function seenAs(twin: u32, word: u32, role: u32, value: u32): u32 {
  return role == Role.SCRIPT ? value - initialOf(word) : valueBy(twin, role, value);
}

/** Of the permutations of mms, those that leave the initial state what it is. */
function keepFitting(): void {
  memory.copy(sums, initial, twinCount() * (ROW << 3));
  accountOwn();
  const key = keyOf(0);
  let twin: u32 = 1;
  while (twin < twinCount()) {
    if (keyOf(twin) == key) twin++;
    else {
      dropTwin(twin);
      memory.copy(rowOf(initial, twin), rowOf(initial, twinCount()), ROW << 3);
      memory.copy(rowOf(sums, twin), rowOf(sums, twinCount()), ROW << 3);
    }
  }
}

/** The state at hand is about to be expanded: its sums, from the words that ever change. */
export function noteTaken(): void {
  if (!using) return;
  memory.copy(taken, initial, twinCount() * (ROW << 3));
  pins = pinsInitial;
  for (let i: u32 = 0; i < liveCount; i++) {
    const word = liveWord(i);
    if (word >= base(Base.OBLIGATION)) continue;
    const old = initialOf(word);
    const value = get(word);
    if (old == value) continue;
    account(taken, word, old, ~(<u64>0));
    account(taken, word, value, 1);
  }
  pinsTaken = pins;
}

/** A successor of it is at hand, and about to be undone word by word. */
export function noteSuccessor(): void {
  memory.copy(sums, taken, twinCount() * (ROW << 3));
  pins = pinsTaken;
  accountOwn();
  accountObligations();
}

/** One of its words. */
export function noteChange(word: u32, old: u32, value: u32): void {
  if (word >= base(Base.OBLIGATION)) return;
  account(sums, word, old, ~(<u64>0));
  account(sums, word, value, 1);
}

/** Fingerprint of the successor; `plain` is its ordinary sum. */
export function symmetricKey(plain: u64): u64 {
  if (pins != 0) return fingerprintOf(plain + obligations);
  let key: u64 = 0;
  for (let twin: u32 = 0; twin < twinCount(); twin++) key += keyOf(twin);
  return fingerprintOf(key);
}

/** The mm in each task's register: a task that is done has dropped it. */
function accountOwn(): void {
  for (let task: u32 = 0; task < tasks; task++) {
    const word = taskAt(task) + Task.REGISTER + 2 * Reg.MM;
    const role = get(taskAt(task) + Task.DONE) != 0 ? <u32>Role.NOTHING : roleOf(word);
    for (let twin: u32 = 0; twin < twinCount() && roleOf(word) == Role.OWN; twin++) {
      raise(rowOf(sums, twin), 0, keyOfWord(homeOf(twin, word)) * spread(valueBy(twin, role, get(word))));
    }
  }
}

/** Obligations are for all permutations alike: with them, none but those of CPUs are in use. */
function accountObligations(): void {
  const count = obligationCount();
  obligations = obligationSum();
  if (count > OBLIGATIONS_MAX) pins++;
  for (let i: u32 = 0; i < count && i < OBLIGATIONS_MAX; i++) {
    const record = obligationAt(i);
    const hash = withoutCpus(record);
    store<u64>(bare + (i << 3), hash);
    for (let j: u32 = 0; j < i; j++) if (load<u64>(bare + (j << 3)) == hash) pins++;
    const by = get(record + Obligation.BY);
    if (by > tasks && ((loose >> (by - tasks - 1)) & 1) != 0) pins++;
    raise(sums, 0, hash);
    accountHolders(hash, get(record + Obligation.HOLDERS) & loose, get(record + Obligation.ISSUED) & loose);
  }
}

function accountHolders(hash: u64, holders: u32, issued: u32): void {
  let rest = holders | issued;
  while (rest != 0) {
    const cpu = <u32>ctz(rest);
    const part = ((holders >> cpu) & 1) | (((issued >> cpu) & 1) << 1);
    raise(sums, cpu + 1, mix(hash + <u64>part * M1));
    rest &= rest - 1;
  }
}

/** An obligation without the interchangeable CPUs in it. */
function withoutCpus(record: u32): u64 {
  let h: u64 = M2;
  for (let i: u32 = 0; i < <u32>Obligation.BIRTH; i++) {
    const isMask = i == Obligation.HOLDERS || i == Obligation.ISSUED;
    h = rotl<u64>((h ^ <u64>(isMask ? get(record + i) & ~loose : get(record + i))) * M1, 27);
  }
  return mix(h);
}

/** The hash of one permutation of the mms, whatever the interchangeable CPUs are called. */
function keyOf(twin: u32): u64 {
  const row = rowOf(sums, twin);
  let total = load<u64>(row);
  let rest = loose;
  while (rest != 0) {
    total += mix(load<u64>(row + ((<u32>ctz(rest) + 1) << 3)) + M2);
    rest &= rest - 1;
  }
  return mix(total);
}
