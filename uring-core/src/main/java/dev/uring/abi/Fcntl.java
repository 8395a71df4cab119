package dev.uring.abi;

/**
 * Numbers of {@code <fcntl.h>}, {@code <linux/openat2.h>} and {@code <linux/stat.h>}, under the
 * names the headers use. Three of the {@code O_*} flags differ between x86_64 and aarch64.
 */
public final class Fcntl {
  // The two families of numbers: aarch64 kept those of 32-bit ARM, x86_64 took the generic ones.
  private static final boolean IS_ARM = "aarch64".equals(System.getProperty("os.arch"));

  private Fcntl() {}

  /** fcntl: a second descriptor, closed on exec. */
  public static final int F_DUPFD_CLOEXEC = 1030;

  /** fcntl: set the flags of the open file. */
  public static final int F_SETFL = 4;

  /** flock: for one holder alone. */
  public static final int LOCK_EX = 2;

  /** flock: do not wait. */
  public static final int LOCK_NB = 4;

  /** A relative path begins at the working directory. */
  public static final int AT_FDCWD = -100;

  /** unlinkat: remove a directory, as {@code rmdir(2)}. */
  public static final int AT_REMOVEDIR = 0x200;

  /** statx: do not follow a symbolic link at the end of the path. */
  public static final int AT_SYMLINK_NOFOLLOW = 0x100;

  /** statx: an empty path means the descriptor itself. */
  public static final int AT_EMPTY_PATH = 0x1000;

  /** open: reading only. */
  public static final int O_RDONLY = 0;

  /** open: writing only. */
  public static final int O_WRONLY = 1;

  /** open: both. */
  public static final int O_RDWR = 2;

  /** open: make the file if there is none. */
  public static final int O_CREAT = 0x40;

  /** open: fail if there is one. */
  public static final int O_EXCL = 0x80;

  /** open: empty the file. */
  public static final int O_TRUNC = 0x200;

  /** open: every write goes to the end. */
  public static final int O_APPEND = 0x400;

  /** open: reads and writes that would wait are refused with EAGAIN instead. */
  public static final int O_NONBLOCK = 0x800;

  /** open: closed on exec. */
  public static final int O_CLOEXEC = 0x80000;

  /** open: every write reaches the medium before it is answered, as with {@code fdatasync(2)}. */
  public static final int O_DSYNC = 0x1000;

  /** open: bypass the page cache. */
  public static final int O_DIRECT = IS_ARM ? 0x10000 : 0x4000;

  /** open: fail unless it is a directory. */
  public static final int O_DIRECTORY = IS_ARM ? 0x4000 : 0x10000;

  /** open: fail if the path ends in a symbolic link. */
  public static final int O_NOFOLLOW = IS_ARM ? 0x8000 : 0x20000;

  /** open: hold the place of a file without opening it. */
  public static final int O_PATH = 0x200000;

  /** openat2: no step of the path may leave the directory it begins at. */
  public static final int RESOLVE_BENEATH = 0x08;

  /** openat2: refuse the links of {@code /proc} that lead anywhere. */
  public static final int RESOLVE_NO_MAGICLINKS = 0x02;

  /** statx: the fields that {@code stat(2)} has. */
  public static final int STATX_BASIC_STATS = 0x7ff;

  /** statx: the alignments direct I/O needs; since 6.1. */
  public static final int STATX_DIOALIGN = 0x2000;

  /** Mode bits that hold the type. */
  public static final int S_IFMT = 0xF000;

  /** Type: directory. */
  public static final int S_IFDIR = 0x4000;

  /** Type: regular file. */
  public static final int S_IFREG = 0x8000;

  /** Type: block device. */
  public static final int S_IFBLK = 0x6000;

  /** Type: pipe with a name. */
  public static final int S_IFIFO = 0x1000;

  /** Type: symbolic link. */
  public static final int S_IFLNK = 0xA000;
}
