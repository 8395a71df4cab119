// The C reference of the file bench: random 4 KiB reads with O_DIRECT on one io_uring, the registered file and registered
// buffers included, as plain as such a program can be.
//
// Usage: file_uring PATH BLOCKS. Prints "@bench READY {json}"; then for each line on stdin one line on stdout:
// RUN depth millis seed -> {"ops":…,"nanos":…,"wrong":…,"histogram":[[nanos,count],…]}; STATS -> {"sqes":…,"enters":…};
// QUIT or the end of input ends it.
#define _GNU_SOURCE
#include "uring.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <time.h>

#define BLOCK_BYTES 4096u
#define DEPTH_MAX 128u
#define SUB_BUCKET_BITS 5u
#define BUCKETS (64u << SUB_BUCKET_BITS)

static struct uring ring;
static char *memory;
static uint64_t blocks, random_state, wrong, ops;
static uint64_t block_of[DEPTH_MAX], asked_at[DEPTH_MAX], histogram[BUCKETS];

static uint64_t now_nanos(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// splitmix64: the content of the file, and the order of the reads.
static uint64_t mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// Log-linear, 32 steps for each power of two: 3 % wide.
static unsigned bucket_of(uint64_t value) {
  if (value < 1u << SUB_BUCKET_BITS) return (unsigned)value;
  unsigned shift = 63u - (unsigned)__builtin_clzll(value) - SUB_BUCKET_BITS;
  return ((shift + 1) << SUB_BUCKET_BITS) + (unsigned)((value >> shift) & ((1u << SUB_BUCKET_BITS) - 1));
}

static uint64_t value_of(unsigned bucket) {
  if (bucket < 1u << SUB_BUCKET_BITS) return bucket;
  unsigned shift = (bucket >> SUB_BUCKET_BITS) - 1;
  return ((uint64_t)(1u << SUB_BUCKET_BITS) + (bucket & ((1u << SUB_BUCKET_BITS) - 1))) << shift;
}

static void ask(unsigned slot, uint64_t now) {
  random_state++;
  block_of[slot] = mixed(random_state) % blocks;
  asked_at[slot] = now;
  struct io_uring_sqe *sqe = uring_sqe(&ring);
  sqe->opcode = IORING_OP_READ_FIXED;
  sqe->flags = IOSQE_FIXED_FILE;
  sqe->fd = 0;
  sqe->off = block_of[slot] * BLOCK_BYTES;
  sqe->addr = (uint64_t)(uintptr_t)(memory + slot * BLOCK_BYTES);
  sqe->len = BLOCK_BYTES;
  sqe->buf_index = 0;
  sqe->user_data = slot;
}

// The first and the last word of the block: a block from elsewhere, or half of one, has others.
static void check(unsigned slot, int result) {
  const uint64_t *words = (const uint64_t *)(memory + slot * BLOCK_BYTES);
  uint64_t first = block_of[slot] * (BLOCK_BYTES / 8);
  if (result != (int)BLOCK_BYTES || words[0] != mixed(first) || words[511] != mixed(first + 511)) wrong++;
}

static void run(unsigned depth, uint64_t millis) {
  memset(histogram, 0, sizeof histogram);
  wrong = ops = 0;
  uint64_t start = now_nanos(), now = start, end = start + millis * 1000000u;
  unsigned under_way = depth;
  for (unsigned slot = 0; slot < depth; slot++) ask(slot, now);
  while (under_way > 0) {
    uring_enter(&ring, 1, NULL);
    now = now_nanos();
    unsigned until = uring_ready_until(&ring);
    while (ring.cq_head != until) {
      struct io_uring_cqe *cqe = &ring.cqes[ring.cq_head++ & ring.cq_mask];
      unsigned slot = (unsigned)cqe->user_data;
      check(slot, cqe->res);
      histogram[bucket_of(now - asked_at[slot])]++;
      ops++;
      if (now < end) ask(slot, now);
      else under_way--;
    }
    uring_reaped(&ring);
  }
  printf("@bench {\"ops\":%llu,\"nanos\":%llu,\"wrong\":%llu,\"histogram\":[", (unsigned long long)ops,
         (unsigned long long)(now_nanos() - start), (unsigned long long)wrong);
  const char *separator = "";
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    if (histogram[bucket] == 0) continue;
    printf("%s[%llu,%llu]", separator, (unsigned long long)value_of(bucket), (unsigned long long)histogram[bucket]);
    separator = ",";
  }
  printf("]}\n");
}

int main(int argc, char **argv) {
  if (argc != 3) fail("usage: file_uring PATH BLOCKS", EINVAL);
  blocks = strtoull(argv[2], NULL, 10);
  int fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (fd < 0) fail("open with O_DIRECT", errno);
  uring_init(&ring, 256);
  memory = map((size_t)DEPTH_MAX * BLOCK_BYTES, -1, 0);
  struct iovec vector = {.iov_base = memory, .iov_len = (size_t)DEPTH_MAX * BLOCK_BYTES};
  if (syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &vector, 1) < 0) fail("register buffers", errno);
  if (syscall(__NR_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1) < 0) fail("register files", errno);
  printf("@bench READY {\"settings\":\"raw io_uring, O_DIRECT, registered file and buffers, SINGLE_ISSUER, DEFER_TASKRUN\"}\n");
  fflush(stdout);
  char line[128];
  while (fgets(line, sizeof line, stdin) && strncmp(line, "QUIT", 4) != 0) {
    unsigned depth;
    unsigned long long millis, seed;
    if (sscanf(line, "RUN %u %llu %llu", &depth, &millis, &seed) == 3 && depth >= 1 && depth <= DEPTH_MAX) {
      random_state = seed << 32;
      run(depth, millis);
    } else if (strncmp(line, "STATS", 5) == 0) {
      printf("@bench {\"sqes\":%llu,\"enters\":%llu}\n", (unsigned long long)ring.sqes_count,
             (unsigned long long)ring.enters_count);
    } else {
      printf("@bench {\"error\":\"not understood\"}\n");
    }
    fflush(stdout);
  }
  return 0;
}
