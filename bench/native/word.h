/* Words, records and page tables: assembly/word.ts, assembly/hw/tables.ts and assembly/hw/frames.ts, line by line. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h" /* enums of assembly/abi, copied by bench/native.ts */

typedef uint32_t u32;
typedef uint64_t u64;

static u32 *memory;

static inline u32 get(u32 word) { return memory[word]; }
static inline void put(u32 word, u32 value) { memory[word] = value; }
static inline void add(u32 word, u32 amount) { memory[word] += amount; }
static inline u64 getLong(u32 word) {
  u64 value;
  memcpy(&value, memory + word, 8);
  return value;
}
static inline void putLong(u32 word, u64 value) { memcpy(memory + word, &value, 8); }
static inline void clear(u32 word, u32 words) { memset(memory + word, 0, (size_t)words * 4); }
static inline u32 boot(u32 field) { return get(Area_BOOT + field); }
static inline u32 base(u32 field) { return get(Area_BASE + field); }

static u32 stateBase, globalsBase, cpuBase, mmBase, fileBase, fileWords, vmaBase, frameBase, restBase;
static u32 tableBase, tableWords, taskBase, gatherBase, gatherWords, obligationBase, codeBase, scriptBase;
static u32 cpus, tasks, vmas, levels, shifts[8];
static u32 currentAgent, currentPc;

/* Not static, so that the compiler cannot know that they stay as they are: the core asks them at run time too. */
bool tracing, concrete;

/* What the core does here when tracing is on is not ported; that it asks is. */
static void event(u32 kind, u32 cpu, u32 mm, u64 start, u64 end, u32 frame, u32 extra) {
  if (!tracing) return;
  fprintf(stderr, "event %u %u %u %llu %llu %u %u: tracing is not ported\n", kind, cpu, mm, (unsigned long long)start,
          (unsigned long long)end, frame, extra);
  exit(1);
}

static void cacheBases(void) {
  stateBase = base(Base_STATE), globalsBase = stateBase + Tally_WORDS, cpuBase = base(Base_CPU);
  mmBase = base(Base_MM), fileBase = base(Base_FILE), fileWords = base(Base_FILE_WORDS), vmaBase = base(Base_VMA);
  frameBase = base(Base_FRAME), restBase = base(Base_REST);
  tableBase = base(Base_TABLE), tableWords = base(Base_TABLE_WORDS);
  taskBase = base(Base_TASK), gatherBase = base(Base_GATHER), gatherWords = base(Base_GATHER_WORDS);
  obligationBase = base(Base_OBLIGATION), codeBase = base(Base_CODE), scriptBase = base(Base_SCRIPT);
  concrete = boot(Boot_CONCRETE) != 0, tracing = getenv("SHOOTDOWN_TRACE") != NULL;
  cpus = boot(Boot_CPUS), tasks = boot(Boot_TASKS), vmas = boot(Boot_VMAS), levels = boot(Boot_LEVELS);
  for (u32 level = 0; level < levels; level++) shifts[level + 1] = shifts[level] + boot(Boot_BITS_0 + level);
}

static inline u32 tally(u32 field) { return stateBase + field; }
static inline u32 globalWord(u32 field) { return globalsBase + field; }
static inline u32 cpuAt(u32 index) { return cpuBase + index * Cpu_WORDS; }
static inline u32 mmAt(u32 index) { return mmBase + index * Mm_WORDS; }
static inline u32 fileAt(u32 index) { return fileBase + index * fileWords; }
static inline u32 vmaAt(u32 index) { return vmaBase + index * Vma_WORDS; }
static inline u32 frameAt(u32 frame) { return frameBase + frame * Frame_WORDS; }
static inline u32 restAt(u32 frame) { return restBase + frame * Rest_WORDS; }
static inline u32 kindOf(u32 frame) { return get(frameAt(frame) + Frame_USE) >> USE_SHIFT; }
static inline u32 ownerOf(u32 frame) {
  u32 use = get(frameAt(frame) + Frame_USE);
  return use >> USE_SHIFT == Kind_FREE ? 0 : use & USE_MASK;
}
static inline u32 tableAt(u32 frame) { return tableBase + (frame - 1) * tableWords; }
static inline u32 taskAt(u32 index) { return taskBase + index * Task_WORDS; }
static inline u32 taskNumber(u32 task) { return (task - taskBase) / Task_WORDS + 1; }
static inline u32 gatherOf(u32 task) { return gatherBase + (task - taskBase) / Task_WORDS * gatherWords; }
static inline u32 obligationAt(u32 index) { return obligationBase + index * Obligation_WORDS; }
static inline u64 reg(u32 task, u32 r) { return getLong(task + Task_REGISTER + (r << 1)); }
static inline void setReg(u32 task, u32 r, u64 value) { putLong(task + Task_REGISTER + (r << 1), value); }
static inline u32 regWord(u32 task, u32 r) { return get(task + Task_REGISTER + (r << 1)); }

