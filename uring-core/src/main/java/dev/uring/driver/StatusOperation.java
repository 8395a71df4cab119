package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.buffer.Block;
import java.lang.foreign.ValueLayout;

/**
 * Asks what is known about a file. The getters are for {@link #told}, and mean something there when
 * its errno is 0.
 */
public abstract class StatusOperation extends FileOperation {
  // Holds the path and, in front of it, what the kernel fills in at the end. Not the operation's
  // description, which the driver gives back before the answer is heard.
  Block facts;

  /** For subclasses. */
  protected StatusOperation() {}

  /**
   * Hears the answer.
   *
   * @param errno 0, or the positive error number
   */
  protected abstract void told(int errno);

  @Override
  protected final void answered(int result) {
    try {
      told(-result);
    } finally {
      facts.release();
      facts = null;
    }
  }

  /**
   * Type and permissions.
   *
   * @return {@code stx_mode}
   */
  protected final int mode() {
    return Short.toUnsignedInt(
        facts.memory().get(ValueLayout.JAVA_SHORT, facts.offset() + Layouts.STATX_MODE));
  }

  /**
   * The size.
   *
   * @return bytes
   */
  protected final long sizeBytes() {
    return longAt(Layouts.STATX_SIZE);
  }

  /**
   * What the file takes on its device.
   *
   * @return blocks of 512 bytes
   */
  protected final long blocksCount() {
    return longAt(Layouts.STATX_BLOCKS);
  }

  /**
   * Names the file has.
   *
   * @return a count
   */
  protected final int linksCount() {
    return intAt(Layouts.STATX_NLINK);
  }

  /**
   * Number of the file on its file system.
   *
   * @return the inode
   */
  protected final long inode() {
    return longAt(Layouts.STATX_INO);
  }

  /**
   * Owning user.
   *
   * @return the user id
   */
  protected final int userId() {
    return intAt(Layouts.STATX_UID);
  }

  /**
   * Owning group.
   *
   * @return the group id
   */
  protected final int groupId() {
    return intAt(Layouts.STATX_GID);
  }

  /**
   * When the content last changed.
   *
   * @return seconds since 1970
   */
  protected final long modifiedSeconds() {
    return longAt(Layouts.STATX_MTIME_SEC);
  }

  /**
   * The fraction of {@link #modifiedSeconds}.
   *
   * @return nanoseconds
   */
  protected final int modifiedNanos() {
    return intAt(Layouts.STATX_MTIME_NSEC);
  }

  /**
   * When the content was last read, as far as the file system notes it.
   *
   * @return seconds since 1970
   */
  protected final long accessedSeconds() {
    return longAt(Layouts.STATX_ATIME_SEC);
  }

  /**
   * The fraction of {@link #accessedSeconds}.
   *
   * @return nanoseconds
   */
  protected final int accessedNanos() {
    return intAt(Layouts.STATX_ATIME_NSEC);
  }

  /**
   * Which facts the kernel knew.
   *
   * @return {@code STATX_*} bits
   */
  protected final int knownMask() {
    return intAt(Layouts.STATX_MASK);
  }

  /**
   * What memory addresses of direct I/O must be multiples of.
   *
   * @return bytes; 0 when the file cannot do direct I/O
   */
  protected final int directMemoryAlignment() {
    return intAt(Layouts.STATX_DIO_MEM_ALIGN);
  }

  /**
   * What positions and lengths of direct I/O must be multiples of.
   *
   * @return bytes; 0 when the file cannot do direct I/O
   */
  protected final int directPositionAlignment() {
    return intAt(Layouts.STATX_DIO_OFFSET_ALIGN);
  }

  private int intAt(int field) {
    return facts.memory().get(ValueLayout.JAVA_INT, facts.offset() + field);
  }

  private long longAt(int field) {
    return facts.memory().get(ValueLayout.JAVA_LONG, facts.offset() + field);
  }
}
