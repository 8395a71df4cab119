package dev.uring.file;

import dev.uring.abi.Inotify;
import java.util.EnumSet;
import java.util.Set;

/** What can happen to a watched path. Of a directory, most of it is told of its entries. */
public enum FileEventKind {
  /** Read from. */
  ACCESSED(Inotify.IN_ACCESS),
  /** Written to or truncated; once for each write that the kernel did not join with the next. */
  MODIFIED(Inotify.IN_MODIFY),
  /** Permissions, owner, times or links have changed. */
  ATTRIBUTES_CHANGED(Inotify.IN_ATTRIB),
  /** Closed after it was open for writing: the moment to read what somebody wrote. */
  WRITTEN(Inotify.IN_CLOSE_WRITE),
  /** Closed after it was open for reading only. */
  CLOSED(Inotify.IN_CLOSE_NOWRITE),
  /** Opened. */
  OPENED(Inotify.IN_OPEN),
  /** An entry had this name until it was renamed; the new name has the same cookie. */
  MOVED_FROM(Inotify.IN_MOVED_FROM),
  /** An entry has this name since it was renamed; the old name had the same cookie. */
  MOVED_TO(Inotify.IN_MOVED_TO),
  /** An entry was made. */
  CREATED(Inotify.IN_CREATE),
  /** An entry was removed. */
  DELETED(Inotify.IN_DELETE),
  /** What is watched was itself removed. */
  SELF_DELETED(Inotify.IN_DELETE_SELF),
  /** What is watched was itself renamed; it is watched on, under its new name. */
  SELF_MOVED(Inotify.IN_MOVE_SELF),
  /** The file system was unmounted. Told unasked. */
  UNMOUNTED(Inotify.IN_UNMOUNT),
  /**
   * Events were lost: the kernel's queue was full (fs.inotify.max_queued_events, usually 16384).
   * Look at the path anew. Told unasked.
   */
  OVERFLOWED(Inotify.IN_Q_OVERFLOW),
  /** Nothing more will come: the path is gone, or its file system. Told unasked, as the last. */
  WATCH_REMOVED(Inotify.IN_IGNORED);

  /** What changes entries of a directory or the content of a file, without who looks at it. */
  public static final Set<FileEventKind> CHANGES =
      Set.of(CREATED, DELETED, WRITTEN, MOVED_FROM, MOVED_TO, SELF_DELETED, SELF_MOVED);

  private final int mask;

  FileEventKind(int mask) {
    this.mask = mask;
  }

  static int mask(Set<FileEventKind> kinds) {
    int mask = 0;
    for (FileEventKind kind : EnumSet.copyOf(kinds)) {
      mask |= kind.mask;
    }
    return mask & ~(UNMOUNTED.mask | OVERFLOWED.mask | WATCH_REMOVED.mask);
  }

  /** The kind of an event, whose mask has one of our bits. */
  static FileEventKind ofMask(int mask) {
    for (FileEventKind kind : values()) {
      if ((mask & kind.mask) != 0) {
        return kind;
      }
    }
    throw new IllegalStateException("inotify event of an unknown kind, mask=0x%x".formatted(mask));
  }
}