static inline u64 pagesOf(u32 level) { return (u64)1 << shifts[level]; }
static inline u32 entriesOf(u32 level) { return 1u << boot(Boot_BITS_0 + level); }
static inline u32 indexOf(u64 vpn, u32 level) { return (u32)(vpn >> shifts[level]) & (entriesOf(level) - 1); }
static inline u64 spaceEnd(void) { return pagesOf(levels); }
static inline u64 alignDown(u64 vpn, u32 level) { return vpn & ~(pagesOf(level) - 1); }
static inline u64 alignUp(u64 vpn, u32 level) { return alignDown(vpn + pagesOf(level) - 1, level); }
static inline bool isTableEntry(u32 entry) { return (entry & (Entry_PRESENT | Entry_LEAF)) == Entry_PRESENT; }
static inline u32 frameOf(u32 entry) { return entry >> Entry_SHIFT; }

static u32 slotTable;

static u32 slotOf(u32 pgd, u64 vpn, u32 level) {
  u32 table = pgd, at = levels - 1;
  slotTable = 0;
  if (table == 0) return 0;
  for (; at > level; at--) {
    u32 entry = get(tableAt(table) + indexOf(vpn, at));
    if (!isTableEntry(entry)) return 0;
    table = frameOf(entry);
  }
  slotTable = table;
  return tableAt(table) + indexOf(vpn, level);
}

static void writeEntry(u32 slot, u32 entry) {
  u32 old = get(slot);
  if (isTableEntry(old)) add(restAt(frameOf(old)) + Rest_PARENTS, -1);
  if (isTableEntry(entry)) add(restAt(frameOf(entry)) + Rest_PARENTS, 1);
  put(slot, entry);
}

static u32 poolOf(u32 frame) {
  u32 first = 1 + boot(Boot_TABLE_FRAMES);
  if (frame >= first + boot(Boot_BASE_FRAMES)) return 2;
  return frame >= first ? 1 : 0;
}

static void release(u32 frame) {
  u32 record = frameAt(frame), pool = poolOf(frame), policy = boot(Boot_REUSE);
  u32 head = globalWord(Globals_FREE_TABLE + pool), tail = globalWord(Globals_TAIL_TABLE + pool);
  add(record + Frame_GENERATION, 1);
  put(record + Frame_REFERENCES, 0), put(record + Frame_MAPS, 0);
  put(restAt(frame) + Rest_LOCK, 0), put(restAt(frame) + Rest_SHARE, 0);
  if (pool == 0 && !concrete) clear(tableAt(frame), tableWords);
  add(tally(pool == 0 ? Tally_TABLES_FREED : Tally_PAGES_FREED), 1);
  put(record + Frame_USE, policy == 0 ? get(head) : 0);
  if (policy == 0) {
    if (get(head) == 0) put(tail, frame);
    put(head, frame);
  } else if (policy == 1) {
    if (get(tail) == 0) put(head, frame);
    else put(frameAt(get(tail)) + Frame_USE, frame);
    put(tail, frame);
  }
}

static u32 liveEntries(u32 frame) {
  u32 table = tableAt(frame), live = 0;
  for (u32 i = 0; i < tableWords; i++) live += get(table + i) & Entry_PRESENT;
  return live;
}
