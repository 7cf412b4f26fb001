/* Who can move, and random schedules: assembly/run.ts and assembly/explore/{random,hash}.ts; then the command loop. */

static u64 enabledMask(void) {
  u64 mask = 0, agent = 0;
  for (u32 i = 0; i < tasks; i++) {
    u32 task = taskAt(i), free = available(get(task + Task_WAIT), get(task + Task_WAIT_WRITE) != 0);
    mask |= (u64)(free & (get(task + Task_DONE) == 0)) << agent++;
  }
  for (u32 i = 0; i < cpus; i++)
    mask |= (u64)((get(cpuAt(i) + Cpu_PENDING) != 0) & (get(cpuAt(i) + Cpu_IRQ_OFF) == 0)) << agent++;
  return mask;
}

static bool isFinished(void) {
  for (u32 i = 0; i < tasks; i++) if (get(taskAt(i) + Task_DONE) == 0) return false;
  for (u32 cpu = 0; cpu < cpus; cpu++) if (get(cpuAt(cpu) + Cpu_PENDING) != 0) return false;
  return true;
}

static u64 rng;

static u32 next(void) {
  rng ^= rng >> 12, rng ^= rng << 25, rng ^= rng >> 27;
  return (u32)((rng * 0x2545f4914f6cdd1dull) >> 32);
}

static void seedRng(u64 seed) {
  rng = seed * 0x9e3779b97f4a7c15ull + 0xd1b54a32d192ed03ull;
  next(), next();
}

static u32 below(u32 bound) { return (u32)(((u64)next() * bound) >> 32); }

static u32 nthBit(u64 mask, u32 k) {
  u64 rest = k > 0 ? mask & (mask - 1) : mask;
  rest = k > 1 ? rest & (rest - 1) : rest;
  for (u32 left = 2; left < k; left++) rest &= rest - 1;
  return (u32)__builtin_ctzll(rest);
}

static u32 order[64], changes[16], changeCount, nextChange, lastLength;

static u32 firstChangeAfter(u32 step) {
  u32 first = 0xffffffff;
  for (u32 i = 0; i < changeCount; i++) if (changes[i] > step && changes[i] < first) first = changes[i];
  return first;
}

static void drawPriorities(u32 depth, u32 length) {
  for (u32 i = 0; i < tasks + cpus; i++) {
    u32 j = below(i + 1);
    order[i] = order[j], order[j] = i;
  }
  changeCount = depth > 1 ? (depth - 1 < 16 ? depth - 1 : 16) : 0;
  for (u32 i = 0; i < changeCount; i++) changes[i] = 1 + below(length);
  nextChange = firstChangeAfter(0);
}

static u32 highest(u64 mask) {
  u32 at = 0;
  while (((mask >> order[at]) & 1) == 0) at++;
  return at;
}

static u32 pickPct(u64 mask, u32 step) {
  if (step == nextChange) {
    u32 from = highest(mask), agent = order[from];
    for (; from + 1 < tasks + cpus; from++) order[from] = order[from + 1];
    order[from] = agent;
    nextChange = firstChangeAfter(step);
  }
  return order[highest(mask)];
}

static u32 runOne(u64 seed, u32 depth) {
  uint8_t *bytes = (uint8_t *)(memory + base(Base_SCHEDULE));
  u32 room = boot(Boot_SCHEDULE), stepsMax = get(Area_RUN + Run_STEPS_MAX), stop = get(Area_RUN + Run_STOP_MASK);
  u32 used = 0, steps = 0, status = Status_RUNNING;
  bool hardware = concrete && get(Area_RUN + Run_HARDWARE_AGENTS) != 0;
  memcpy(memory + stateBase, memory + base(Base_INITIAL), (size_t)(base(Base_STATE_END) - stateBase) * 4);
  seedRng(seed);
  if (depth > 0) drawPriorities(depth, lastLength);
  while (status == Status_RUNNING) {
    u64 mask = enabledMask();
    if (mask == 0) {
      status = isFinished() ? Status_FINISHED : Status_DEADLOCKED;
      if (status == Status_DEADLOCKED) violation(Fault_DEADLOCK, 0, 0);
      continue;
    }
    bool single = (mask & (mask - 1)) == 0 && !hardware;
    u32 agent;
    if (hardware) exit(1); /* hardware agents are not ported */
    else if (depth > 0) agent = pickPct(mask, steps + 1);
    else agent = single ? (u32)__builtin_ctzll(mask) : nthBit(mask, below((u32)__builtin_popcountll(mask)));
    if (!single && used < room) bytes[used++] = (uint8_t)agent;
    stepAgent(agent);
    steps++;
    if ((get(tally(Tally_VIOLATIONS)) & stop) != 0) status = Status_STOPPED;
    else if (steps >= stepsMax) status = Status_BOUNDED;
  }
  if (status == Status_FINISHED) lastLength = steps;
  put(Area_RUN + Run_SCHEDULE_LENGTH, used);
  return status;
}

