/* tlbsimd: the "limit" - the same two-level true-LRU TLB (one page size, 64e/4w + 1536e/12w by default shapes below)
 * with
 *   - MTF sets: a set is one vector of 32-bit page keys in recency order; an access is compare, find position p,
 * permute(0..p rotate), store. A miss is p = ways-1 with the new key shifted in - hits and misses are the same
 * instruction sequence, true LRU for free.
 *   - MRU filter: the 16 most-recent keys of the 16 L1 sets live in ONE zmm; 16 accesses are tested with one vpermd +
 * vpcmpeqd. An access equal to its set's MRU key changes no state, so a group whose mask is full is skipped;
 * otherwise the first failing lane is processed and the test is repeated for the lanes behind it.  Exact.
 *   - on L2 miss: 4-level radix walk in simulated memory with the PDE/PDPTE/PML4E caches of tlbref.c (scalar, counts
 * are checked against tlbref). Inputs: A = u64 records (needs VA < 2^44), B = u32 page keys (one per reference), C =
 * run-length page keys (key,count) = same-page runs merged. usage: tlbsimd TRACE [pageshift 12|21|30] [-I] [-r REPS]
 */
#include "common.h"
#include <immintrin.h>
static u64 *mem;
static u64 nframes, cap, nextdata = 1u << 20;
static u64 newframe(void) {
  if (nframes == cap) {
    cap = cap ? cap * 2 : 4096;
    mem = realloc(mem, cap * 4096);
  }
  memset(mem + nframes * 512, 0, 4096);
  return nframes++;
}
static void map(u64 va, int lvl) {
  u64 f = 0;
  for (int l = 3; l > lvl; l--) {
    u64 i = f * 512 + ((va >> (12 + 9 * l)) & 511);
    if (!(mem[i] & 1)) {
      u64 g = newframe();
      mem[i] = g << 12 | 1;
    }
    f = mem[i] >> 12;
  }
  u64 i = f * 512 + ((va >> (12 + 9 * lvl)) & 511);
  if (!(mem[i] & 1))
    mem[i] = nextdata++ << 12 | 1 | (lvl ? 0x80 : 0);
}
static int shift, lvl;
/* state */
static __m512i rot[16]; /* rot[p]: lanes 1..p <- 0..p-1, lanes >p unchanged, lane 0 <- any */
static __m512i l2[128];
static __m128i l1v[16];
static __m512i mru;
static u32 *const l1 = (u32 *)l1v;
static __m128i rot4[16];
static u64 l1m, l2m, wl, sum;
typedef struct {
  u64 tag[4], pte[4];
} S4;
static S4 pde[8], pdp;
static u64 pmlt[2], pmlp[2];
static inline int f4(S4 *s, u64 tag, u64 *pte) {
  for (int i = 0; i < 4; i++)
    if (s->tag[i] == tag) {
      u64 p = s->pte[i];
      for (int j = i; j; j--) {
        s->tag[j] = s->tag[j - 1];
        s->pte[j] = s->pte[j - 1];
      }
      s->tag[0] = tag;
      s->pte[0] = p;
      *pte = p;
      return 1;
    }
  return 0;
}
static inline void i4(S4 *s, u64 tag, u64 p) {
  for (int j = 3; j; j--) {
    s->tag[j] = s->tag[j - 1];
    s->pte[j] = s->pte[j - 1];
  }
  s->tag[0] = tag;
  s->pte[0] = p;
}
static __attribute__((noinline)) void walk(u32 key) {
  u64 a = (u64)key << shift, f = 0;
  int l = 3;
  if (f4(&pde[(a >> 21) & 7], (a >> 21) + 1, &f))
    l = 0;
  else if (f4(&pdp, (a >> 30) + 1, &f))
    l = 1;
  else {
    u64 t = (a >> 39) + 1;
    if (pmlt[0] == t) {
      f = pmlp[0];
      l = 2;
    } else if (pmlt[1] == t) {
      f = pmlp[1];
      pmlt[1] = pmlt[0];
      pmlp[1] = pmlp[0];
      pmlt[0] = t;
      pmlp[0] = f;
      l = 2;
    }
  }
  for (;; l--) {
    u64 x = mem[f * 512 + ((a >> (12 + 9 * l)) & 511)];
    wl++;
    if (l == lvl) {
      sum += x >> 12;
      return;
    }
    f = x >> 12;
    if (l == 1)
      i4(&pde[(a >> 21) & 7], (a >> 21) + 1, f);
    else if (l == 2)
      i4(&pdp, (a >> 30) + 1, f);
    else {
      pmlt[1] = pmlt[0];
      pmlp[1] = pmlp[0];
      pmlt[0] = (a >> 39) + 1;
      pmlp[0] = f;
    }
  }
}
/* keys are stored as key+1 would cost an add; instead invalid lanes hold 0xffffffff (never a key) */
static inline void access_l2(u32 key) {
  __m512i *s = &l2[key & 127];
  __m512i v = *s;
  u32 m = _mm512_cmpeq_epi32_mask(v, _mm512_set1_epi32(key)) & 0xfff;
  u32 p = m ? __builtin_ctz(m) : 11;
  *s = _mm512_mask_set1_epi32(_mm512_permutexvar_epi32(rot[p], v), 1, key);
  if (!m) {
    l2m++;
    walk(key);
  }
}
static inline void access_l1(u32 key) { /* non-MRU access */
  u32 set = key & 15;
  __m128i v = l1v[set];
  u32 m = _mm_cmpeq_epi32_mask(v, _mm_set1_epi32(key));
  l1v[set] = _mm_mask_set1_epi32(_mm_shuffle_epi8(v, rot4[m]), 1, key);
  mru = _mm512_mask_set1_epi32(mru, 1u << set, key);
  if (!m) {
    l1m++;
    access_l2(key);
  }
}
static void reset(void) {
  for (int i = 0; i < 128; i++)
    l2[i] = _mm512_set1_epi32(-1);
  for (int i = 0; i < 16; i++)
    l1v[i] = _mm_set1_epi32(-1);
  mru = _mm512_set1_epi32(-1);
  l1m = l2m = wl = sum = 0;
  memset(pde, 0, sizeof pde);
  memset(&pdp, 0, sizeof pdp);
  memset(pmlt, 0, sizeof pmlt);
  for (int p = 0; p < 16; p++) {
    u32 r[16];
    for (int i = 0; i < 16; i++)
      r[i] = i == 0 ? p : i <= p ? i - 1 : i;
    rot[p] = _mm512_loadu_si512(r);
  }
  for (int m = 0; m < 16; m++) {
    int p = m ? __builtin_ctz(m) : 3;
    u32 r[4];
    for (int i = 0; i < 4; i++) {
      int k = i == 0 ? p : i <= p ? i - 1 : i;
      r[i] = (u32)(k * 4) * 0x01010101u + 0x03020100u;
    }
    rot4[m] = _mm_loadu_si128((void *)r);
  }
}
#define GROUP(kv, live)                                                                                              \
  {                                                                                                                  \
    __m512i k_ = kv;                                                                                                 \
    u32 todo = live;                                                                                                 \
    for (;;) {                                                                                                       \
      u32 bad = _mm512_mask_cmpneq_epi32_mask(todo, _mm512_permutexvar_epi32(k_, mru), k_);                          \
      if (!bad)                                                                                                      \
        break;                                                                                                       \
      u32 i_ = __builtin_ctz(bad);                                                                                   \
      u32 key_ =                                                                                                     \
          (u32)_mm_cvtsi128_si32(_mm512_castsi512_si128(_mm512_permutexvar_epi32(_mm512_set1_epi32(i_), k_)));       \
      access_l1(key_);                                                                                               \
      todo &= ~1u & (u32)(-(2ll << i_)) & 0xffff;                                                                    \
      todo &= (u32)(-(2ll << i_));                                                                                   \
      if (!todo)                                                                                                     \
        break;                                                                                                       \
    }                                                                                                                \
  }
