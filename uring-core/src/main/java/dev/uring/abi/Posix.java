package dev.uring.abi;

/**
 * Numbers of {@code <sys/mman.h>}, {@code <sys/resource.h>}, {@code <sys/eventfd.h>} and
 * {@code <unistd.h>}, under the names the headers use. The same on x86_64 and aarch64.
 */
public final class Posix {

  private Posix() {}

  /** mmap: pages may be read. */
  public static final int PROT_READ = 1;

  /** mmap: pages may be written. */
  public static final int PROT_WRITE = 2;

  /** mmap: writes reach the other mappings of the object. */
  public static final int MAP_SHARED = 1;

  /** mmap: writes stay private. */
  public static final int MAP_PRIVATE = 2;

  /** mmap: memory without a file. */
  public static final int MAP_ANONYMOUS = 0x20;

  /** mmap: no swap reserved; pages are counted when touched. */
  public static final int MAP_NORESERVE = 0x4000;

  /** mmap: pages are made present at once. */
  public static final int MAP_POPULATE = 0x8000;

  /** rlimit: open descriptors. */
  public static final int RLIMIT_NOFILE = 7;

  /** rlimit: locked memory, bytes. */
  public static final int RLIMIT_MEMLOCK = 8;

  /** rlimit value: no limit ({@code ~0UL}). */
  public static final long RLIM_INFINITY = -1L;

  /** eventfd: non-blocking. */
  public static final int EFD_NONBLOCK = 0x800;

  /** eventfd: closed on exec. */
  public static final int EFD_CLOEXEC = 0x80000;

  /** sysconf: bytes per page. */
  public static final int SC_PAGESIZE = 30;
}