static u64 rotl(u64 x, u32 k) { return x << k | x >> (64 - k); }

static u64 mix(u64 h) {
  h ^= h >> 32, h *= 0xd6e8feb86659fd93ull;
  h ^= h >> 29, h *= 0x9e3779b97f4a7c15ull;
  return h ^ h >> 32;
}

static u64 hashState(void) {
  const u64 m1 = 0x9e3779b97f4a7c15ull, m2 = 0xd6e8feb86659fd93ull;
  u64 a = m1, b = m2;
  u32 at = base(Base_HASHED), end = base(Base_OBLIGATION);
  for (; at + 4 <= end; at += 4) a = rotl((a ^ getLong(at)) * m1, 31), b = rotl((b ^ getLong(at + 2)) * m2, 29);
  for (; at < end; at++) a = rotl((a ^ get(at)) * m1, 31);
  u64 sum = mix(a + mix(b));
  for (u32 i = 0; i < obligationCount(); i++) {
    u64 h = m2;
    for (u32 word = 0; word < Obligation_BIRTH; word++) h = rotl((h ^ get(obligationAt(i) + word)) * m1, 27);
    sum += mix(h);
  }
  return sum;
}

static u64 cpuMicroseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (u64)now.tv_sec * 1000000 + (u64)now.tv_nsec / 1000;
}

/* `check` draws each schedule as if it were alone, and adds up the hashes of the states that they end in. */
static void campaign(bool check, u32 depth, u64 seed, u32 runs) {
  u64 from = cpuMicroseconds(), steps = 0, hashes = 0;
  u32 kinds = 0, seen = 0, veiled = 0;
  lastLength = 64, opsRun = 0;
  for (u32 run = 0; run < runs; run++) {
    if (check) lastLength = 64;
    put(Area_RUN + Run_VIOLATIONS, 0);
    u32 status = runOne(seed + run, depth);
    steps += get(tally(Tally_STEPS));
    kinds |= get(tally(Tally_VIOLATIONS)), seen |= get(tally(Tally_SOMETIMES)), veiled |= get(tally(Tally_HIDDEN));
    if (check) hashes += hashState();
    if (status == Status_STOPPED || status == Status_DEADLOCKED) break;
  }
  u64 spent = cpuMicroseconds() - from;
  printf("%llu %llu %llu %u %u %u %016llx\n", (unsigned long long)spent, (unsigned long long)steps,
         (unsigned long long)opsRun, kinds, seen, veiled, (unsigned long long)hashes);
  fflush(stdout);
}

int main(int argc, char **argv) {
  FILE *image = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (image == NULL || fseek(image, 0, SEEK_END) != 0) return fprintf(stderr, "usage: seed IMAGE\n"), 2;
  long size = ftell(image);
  rewind(image);
  memory = malloc((size_t)size);
  if (memory == NULL || fread(memory, 1, (size_t)size, image) != (size_t)size) return fprintf(stderr, "cut image\n"), 2;
  cacheBases();
  char verb[8];
  unsigned long long seed;
  u32 depth, runs;
  while (scanf("%7s %u %llu %u", verb, &depth, &seed, &runs) == 4) campaign(verb[0] == 'c', depth, seed, runs);
  return 0;
}