static u64 runA(const u64 *t, size_t n) { /* u64 records incl. straddles */
  size_t i = 0;
  u64 refs = n;
  __m128i sh = _mm_cvtsi32_si128(shift);
  for (; i + 16 <= n; i += 16) {
    __m512i a = _mm512_loadu_si512(t + i), b = _mm512_loadu_si512(t + i + 8),
            am = _mm512_set1_epi64(0xffffffffffffull);
    __m512i a0 = _mm512_and_si512(a, am), b0 = _mm512_and_si512(b, am), one = _mm512_set1_epi64(1),
            sm = _mm512_set1_epi64(255);
    __m512i a1 = _mm512_add_epi64(a0, _mm512_sub_epi64(_mm512_and_si512(_mm512_srli_epi64(a, 48), sm), one)),
            b1 = _mm512_add_epi64(b0, _mm512_sub_epi64(_mm512_and_si512(_mm512_srli_epi64(b, 48), sm), one));
    __m512i p0 = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(_mm512_srl_epi64(a0, sh))),
                                    _mm512_cvtepi64_epi32(_mm512_srl_epi64(b0, sh)), 1);
    __m512i p1 = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(_mm512_srl_epi64(a1, sh))),
                                    _mm512_cvtepi64_epi32(_mm512_srl_epi64(b1, sh)), 1);
    u32 x = _mm512_cmpneq_epi32_mask(p0, p1);
    if (__builtin_expect(!x, 1)) {
      GROUP(p0, 0xffff)
    } else {
      u32 q0[16], q1[16];
      _mm512_storeu_si512(q0, p0);
      _mm512_storeu_si512(q1, p1);
      for (int j = 0; j < 16; j++)
        for (u32 q = q0[j]; q <= q1[j]; q++) {
          if (q != q0[j])
            refs++;
          if (((u32 *)&mru)[q & 15] != q)
            access_l1(q);
        }
    }
  }
  for (; i < n; i++) {
    u64 a = ADDR(t[i]), b = a + SIZE(t[i]) - 1;
    for (u64 q = a >> shift; q <= b >> shift; q++) {
      if (q != a >> shift)
        refs++;
      if (((u32 *)&mru)[q & 15] != (u32)q)
        access_l1(q);
    }
  }
  return refs;
}
static void runB(const u32 *k, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    GROUP(_mm512_loadu_si512(k + i), 0xffff);
  if (i < n) {
    u32 live = (1u << (n - i)) - 1;
    GROUP(_mm512_maskz_loadu_epi32(live, k + i), live)
  }
}
/* plain scalar-driven MTF without the 16-wide filter (what a wasm SIMD128 loop would do per access) */
static void runS(const u32 *k, size_t n) {
  for (size_t i = 0; i < n; i++) {
    u32 q = k[i], set = q & 15;
    if (l1[set * 4] != q) {
      __m128i v = l1v[set];
      u32 m = _mm_cmpeq_epi32_mask(v, _mm_set1_epi32(q));
      l1v[set] = _mm_mask_set1_epi32(_mm_shuffle_epi8(v, rot4[m]), 1, q);
      if (!m) {
        l1m++;
        access_l2(q);
      }
    }
  }
}
static int cmpd(const void *a, const void *b) {
  double x = *(double *)a, y = *(double *)b;
  return x < y ? -1 : x > y;
}
int main(int c, char **v) {
  int withI = 0, reps = 5;
  shift = 12;
  for (int i = 2; i < c; i++) {
    if (!strcmp(v[i], "-I"))
      withI = 1;
    else if (!strcmp(v[i], "-r"))
      reps = atoi(v[++i]);
    else
      shift = atoi(v[i]);
  }
  lvl = (shift - 12) / 9;
  size_t n;
  u64 *t = load_trace(v[1], &n, withI);
  newframe();
  u32 *k = malloc(4 * (2 * n + 16));
  size_t nr = 0;
  for (size_t i = 0; i < n; i++) {
    u64 a = ADDR(t[i]), b = a + SIZE(t[i]) - 1;
    if (b >> 44) {
      fprintf(stderr, "VA too big\n");
      return 1;
    }
    for (u64 q = a >> shift; q <= b >> shift; q++)
      k[nr++] = q;
  }
  for (size_t i = 0; i < nr; i++)
    map((u64)k[i] << shift, lvl);
  u32 *rk = malloc(4 * nr + 64);
  size_t rn = 0;
  for (size_t i = 0; i < nr; i++)
    if (!i || k[i] != k[i - 1])
      rk[rn++] = k[i];
  /* stage-2 strip: 16-set direct-mapped MRU filter; exact for every LRU TLB with >= 16 sets */
  u32 *sk = malloc(4 * nr + 64);
  size_t sn = 0;
  {
    u32 f[16];
    memset(f, 255, 64);
    for (size_t i = 0; i < rn; i++)
      if (f[rk[i] & 15] != rk[i]) {
        f[rk[i] & 15] = rk[i];
        sk[sn++] = rk[i];
      }
  }
  const char *nm[5] = {"A:u64rec", "B:u32key", "S:u32key-noflt", "C:runs", "D:strip16"};
  u64 R[5][4];
  double med[5];
  for (int m = 0; m < 5; m++) {
    double ts[64];
    for (int r = 0; r < reps; r++) {
      reset();
      double a = cpu_now();
      u64 refs = nr;
      if (m == 0)
        refs = runA(t, n);
      else if (m == 1)
        runB(k, nr);
      else if (m == 2)
        runS(k, nr);
      else if (m == 3)
        runS(rk, rn);
      else
        runS(sk, sn);
      ts[r] = cpu_now() - a;
      R[m][0] = refs;
      R[m][1] = l1m;
      R[m][2] = l2m;
      R[m][3] = wl;
    }
    qsort(ts, reps, 8, cmpd);
    med[m] = ts[reps / 2];
  }
  for (int m = 1; m < 5; m++)
    if (memcmp(R[m], R[0], 32))
      fprintf(stderr, "MISMATCH %s %llu %llu %llu %llu\n", nm[m], (unsigned long long)R[m][0],
              (unsigned long long)R[m][1], (unsigned long long)R[m][2], (unsigned long long)R[m][3]);
  printf("{\"trace\":\"%s\",\"shift\":%d,\"acc\":%zu,\"refs\":%llu,\"l1miss\":%llu,\"l2miss\":%llu,\"walkloads_psc\":"
         "%llu,\"runs\":%zu,\"strip16\":%zu",
         v[1], shift, n, (unsigned long long)R[0][0], (unsigned long long)R[0][1], (unsigned long long)R[0][2],
         (unsigned long long)R[0][3], rn, sn);
  for (int m = 0; m < 5; m++)
    printf(",\"%s_Macc_s\":%.0f", nm[m], n / med[m] / 1e6);
  printf("}\n");
  return 0;
}
