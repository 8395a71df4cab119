package dev.uring.abi;

/**
 * Numbers of {@code <sys/inotify.h>}, under the names the headers use. The same on x86_64 and
 * aarch64.
 */
public final class Inotify {

  private Inotify() {}

  /** inotify_init1: reads do not wait. */
  public static final int IN_NONBLOCK = 0x800;

  /** inotify_init1: closed on exec. */
  public static final int IN_CLOEXEC = 0x80000;

  /** Read. */
  public static final int IN_ACCESS = 0x1;

  /** Written or truncated. */
  public static final int IN_MODIFY = 0x2;

  /** Permissions, times, owner, links. */
  public static final int IN_ATTRIB = 0x4;

  /** Closed after it was open for writing. */
  public static final int IN_CLOSE_WRITE = 0x8;

  /** Closed after it was not. */
  public static final int IN_CLOSE_NOWRITE = 0x10;

  /** Opened. */
  public static final int IN_OPEN = 0x20;

  /** An entry had this name before a rename. */
  public static final int IN_MOVED_FROM = 0x40;

  /** An entry has this name after a rename. */
  public static final int IN_MOVED_TO = 0x80;

  /** An entry was made. */
  public static final int IN_CREATE = 0x100;

  /** An entry was removed. */
  public static final int IN_DELETE = 0x200;

  /** What is watched was removed. */
  public static final int IN_DELETE_SELF = 0x400;

  /** What is watched was renamed. */
  public static final int IN_MOVE_SELF = 0x800;

  /** The file system was unmounted. */
  public static final int IN_UNMOUNT = 0x2000;

  /** Events were lost. */
  public static final int IN_Q_OVERFLOW = 0x4000;

  /** The watch is gone. */
  public static final int IN_IGNORED = 0x8000;

  /** The entry is a directory. */
  public static final int IN_ISDIR = 0x4000_0000;
}
