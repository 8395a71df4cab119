package dev.uring.file;

import dev.uring.abi.Fcntl;

/**
 * How a file is opened. Immutable; each method returns a copy with one thing more.
 *
 * <pre>{@code
 * OpenOptions.forReading().direct().registered()
 * OpenOptions.forWriting().create().permissions(0640)
 * }</pre>
 *
 * <h2>Source</h2>
 *
 * openat2(2), since kernel 5.6. Every file is opened with O_CLOEXEC.
 */
public final class OpenOptions {
  /** Permissions of a file that is made, before the process's umask: {@code rw-rw-rw-}. */
  public static final int PERMISSIONS_DEFAULT = 0666;

  private final int flags;
  private final int permissions;
  private final boolean isRegistered;
  private final boolean isOnlyRegular;

  private OpenOptions(int flags, int permissions, boolean isRegistered, boolean isOnlyRegular) {
    this.flags = flags;
    this.permissions = permissions;
    this.isRegistered = isRegistered;
    this.isOnlyRegular = isOnlyRegular;
  }

  /**
   * For reading.
   *
   * @return new options
   */
  public static OpenOptions forReading() {
    return opening(Fcntl.O_RDONLY);
  }

  /**
   * For writing. The file must exist, and keeps its content, unless said otherwise.
   *
   * @return new options
   */
  public static OpenOptions forWriting() {
    return opening(Fcntl.O_WRONLY);
  }

  /**
   * For both.
   *
   * @return new options
   */
  public static OpenOptions forReadingAndWriting() {
    return opening(Fcntl.O_RDWR);
  }

  /**
   * A directory, to open files inside it; see {@link WorkerFiles#openIn}.
   *
   * @return new options
   */
  public static OpenOptions forDirectory() {
    return opening(Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
  }

  /**
   * Makes the file if there is none.
   *
   * @return a copy
   */
  public OpenOptions create() {
    return with(Fcntl.O_CREAT);
  }

  /**
   * Makes the file, and fails if there is one.
   *
   * @return a copy
   */
  public OpenOptions createNew() {
    return with(Fcntl.O_CREAT | Fcntl.O_EXCL);
  }

  /**
   * Empties the file.
   *
   * @return a copy
   */
  public OpenOptions truncate() {
    return with(Fcntl.O_TRUNC);
  }

  /**
   * Bypasses the page cache: bytes go between the device and the buffer. Positions, lengths and
   * memory must then be multiples of {@link AsyncFile#positionAlignmentBytes} and
   * {@link AsyncFile#memoryAlignmentBytes}; a {@link FileBuffer} always is.
   *
   * @return a copy
   */
  public OpenOptions direct() {
    return with(Fcntl.O_DIRECT);
  }

  /**
   * Makes every write reach the medium before it is answered.
   *
   * @return a copy
   */
  public OpenOptions synced() {
    return with(Fcntl.O_DSYNC);
  }

  /**
   * Fails if the path ends in a symbolic link.
   *
   * @return a copy
   */
  public OpenOptions noFollow() {
    return with(Fcntl.O_NOFOLLOW);
  }

  /**
   * Registers the file with the worker's ring, which saves the kernel a look-up for each operation
   * and costs two system calls for each file: for files that are kept open and busy. A worker
   * registers at most 1024; the next ones work unregistered.
   *
   * @return a copy
   */
  public OpenOptions registered() {
    return new OpenOptions(flags, permissions, true, isOnlyRegular);
  }

  /**
   * Refuses what is not a regular file, and does so before opening it: for names that somebody else
   * has chosen. To open a FIFO waits until it has a writer, and to open a device can be a command
   * to it. Costs three operations more, needs {@code /proc}, and is of files that exist.
   *
   * @return a copy
   */
  public OpenOptions onlyRegular() {
    return new OpenOptions(flags, permissions, isRegistered, true);
  }

  /**
   * Permissions of the file if it is made, before the process's umask. Default
   * {@link #PERMISSIONS_DEFAULT}.
   *
   * @param bits as of {@code chmod}, such as {@code 0640}
   * @return a copy
   */
  public OpenOptions permissions(int bits) {
    if (bits < 0 || bits > 07777) {
      throw new IllegalArgumentException("permissions=0%o are outside 0..07777".formatted(bits));
    }
    return new OpenOptions(flags, bits, isRegistered, isOnlyRegular);
  }

  int flags() {
    return flags;
  }

  /** The kernel refuses permissions where no file can be made. */
  int permissionsToPass() {
    return creates() ? permissions : 0;
  }

  boolean isDirect() {
    return (flags & Fcntl.O_DIRECT) != 0;
  }

  boolean isRegistered() {
    return isRegistered;
  }

  boolean creates() {
    return (flags & Fcntl.O_CREAT) != 0;
  }

  boolean isOnlyRegular() {
    return isOnlyRegular;
  }

  /** To hold the place of a file without opening it. */
  int flagsToFind() {
    return Fcntl.O_PATH | flags & Fcntl.O_NOFOLLOW;
  }

  /** To open what was found, by a name that is a link to it. */
  int flagsToOpenFound() {
    return flags & ~Fcntl.O_NOFOLLOW;
  }

  private static OpenOptions opening(int flags) {
    return new OpenOptions(flags, PERMISSIONS_DEFAULT, false, false);
  }

  private OpenOptions with(int more) {
    return new OpenOptions(flags | more, permissions, isRegistered, isOnlyRegular);
  }
}
